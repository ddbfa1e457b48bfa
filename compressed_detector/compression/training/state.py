# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How far training is, on disk, so that it survives being interrupted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.compression import files, npz
from compressed_detector.errors import CompressionError


@dataclass(frozen=True, eq=False)
class State:
    """The next epoch and batch, the figures of the epochs so far, and every variable."""

    epoch: int
    batch: int
    history: list[dict[str, float]]
    arrays: list[np.ndarray[Any, Any]]


@dataclass(frozen=True)
class StateFile:
    """Where the state of one training is kept; it is replaced whole or not at all."""

    path: Path

    def write(self, state: State) -> None:
        """Replace the state; raises CompressionError when the folder cannot be written."""
        head = json.dumps({'epoch': state.epoch, 'batch': state.batch, 'history': state.history})
        arrays = {f'{index:05d}': array for index, array in enumerate(state.arrays)}
        content = npz.encode({'head': head, **arrays})
        files.write_together(self.path.parent, {self.path.name: content}, force=True)

    def read(self) -> State | None:
        """Return the state, None when there is none; raises CompressionError when damaged."""
        if not self.path.exists():
            return None
        try:
            arrays = npz.decode(files.read(self.path, 'state of a training'))
            head = json.loads(str(arrays.pop('head')))
            ordered = [arrays[name] for name in sorted(arrays)]
            return State(head['epoch'], head['batch'], head['history'], ordered)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CompressionError(
                f'{self.path}: expected the state of a training: {error}; remove it to train '
                'from the start'
            ) from error
