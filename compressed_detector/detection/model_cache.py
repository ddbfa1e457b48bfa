# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The models of archives, expanded once and kept in the user's cache."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from compressed_detector.detection.archive import Archive
from compressed_detector.detection.manifest import Manifest, require
from compressed_detector.errors import ModelError


def load_archive(path: Path, max_model_bytes: int) -> tuple[Manifest, bytes]:
    """
    Return the manifest and the .tflite file of an archive.

    The file is taken from the cache if it is there with the sha256 that the manifest promises.
    Otherwise the archive is expanded and the file is put there for the next time, or not, where
    the cache cannot be written. Raises ModelError for an archive that is damaged.
    """
    try:
        archive = Archive.open(read_archive(path, max_model_bytes), max_model_bytes)
        cached = cache_folder() / archive.manifest.sha256 / archive.manifest.file
        model = _cached(cached, archive)
        if model is None:
            model = archive.expand()
            with contextlib.suppress(OSError):
                _keep(cached, model)
    except ModelError as error:
        raise ModelError(f'{path}: {error}') from error
    return archive.manifest, model


def read_archive(path: Path, max_bytes: int) -> bytes:
    """Return an archive's content; raises ModelError when it is larger or cannot be read."""
    try:
        size = path.stat().st_size
        require(size <= max_bytes, f'expected at most {max_bytes} bytes, got {size}')
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f'cannot read the archive: {error}') from error


def cache_folder() -> Path:
    """Return where expanded models are kept: below XDG_CACHE_HOME, or ~/.cache."""
    configured = Path(os.environ.get('XDG_CACHE_HOME', ''))
    # The XDG base directory specification: a relative path is to be ignored.
    base = configured if configured.is_absolute() else Path(os.path.expanduser('~/.cache'))
    return base / 'compressed_detector'


def _cached(path: Path, archive: Archive) -> bytes | None:
    try:
        if path.stat().st_size != archive.model_size:
            return None
        model = path.read_bytes()
    except (OSError, ValueError):
        return None
    return model if hashlib.sha256(model).hexdigest() == archive.manifest.sha256 else None


def _keep(path: Path, model: bytes) -> None:
    """Write a file that appears whole, whoever else writes the same one meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix='.partial-', dir=path.parent)
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(model)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
