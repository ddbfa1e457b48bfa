# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The tiny detector, its manifest, and copies of both that a test may spoil."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_detector import TINY_MODELS, load

from compressed_detector.detection.detector import Detector


@pytest.fixture(scope='session')
def tiny_models() -> Path:
    """Return the folder of tiny_gfl, tiny_gfl_float and tiny_gfl_int8."""
    return TINY_MODELS


@pytest.fixture
def tiny() -> Detector:
    return load(TINY_MODELS / 'tiny_gfl.json')


@pytest.fixture(scope='session')
def tiny_text() -> str:
    """Return the text of a valid manifest."""
    return (TINY_MODELS / 'tiny_gfl.json').read_text(encoding='utf-8')


@pytest.fixture
def copied(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies a tiny model, with changes to its manifest."""

    def copy(name: str = 'tiny_gfl', **changes: Any) -> Path:
        shutil.copy(TINY_MODELS / f'{name}.tflite', tmp_path)
        values = json.loads((TINY_MODELS / f'{name}.json').read_text(encoding='utf-8'))
        for key, value in changes.items():
            if key == 'input':
                values['input'].update(value)
            else:
                values[key] = value
        path = tmp_path / f'{name}.json'
        path.write_text(json.dumps(values), encoding='utf-8')
        return path

    return copy
