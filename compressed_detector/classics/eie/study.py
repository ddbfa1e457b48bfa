# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
EIE in software, layer by layer: bytes, operations, time here, and time on EIE by the model.

On this machine a matrix is not dealt to processing elements: one processor takes all of it. What
is said of EIE is about the same matrix dealt to 64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from compressed_detector.benchmark.timing import Plan
from compressed_detector.classics.eie import accelerator, counts, measure
from compressed_detector.classics.eie.encoding import Encoded, encode, fitting_code_bits
from compressed_detector.classics.eie.published import (
    PUBLISHED,
    random_activations,
    random_matrix,
)
from compressed_detector.compression.progress import Report
from compressed_detector.detection.types import Floats

DENSITIES = (0.01, 0.02, 0.04, 0.06, 0.09, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5)
QUICK_DENSITIES = (0.01, 0.09, 0.5)
SWEEP_SIZE, QUICK_SWEEP_SIZE = 4096, 1024
# All of them, and about as many as the paper finds after a ReLU (table III).
ACTIVATION_DENSITIES = (1.0, 0.35)


def study(
    matrices: Mapping[str, Floats], activations: Mapping[str, Floats], quick: bool, report: Report
) -> dict[str, Any]:
    """
    Return what is found about layers, by name, and about a range of densities; all of it JSON.

    ``matrices``: float32 (outputs, inputs), pruned and shared, of up to 255 values and zero;
    ``activations``: float32 (inputs,), what each is multiplied with. Layers named as in PUBLISHED
    get the paper's times beside them. Raises CompressionError for matrices with more values, and
    BenchmarkError when something cannot be measured.
    """
    plan = measure.QUICK if quick else measure.FULL
    layers = {}
    for done, name in enumerate(matrices):
        report('EIE: layers', done, len(matrices), name)
        layers[name] = layer(matrices[name], activations[name], plan)
        if name in PUBLISHED:
            layers[name]['paper'] = asdict(PUBLISHED[name])
    report('EIE: layers', len(matrices), len(matrices))
    return {'layers': layers, 'sweep': sweep(quick, report)}


def layer(matrix: Floats, activations: Floats, plan: Plan) -> dict[str, Any]:
    """Return what is found about one matrix (outputs, inputs) and activations (inputs,)."""
    code_bits = fitting_code_bits(matrix)
    whole = encode(matrix, 1, code_bits)
    dealt = encode(matrix, accelerator.ELEMENTS, code_bits)
    return {
        'shape': list(matrix.shape),
        'density': whole.nonzeros / matrix.size,
        'activation_density': float(np.mean(activations != 0)),
        'code_bits': code_bits,
        'dense': _counted(counts.dense_counts(matrix)),
        'compressed': {**_counted(counts.compressed_counts(whole, activations)),
                       'entries_by_nonzeros': _fillers(whole)},
        'measured': measure.measure(matrix, whole, activations, plan),
        'eie': _on_eie(dealt, activations),
    }


def sweep(quick: bool, report: Report, seed: int = 0) -> list[dict[str, Any]]:
    """Return layers of one shape, random, over densities of weights and of activations."""
    random = np.random.default_rng(seed)
    plan = measure.QUICK if quick else measure.FULL
    size = QUICK_SWEEP_SIZE if quick else SWEEP_SIZE
    densities = QUICK_DENSITIES if quick else DENSITIES
    points = []
    for done, density in enumerate(densities):
        report('EIE: densities', done, len(densities), f'{density:.0%}')
        matrix = random_matrix((size, size), density, random)
        points += [layer(matrix, random_activations(size, active, random), plan)
                   for active in ACTIVATION_DENSITIES]
    report('EIE: densities', len(densities), len(densities))
    return points


def _counted(counted: counts.Counts) -> dict[str, Any]:
    return {**asdict(counted), 'moved_bytes': counted.moved_bytes,
            'dram_uj': counted.dram_uj, 'sram_uj': counted.sram_uj}


def _on_eie(dealt: Encoded, activations: Floats) -> dict[str, Any]:
    """Return the model's figures; those of another number of code bits are not EIE's, but near."""
    run = accelerator.run(dealt, activations)
    return {
        **asdict(run), 'time_us': run.time_us, 'ideal_us': run.ideal_us,
        'nonzero_us': run.nonzero_us, 'load_balance': run.load_balance,
        'energy_uj': run.energy_uj, 'stored_bytes': counts.stored_bytes(dealt),
        'entries_by_nonzeros': _fillers(dealt),
    }


def _fillers(encoded: Encoded) -> float:
    return encoded.entries.size / max(encoded.nonzeros, 1)
