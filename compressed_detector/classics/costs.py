# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the forms of a network cost on this machine: time, memory, computation, bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.benchmark.child import ask
from compressed_detector.benchmark.contenders import contender, latencies
from compressed_detector.benchmark.litert import LiteRt, batched
from compressed_detector.benchmark.operations import Operation, operations
from compressed_detector.benchmark.pinning import pinned
from compressed_detector.benchmark.timing import Plan, Times, percentiles_ms, ratio, take_turns
from compressed_detector.classics.archived import archive
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.pairs import DENSE, PRUNED, Pair
from compressed_detector.compression import files
from compressed_detector.compression.flatbuffer import constants
from compressed_detector.compression.progress import Report

THREADS = 1
BATCHES, QUICK_BATCHES = (1, 2, 4, 8, 16), (1, 4)


@dataclasses.dataclass(frozen=True)
class Effort:
    """How often everything is run, and how many images at once."""

    single: Plan
    batched: Plan
    batches: Sequence[int]


FULL = Effort(Plan(41, 10), Plan(11, 2), BATCHES)
QUICK = Effort(Plan(5, 2, pause_s=0.0), Plan(2, 1, pause_s=0.0), QUICK_BATCHES)


def costs(pair: Pair, lab: Lab) -> dict[str, Any]:
    """
    Return what every form of a network costs, JSON: by form, and ratios dense by form.

    Every form and every number of images takes turns with all others, so that what slows down the
    machine slows down all. Nothing of it is kept, but for the sizes of coded files.
    """
    effort = QUICK if lab.quick else FULL
    single = latencies([contender(form, model) for form, model in pair.files.items()], THREADS,
                       effort.single, _progress(lab.report, f'{pair.title}: one image'))
    batches = batch_times(pair.files, effort, _progress(lab.report, f'{pair.title}: batches'))
    return {
        'title': pair.title,
        'measure': pair.measure,
        'forms': {form: {
            **percentiles_ms(single[form]),
            'batches_ms': {str(batch): float(np.median(batches[form, batch]))
                           for batch in effort.batches},
            **_of_file(lab, f'{pair.name}-{form}', model),
            'quality': pair.quality[form],
        } for form, model in pair.files.items()},
        'time_ratios': {
            form: {'1': dataclasses.asdict(ratio(single[DENSE], single[form])),
                   **{str(batch): dataclasses.asdict(
                       ratio(batches[DENSE, batch], batches[form, batch]))
                      for batch in effort.batches if batch > 1}}
            for form in pair.files if form != DENSE},
    }


def batch_times(
    models: Mapping[str, bytes], effort: Effort, progress: Any
) -> dict[tuple[str, int], Times]:
    """Return the times of so many images at once, ms (turns, runs), by form and their number."""
    keys = {f'{form} {batch}': (form, batch) for form in models for batch in effort.batches}
    with pinned(THREADS):
        opened = {key: batched(models[form], THREADS, batch).run
                  for key, (form, batch) in keys.items()}
        times = take_turns(opened, effort.batched, progress)
    return {keys[key]: values for key, values in times.items()}


def _of_file(lab: Lab, name: str, model: bytes) -> dict[str, Any]:
    network = LiteRt(model, THREADS).interpreter
    done = operations(network.operators(), network.input)
    coded = {} if name.endswith(PRUNED) else lab.figures(
        f'{name}-coded-{files.sha256(model)[:16]}', lambda: {'bytes': len(archive(model).content)})
    return {
        'memory': memory(lab.folder, name, model),
        'macs': sum(item.macs for item in done),
        'macs_left': macs_left(model, done),
        'file_bytes': len(model),
        'coded_bytes': coded.get('bytes'),
    }


def memory(folder: Path, name: str, model: bytes) -> dict[str, float]:
    """Return what a process with the model has resident, MB: before, after many runs, at most."""
    path = folder / f'{name}.tflite'
    files.write_together(folder, {path.name: model}, force=True)
    with pinned(THREADS):
        found = ask('memory', path, THREADS)
    return {f'{key}_mb': round(value / 1e6, 2) for key, value in found.items()}


def macs_left(model: bytes, done: Sequence[Operation]) -> int:
    """
    Return the multiply-adds of one image with a weight that is not zero.

    Of weights that are no constants of the file, as of a product of two results, all count.
    """
    densities = {}
    for item in constants(model):
        values = np.frombuffer(model, f'V{item.width}', item.size // item.width, item.offset)
        parts = values.view(np.uint8).reshape(-1, item.width)
        densities[item.name] = float(parts.any(axis=1).mean())
    return round(sum(item.macs * densities.get(item.weights, 1.0) for item in done))


def _progress(report: Report, task: str) -> Any:
    return lambda done, total: report(task, done, total)
