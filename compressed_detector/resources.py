# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where models, parameter files and message definitions lie, installed or in a checkout."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = 'compressed_detector'


def model_folders() -> list[Path]:
    """Return the folders that hold installed models, the one that wins first."""
    folders = [*share_folders(PACKAGE), _checkout()]
    return [folder / 'models' for folder in folders if (folder / 'models').is_dir()]


def shared_file(relative: str) -> Path | None:
    """Return an installed file such as `config/detector.yaml`; None when there is none."""
    folders = [*share_folders(PACKAGE), _checkout()]
    return next((folder / relative for folder in folders if (folder / relative).is_file()), None)


def share_folders(package: str) -> list[Path]:
    """
    Return where the share folder of a package may be, the one that wins first.

    A colcon workspace announces itself in AMENT_PREFIX_PATH, which the ROS 2 wheels do without:
    what pip installed lies under the interpreter's prefix.
    """
    prefixes = [Path(p) for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    return [prefix / 'share' / package for prefix in [*prefixes, Path(sys.prefix)]]


def definition_folders(package: str) -> list[Path]:
    """
    Return where the .msg files of a package may be, the one that wins first.

    What the checkout has for machines without a ROS distribution comes last.
    """
    own = [*share_folders(PACKAGE), _checkout()]
    return [
        *(share / 'msg' for share in share_folders(package)),
        *(folder / 'interfaces' / package / 'msg' for folder in own),
    ]


def _checkout() -> Path:
    return Path(__file__).resolve().parent.parent
