# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What an experiment is, and the file that keeps what each of them found."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compressed_detector.benchmark import machine
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.results import Figure, Result
from compressed_detector.compression import files
from compressed_detector.errors import CompressionError

PACKAGES = ('numpy', 'tensorflow', 'keras')
SIGNIFICANT = 5


@dataclass(frozen=True)
class Experiment:
    """
    A headline result of some papers, and how it is reproduced.

    ``run`` returns the same result for the same seeds, data and lab; with a lab that is quick it
    takes minutes at most.
    """

    name: str
    title: str
    papers: tuple[str, ...]
    run: Callable[[Lab], Result]
    # Those that the published page is made with.
    seeds: tuple[int, ...] = (0, 1, 2)
    quick_seeds: tuple[int, ...] = (0,)


def perform(experiment: Experiment, lab: Lab) -> dict[str, Any]:
    """Run an experiment; return what it found, with where and how, as JSON."""
    begun_s = time.monotonic()
    result = experiment.run(lab)
    return {
        'title': experiment.title,
        'papers': list(experiment.papers),
        'data': lab.data.name,
        'samples': {'train': len(lab.data.train), 'test': len(lab.data.test)},
        'seeds': list(lab.seeds),
        'quick': lab.quick,
        'machine': machine.describe(PACKAGES),
        'taken_s': round(time.monotonic() - begun_s),
        **as_json(result),
    }


def as_json(result: Result) -> dict[str, Any]:
    """Return a result as JSON: figures by name under paper, here, spread and unit."""
    parts: dict[str, dict[str, Any]] = {
        key: {figure.name: _rounded(getattr(figure, key)) for figure in result.figures}
        for key in ('paper', 'here', 'spread', 'unit')
    }
    return {
        **parts,
        'findings': list(result.findings),
        'tables': [_rounded(dataclasses.asdict(table)) for table in result.tables],
        'plots': [_rounded(dataclasses.asdict(plot)) for plot in result.plots],
        **_rounded(dict(result.details)),
    }


def figures_of(found: Mapping[str, Any]) -> list[Figure]:
    """Return the figures in the JSON of a result."""
    return [Figure(name, here, found['paper'][name], found['spread'][name], found['unit'][name])
            for name, here in found['here'].items()]


def merge(path: Path, name: str, found: Mapping[str, Any]) -> None:
    """Put what an experiment found into the file of all of them, in place of an earlier one."""
    content = read(path) if path.exists() else {}
    content[name] = dict(found)
    text = json.dumps(dict(sorted(content.items())), indent=1) + '\n'
    files.write_together(path.parent, {path.name: text.encode()}, force=True)


def read(path: Path) -> dict[str, Any]:
    """Return what experiments found, by their names; raises CompressionError."""
    try:
        content: dict[str, Any] = json.loads(files.read(path, 'results'))
        return dict(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise CompressionError(
            f'{path}: expected the JSON of compress_model reproduce: {error}') from error


def _rounded(value: Any) -> Any:
    """Return JSON with numbers of few digits: more of them mean nothing here."""
    if isinstance(value, float):
        return float(f'{value:.{SIGNIFICANT}g}')
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, (list, tuple)) else value
