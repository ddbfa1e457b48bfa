# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Arrays by name as the content of an .npz file, without anything executable."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np


def encode(arrays: Mapping[str, Any]) -> bytes:
    """Return the content of the file, the same for the same arrays."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def decode(content: bytes) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of a file by name; raises ValueError when it is damaged or no .npz."""
    try:
        opened = np.load(io.BytesIO(content), allow_pickle=False)
        if not isinstance(opened, np.lib.npyio.NpzFile):
            raise ValueError('this is a single array')
        with opened:
            return {name: opened[name] for name in opened.files}
    except (OSError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # RuntimeError: damage that looks like a password or a compression that zipfile lacks.
        raise ValueError(f'{type(error).__name__}: {error}') from error
