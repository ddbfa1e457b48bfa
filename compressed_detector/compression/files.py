# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Files that appear whole or not at all, and never in place of another unless asked."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from compressed_detector.errors import CompressionError


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def refuse_existing(paths: list[Path], force: bool) -> None:
    """Raise CompressionError when one of the files exists and may not be replaced."""
    existing = [str(path) for path in paths if path.exists()]
    if existing and not force:
        raise CompressionError(
            f'expected new files, got existing {", ".join(existing)}; '
            'write elsewhere with --output, or replace them with --force'
        )


def write_together(folder: Path, contents: Mapping[str, bytes], force: bool) -> None:
    """
    Write files that belong together, by name, in their order.

    All of them are written completely beside their final names before the first one appears.
    Raises CompressionError when one exists (unless forced) or the folder cannot be written.
    """
    refuse_existing([folder / name for name in contents], force)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.partial-', dir=folder) as partial:
            for name, content in contents.items():
                (Path(partial) / name).write_bytes(content)
            for name in contents:
                os.replace(Path(partial) / name, folder / name)
    except OSError as error:
        raise CompressionError(f'cannot write into {folder}: {error.strerror}') from error


def read(path: Path, what: str) -> bytes:
    """Return a file's content; raises CompressionError that says what was wanted."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CompressionError(f'cannot read {what} {path}: {error.strerror}') from error
