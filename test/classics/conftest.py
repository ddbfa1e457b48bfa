# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What tests of several experiments share: the work that one has done for the other."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope='session')
def digits_work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of quick experiments on scikit-learn's digits."""
    return tmp_path_factory.mktemp('digits_work')
