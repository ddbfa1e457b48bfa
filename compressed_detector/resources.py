# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where the package's models and parameter files lie, installed or in a checkout."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = 'compressed_detector'


def model_folders() -> list[Path]:
    """Return the folders that hold installed models, the one that wins first."""
    return [share / 'models' for share in _share_folders() if (share / 'models').is_dir()]


def shared_file(relative: str) -> Path | None:
    """Return an installed file such as `config/detector.yaml`; None when there is none."""
    return next((share / relative for share in _share_folders() if (share / relative).is_file()),
                None)


def _share_folders() -> list[Path]:
    """
    Return every place of the package's share folder.

    A colcon workspace announces itself in AMENT_PREFIX_PATH, a pip installation lies under the
    interpreter's prefix, and a checkout carries the folders beside the package.
    """
    prefixes = [Path(p) for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    installed = [prefix / 'share' / PACKAGE for prefix in [*prefixes, Path(sys.prefix)]]
    return [*installed, Path(__file__).resolve().parent.parent]
