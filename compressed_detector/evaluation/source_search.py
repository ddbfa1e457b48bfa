# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which recordings are meant by paths, of which some are folders of recordings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from compressed_detector.evaluation.picture_sources import VIDEOS
from compressed_detector.evaluation.scene import is_bag_folder


def find_sources(paths: Sequence[Path], results_file: str) -> dict[str, Path]:
    """
    Return the recordings by names that differ, in the order of the paths.

    A folder in which bags or videos are, at whatever depth, stands for these, by their paths;
    any other path for itself. Hidden folders are passed over, and those with a ``results_file``:
    the bags in them are results, no recordings.
    """
    found: dict[str, Path] = {}
    for given in paths:
        for path in _inside(given, results_file) or [given]:
            stem = path.stem if path.suffix.lower() in VIDEOS else path.resolve().name
            name, number = stem, 2
            while name in found:
                name, number = f'{stem}_{number}', number + 1
            found[name] = path
    return found


def _inside(folder: Path, results_file: str) -> list[Path]:
    """Return the recordings in a folder that is none itself, sorted."""
    if not folder.is_dir() or is_bag_folder(folder):
        return []
    return sorted(_walk(folder, results_file))


def _walk(folder: Path, results_file: str) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        here = Path(parent)
        if results_file in files:
            folders.clear()
            continue
        yield from (here / name for name in files if Path(name).suffix.lower() in VIDEOS)
        bags = [name for name in folders if is_bag_folder(here / name)]
        yield from (here / name for name in bags)
        folders[:] = [name for name in folders if name not in bags and not name.startswith('.')]
