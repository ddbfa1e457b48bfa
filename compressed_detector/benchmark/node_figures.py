# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the node costs around its network, as figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compressed_detector.benchmark.figures import rounded
from compressed_detector.benchmark.timing import Times, percentiles_ms
from compressed_detector.errors import BenchmarkError


def node_figures(
    sent: int, ages_ms: Times, values: Mapping[str, str], seconds: float, cpu_s: float,
    rss_bytes: int, peak_rss_bytes: int,
) -> dict[str, Any]:
    """
    Return the figures of so many images that were sent to the node within some seconds.

    ``ages_ms`` (N,): from the stamp of each answered image to the publication of its answer.
    ``values``: the node's diagnostics. Of these are ``latency``, from the receipt of an image to
    the publication, and ``inference``, the network's part of it; ``overhead`` is the rest, between
    medians. ``cpu_percent`` is of one processor. Raises BenchmarkError when nothing was answered.
    """
    if not len(ages_ms):
        raise BenchmarkError(f'expected answers to {sent} images, got none; the messages of the '
                             'node are above')
    latency, inference = (float(values[f'{name} p50 (ms)']) for name in ('latency', 'inference'))
    return rounded({
        'sent': sent,
        'answered': len(ages_ms),
        'age': percentiles_ms(ages_ms),
        'latency_p50_ms': latency,
        'latency_p99_ms': float(values['latency p99 (ms)']),
        'inference_p50_ms': inference,
        'overhead_ms': latency - inference,
        'overhead_ratio': (latency - inference) / inference,
        'cpu_percent': 100 * cpu_s / seconds,
        'rss_mb': rss_bytes / 1e6,
        'peak_rss_mb': peak_rss_bytes / 1e6,
    })
