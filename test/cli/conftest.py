# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What tests of several commands begin with."""

from __future__ import annotations

from pathlib import Path

import pytest
from known_scene import write_known_scene


@pytest.fixture(scope='module')
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bag of which every answer is known."""
    return write_known_scene(tmp_path_factory.mktemp('known') / 'known')
