# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What was measured, as figures for JSON: names end in the unit, times are milliseconds."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from compressed_detector.benchmark.energy import Energy
from compressed_detector.benchmark.operations import Operation
from compressed_detector.benchmark.roofline import Roof
from compressed_detector.benchmark.timing import Times, percentiles_ms, ratio

DIGITS = 4
# Of the operators of a profile that are listed one by one.
SLOWEST = 10


def latency_figures(times_ms: Times, reference_ms: Times, images: int = 1) -> dict[str, Any]:
    """Return percentiles, images per second, and the ratio to the times of the first model."""
    percentiles = percentiles_ms(times_ms)
    return rounded({
        **percentiles,
        'per_image_ms': percentiles['p50_ms'] / images,
        'images_per_s': images * 1e3 / percentiles['p50_ms'],
        'ratio': dataclasses.asdict(ratio(times_ms, reference_ms)),
    })


def operation_figures(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return multiply-accumulates and bytes, all together and by operator."""
    by_name: dict[str, dict[str, int]] = collections.defaultdict(
        lambda: {'count': 0, 'macs': 0, 'moved_bytes': 0})
    for item in operations:
        kind = by_name[item.name]
        kind['count'] += 1
        kind['macs'] += item.macs
        kind['moved_bytes'] += item.moved_bytes
    macs_by_type: collections.Counter[str] = collections.Counter()
    for item in operations:
        if item.macs:
            macs_by_type[item.mac_type] += item.macs
    return {
        'macs': sum(item.macs for item in operations),
        'macs_by_type': dict(macs_by_type),
        'weight_bytes': sum(item.weight_bytes for item in operations),
        'moved_bytes': sum(item.moved_bytes for item in operations),
        'by_operator': dict(by_name),
    }


def energy_figures(energy: Energy) -> dict[str, float]:
    """Return the estimate and its parts."""
    return rounded({
        'low_mj': energy.low_mj, 'high_mj': energy.high_mj, **dataclasses.asdict(energy)})


def roofline_fraction(roof: Roof, operations: Sequence[Operation], latency_ms: float) -> float:
    """Return which part of what this machine can do is reached."""
    macs = sum(item.macs for item in operations)
    moved = sum(item.moved_bytes for item in operations)
    return round(roof.fraction(macs, moved, latency_ms / 1e3), DIGITS)


def profile_figures(steps: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """Return the times of operators, microseconds, by name and the slowest ones."""
    by_name: dict[str, dict[str, float]] = collections.defaultdict(
        lambda: {'count': 0, 'microseconds': 0.0})
    for name, microseconds in steps:
        by_name[name]['count'] += 1
        by_name[name]['microseconds'] += microseconds
    total = sum(microseconds for _, microseconds in steps)
    ordered = sorted(by_name.items(), key=lambda item: -item[1]['microseconds'])
    numbered = sorted(enumerate(steps), key=lambda item: -item[1][1])
    return {
        'microseconds': total,
        'by_operator': {
            name: rounded({**values, 'share': values['microseconds'] / max(total, 1e-9)})
            for name, values in ordered
        },
        'slowest': [{'step': number, 'name': name, 'microseconds': microseconds}
                    for number, (name, microseconds) in numbered[:SLOWEST]],
    }


def rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same with shorter numbers, those in dictionaries inside included."""
    return {
        key: rounded(value) if isinstance(value, Mapping)
        else round(value, DIGITS) if isinstance(value, float) else value
        for key, value in values.items()
    }


def threads_in_words(threads: int | str) -> str:
    """Return "1 thread", "2 threads" and so on."""
    return f'{threads} thread{"" if str(threads) == "1" else "s"}'
