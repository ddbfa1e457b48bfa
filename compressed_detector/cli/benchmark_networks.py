# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""benchmark_model networks: what models cost here, against each other and against peers."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from compressed_detector.benchmark import energy, figures, plots, rapl, roofline, subjects
from compressed_detector.benchmark.child import ask
from compressed_detector.benchmark.contenders import (
    batch_latencies,
    contender_of,
    latencies,
)
from compressed_detector.benchmark.litert import LiteRt
from compressed_detector.benchmark.machine import Others, describe
from compressed_detector.benchmark.operations import Operation, operations
from compressed_detector.benchmark.pinning import pinned
from compressed_detector.benchmark.roofline import Roof
from compressed_detector.benchmark.subjects import Subject
from compressed_detector.benchmark.timing import Plan, Times
from compressed_detector.cli import benchmark_display, benchmark_peers
from compressed_detector.cli.progress import Progress, open_progress, progress_of
from compressed_detector.compression import files
from compressed_detector.errors import BenchmarkError

RESULTS = 'networks.json'
# Batches take long: fewer turns and runs of each.
BATCH_SHARE, BATCH_RUNS = 4, 2
RAPL_RUNS = 100


def run(arguments: argparse.Namespace) -> None:
    """Measure, write and show; raises CompressedDetectorError."""
    given = subjects.find(arguments.models)
    files.refuse_existing([arguments.output / RESULTS], arguments.force)
    with open_progress() as progress:
        results = measure(arguments, given, progress)
    pictures = plots.plots(results)
    contents = {RESULTS: json.dumps(results, indent=1).encode() + b'\n', **pictures}
    files.write_together(arguments.output, contents, force=True)
    benchmark_display.show_networks(results)
    for name in contents:
        print(f'wrote {arguments.output / name}')


def measure(
    arguments: argparse.Namespace, given: Sequence[Subject], progress: Progress
) -> dict[str, Any]:
    """Return all figures; the first model is what the ratios are to."""
    prepared = _prepare(arguments, given, progress)
    models = [*prepared.dense, *given]
    contenders = [*map(contender_of, models), *prepared.contenders]
    plan = Plan(arguments.turns, arguments.runs)
    others = Others()
    roofs = {threads: roofline.roof(threads) for threads in arguments.threads}
    times = {
        threads: latencies(contenders, threads, plan,
                           progress_of(f'in turns, {figures.threads_in_words(threads)}', progress))
        for threads in arguments.threads
    }
    reference = models[0].name
    figures_of = [
        _model(subject, _latencies(subject.name, times, reference), roofs, arguments, progress)
        for subject in models
    ]
    return {
        'machine': describe(['ai-edge-litert', 'tflite-runtime', 'numpy']),
        'others_processors': others.processors(),
        'plan': {'turns': plan.turns, 'runs': plan.runs, 'threads': arguments.threads,
                 'batches': arguments.batches},
        'reference': reference,
        'roof': {str(threads): dataclasses.asdict(roof) for threads, roof in roofs.items()},
        'models': figures_of,
        'peers': [
            {**facts, 'latency': _latencies(name, times, reference)}
            if 'left_out' not in facts else facts for name, facts in prepared.facts.items()
        ],
    }


def _prepare(
    arguments: argparse.Namespace, given: Sequence[Subject], progress: Progress
) -> benchmark_peers.Prepared:
    if not arguments.peers:
        return benchmark_peers.Prepared()
    if arguments.images is None:
        raise BenchmarkError('--peers: expected --images, a folder or a bag with pictures to '
                             'calibrate int8 on and to compare outputs on')
    return benchmark_peers.prepare(
        given, arguments.images, arguments.work, arguments.output / 'dense', progress)


def _latencies(
    name: str, times: Mapping[int, Mapping[str, Times]], reference: str
) -> dict[str, Any]:
    return {str(threads): figures.latency_figures(found[name], found[reference])
            for threads, found in times.items()}


def _model(
    subject: Subject, latency: dict[str, Any], roofs: Mapping[int, Roof],
    arguments: argparse.Namespace, progress: Progress,
) -> dict[str, Any]:
    network = LiteRt(subject.model, 1)
    interpreter = network.interpreter
    done = operations(interpreter.operators(), interpreter.input)
    for threads, roof in roofs.items():
        part = figures.roofline_fraction(roof, done, latency[str(threads)]['p50_ms'])
        latency[str(threads)]['roofline_fraction'] = part
    outside = [math.prod(info.shape) * info.dtype.itemsize
               for info in (interpreter.input, *interpreter.outputs)]
    return {
        'name': subject.name,
        'runtime': network.runtime_name,
        'input': [*interpreter.input.shape],
        'size_bytes': len(subject.model),
        **{key: subject.metrics[key] for key in ('ap', 'ap50', 'agreement')
           if key in subject.metrics},
        'operations': figures.operation_figures(done),
        'energy_estimate': figures.energy_figures(
            energy.estimate(done, outside[0], sum(outside[1:]))),
        'energy_rapl_mj': _rapl_mj(network),
        'memory': _memory(subject.path, max(roofs)),
        'latency': latency,
        'batches': _batches(subject, arguments, progress),
        'profile': _profile(subject.path, done),
    }


def _rapl_mj(network: LiteRt) -> float | None:
    """Return millijoules of the sockets for one image on one thread, None if they do not say."""
    def work() -> None:
        for _ in range(RAPL_RUNS):
            network.run()

    joules = rapl.joules_of(work, rapl.counters())
    return None if joules is None else round(joules * 1e3 / RAPL_RUNS, figures.DIGITS)


def _memory(path: Path, threads: int) -> dict[str, float]:
    with pinned(threads):
        found = ask('memory', path, threads)
    return {f'{name}_mb': round(found[name] / 1e6, 1) for name in ('before', 'steady', 'peak')}


def _batches(
    subject: Subject, arguments: argparse.Namespace, progress: Progress
) -> dict[str, Any]:
    """Return the latencies by threads and by batch, or why there are none."""
    plan = Plan(max(arguments.turns // BATCH_SHARE, 2), BATCH_RUNS)
    if not arguments.batches:
        return {}
    found = {}
    for threads in arguments.threads:
        task = f'{subject.name}, batches, {figures.threads_in_words(threads)}'
        report = progress_of(task, progress)
        try:
            times = batch_latencies(subject.model, threads, arguments.batches, plan, report)
        except BenchmarkError as error:
            return {'fixed': str(error)}
        first = times[arguments.batches[0]]
        found[str(threads)] = {
            str(batch): figures.latency_figures(values, first, batch)
            for batch, values in times.items()
        }
    return found


def _profile(path: Path, done: Sequence[Operation]) -> dict[str, Any]:
    """Return what the runtime's profiler says, or why it says nothing; see operations then."""
    try:
        with pinned(1):
            steps = ask('profile', path)['steps']
    except BenchmarkError as error:
        return {'missing': f'{error}; see the operations by operator instead'}
    return figures.profile_figures([(str(name), float(value)) for name, value in steps])


