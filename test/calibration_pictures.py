# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of noise to calibrate small networks on: as inputs, and as files."""

from pathlib import Path

import cv2
import numpy as np


def pictures(seed: int, count: int, size: int = 32) -> list[np.ndarray]:
    """Noise (1, size, size, 3), float32, whole numbers that span 0 to 255."""
    random = np.random.RandomState(seed)
    samples = [random.randint(0, 256, (1, size, size, 3)) for _ in range(count)]
    samples[0][0, 0, 0], samples[0][0, 0, 1] = 0, 255
    return [sample.astype(np.float32) for sample in samples]


def write_pictures(folder: Path, count: int, size: int = 32) -> Path:
    """Write blurred noise as .png files; return the folder."""
    random = np.random.RandomState(0)
    for index in range(count):
        noise = random.randint(0, 256, (8, 8, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / f'{index}.png'), cv2.resize(noise, (size, size)))
    return folder
