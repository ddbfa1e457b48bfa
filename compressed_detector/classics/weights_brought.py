# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What Deep Compression makes of ImageNet weights that a user brings: their size, not their accuracy.

The kernels are pruned by magnitude to the published densities, shared, coded and counted, one
after the other, so that no more than the largest layer is in memory. They are not retrained, for
which it would take ImageNet: the sizes are those of the paper's pipeline, the accuracy is not.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.classics.accounting import (
    Bits,
    KernelSize,
    file_bytes,
    huffman_ratio,
    shared_ratio,
    size_of,
)
from compressed_detector.classics.classifier import Classifier
from compressed_detector.classics.deep_compression_steps import share_kernels
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.larger_networks import PAPERS
from compressed_detector.classics.larger_networks_report import (
    FLOAT_BYTES,
    MB,
    density_of,
    layer_table,
)
from compressed_detector.classics.networks.imagenet import Architecture
from compressed_detector.classics.pruning import prune
from compressed_detector.classics.results import Figure, Result
from compressed_detector.classics.stored_kernels import kernels_in, matched
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

CHUNK_BYTES = 2**24
# What is in the key of a layer's figures, of the file's SHA-256.
DIGITS = 12


def brought(architecture: Architecture, path: Path) -> Experiment:
    """Return the experiment that compresses the weights in a file."""
    return Experiment(
        f'larger_networks ({architecture.name}, {path.name})',
        f'{architecture.title} in its published shape, weights of {path.name}', PAPERS,
        lambda lab: run(lab, architecture, path), seeds=(0,),
    )


def run(lab: Lab, architecture: Architecture, path: Path) -> Result:
    """Compress every kernel; raises CompressionError for weights that do not fit."""
    digest = _digest(path)[:DIGITS]
    found: list[Mapping[str, Any]] = []
    with kernels_in(path) as stored:
        kernels = matched(architecture.shapes, stored, str(path))
        for layer in kernels:
            lab.report(f'compressing {architecture.title}', len(found), len(kernels), layer)

            def make(layer: str = layer) -> Mapping[str, Any]:
                return compressed(architecture, layer, kernels[layer].read())

            found.append(lab.figures(f'{architecture.name}-{digest}-{layer}', make))
    lab.report(f'compressing {architecture.title}', len(found), len(kernels))
    sizes = [KernelSize(**{**item['size'], 'bits': Bits(**item['size']['bits'])})
             for item in found]
    return _result(architecture, path, sizes, sum(item['file_bytes'] for item in found))


def compressed(architecture: Architecture, layer: str, kernel: Floats) -> dict[str, Any]:
    """Return what a kernel takes after pruning and sharing, as JSON."""
    if not np.isfinite(kernel).all():
        raise CompressionError(f'{layer}: expected finite weights')
    bits = architecture.bits(layer)
    alone = Trial(Classifier(layer, architecture.build, {layer: kernel}))
    made = share_kernels(prune(alone, {layer: architecture.densities[layer]}), {layer: bits})
    weights = made.classifier.weights
    return {'size': dataclasses.asdict(size_of(layer, weights[layer], made.forms[layer], bits)),
            'file_bytes': file_bytes(weights)}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open('rb') as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise CompressionError(f'cannot read weights {path}: {error.strerror}') from error
    return digest.hexdigest()


def _result(
    architecture: Architecture, path: Path, sizes: Sequence[KernelSize], kernel_bytes: int
) -> Result:
    paper, title = architecture.paper, architecture.title
    parameters = sum(array.size for array in architecture.weights.values())
    others = parameters - sum(size.weights for size in sizes)
    total = kernel_bytes + FLOAT_BYTES * others
    ratio = huffman_ratio(tuple(sizes))
    dense = FLOAT_BYTES * parameters
    true = dense / total
    compressed_mb = sum(size.huffman_bits for size in sizes) / 8 / MB
    return Result(
        (
            Figure(f'parameters, {title}', parameters, paper.parameters),
            Figure(f'float_mb, {title}', dense / MB, paper.dense_mb, unit='MB'),
            Figure(f'density, {title}', density_of(sizes)),
            Figure(f'ratio_before_huffman, {title}', shared_ratio(tuple(sizes)), unit='x'),
            Figure(f'ratio_paper_accounting, {title}', ratio, paper.ratio, unit='x'),
            Figure(f'compressed_mb_paper_accounting, {title}', compressed_mb,
                   paper.compressed_mb, unit='MB'),
            Figure(f'ratio_true_bytes, {title}', true, unit='x'),
            Figure(f'file_mb, {title}', total / MB, unit='MB'),
        ),
        (
            f"{title} with the weights of {path.name}: {ratio:.1f}x by the paper's accounting, "
            f'{"at least" if ratio >= paper.ratio else "less than"} the published '
            f'{paper.ratio:g}x; {true:.1f}x in bytes of files, one for each kernel, and the other '
            f'{others} parameters in float32.',
            'Accuracy was not measured, since ImageNet is not here, and the weights were not '
            'retrained after pruning: only the sizes can be compared with the paper.',
        ) + (() if architecture.densities_published else (
            f'No densities are published for {title}: these are our choice.',)),
        (layer_table(f'{title}, layer by layer', architecture, sizes),),
        details={'weights': path.name},
    )
