# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A folder as the KITTI object benchmark has it, with one frame and a black picture."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

P2 = 'P2: 700 0 600 70 0 700 180 0 0 0 1 0.01\n'
# Car: turned by 30 degrees, 4 m long, 2 m wide, its centre 20 m ahead.
LABELS = f"""\
Car 0.00 0 0.1 500 150 600 260 1.5 2.0 4.0 1.0 1.65 20.0 {math.pi / 6}
Pedestrian 0.00 0 0.1 100 100 140 300 1.8 0.6 0.8 -5.0 1.65 10.0 0.0
Pedestrian 0.30 1 0.1 0 100 40 374 1.8 0.6 0.8 -5.0 1.65 4.0 0.0
Van 0.00 0 0.1 500 150 600 260 1.5 2.0 4.0 1.0 1.65 20.0 0.0
DontCare -1 -1 -10 5 5 9 9 -1 -1 -1 -1000 -1000 -1000 -10
"""


def make_folder(folder: Path, labels: str = LABELS, calibration: str = P2) -> Path:
    """Write the folder and return it."""
    for name in ('image_2', 'label_2', 'calib'):
        (folder / name).mkdir(parents=True)
    cv2.imwrite(str(folder / 'image_2' / '000007.png'), np.zeros((375, 1242, 3), np.uint8))
    (folder / 'label_2' / '000007.txt').write_text(labels, encoding='utf-8')
    (folder / 'calib' / '000007.txt').write_text('P0: 1\n' + calibration, encoding='utf-8')
    return folder
