# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Remove single weights of a network, by any saliency, to any density.

The functions can be applied again: to a lower density between the epochs of a training, say. What
was removed stays removed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from compressed_detector.compression import masks, saliency, surgeon
from compressed_detector.compression.calibrated import MeasureOf
from compressed_detector.compression.forms import Form, Forms, Mask, project
from compressed_detector.compression.moments import Doubles, Moments
from compressed_detector.compression.progress import Report, silent
from compressed_detector.compression.refit import (
    Affine,
    best_bias,
    matrix,
    ridge,
    with_weights,
)
from compressed_detector.compression.training.parameters import Net, Weighted
from compressed_detector.errors import CompressionError

METHODS = ('magnitude', 'obd', 'obs')
SCOPES = ('layer', 'global')
# Of the mean variance of the inputs: keeps the inverse Hessian finite (SparseGPT, GPTQ: the same).
DAMPING = 0.01

Result = tuple[Net, dict[str, Form]]
# Called with a kernel (n, outputs), its metric (n, n) and which weights were not removed before;
# returns what is left of it and the mask.
Operation = Callable[[Doubles, Doubles, Mask], tuple[Doubles, Mask]]


def prune_network(
    network: Net, forms: Forms, density: float, convolutions: Sequence[Affine],
    method: str = 'magnitude', scope: str = 'layer', measure: MeasureOf[Net] | None = None,
    diagonals: Mapping[str, Doubles] | None = None, report: Report = silent,
) -> Result[Net]:
    """
    Return the network with this share of the convolutions' weights left, and all forms.

    ``method`` and the rest as in saliencies; ``obs`` adapts the weights that are left, and the
    bias. ``scope``: the same density in each ``layer``, or one ``global`` threshold. Raises
    CompressionError.
    """
    scores: dict[str, Doubles] = {}
    if method != 'obs' or scope == 'global':
        scores = saliencies(network, convolutions, method, measure, diagonals)
    if scope == 'global':
        counts = masks.counts_overall(scores, density)
    else:
        sizes = {conv.weight_name: network.weights[conv.weight_name].size for conv in convolutions}
        counts = masks.counts_per_layer(sizes, density)
    if method == 'obs':
        operations = {conv.name: partial(surgeon.remove, count=counts[conv.weight_name])
                      for conv in convolutions}
        return operate(network, forms, convolutions, operations, measure, report)
    return masked(network, forms, {
        name: masks.keep_largest(score, counts[name], forms.get(name, Form()).mask)
        for name, score in scores.items()
    })


def prune_n_of_m(
    network: Net, forms: Forms, kept: int, group: int, convolutions: Sequence[Affine],
    method: str = 'magnitude', measure: MeasureOf[Net] | None = None, report: Report = silent,
) -> Result[Net]:
    """
    Return the network with ``kept`` of every ``group`` input channels left, and all forms.

    Kernels whose input channels do not fall into groups stay as they are. ``method`` is
    ``magnitude`` or ``obs``. Raises CompressionError.
    """
    grouped = [conv for conv in convolutions
               if network.weights[conv.weight_name].shape[2] % group == 0]
    if method == 'obs':
        rule = partial(surgeon.remove_n_of_m, kept=kept, group=group)
        operations = {conv.name: rule for conv in grouped}
        return operate(network, forms, grouped, operations, measure, report)
    scores = saliencies(network, grouped, method)
    return masked(network, forms, {
        name: masks.keep_n_of_m(score, kept, group) & not_removed(forms, name, score.shape)
        for name, score in scores.items()
    })


def saliencies(
    network: Net, convolutions: Sequence[Affine], method: str,
    measure: MeasureOf[Net] | None = None, diagonals: Mapping[str, Doubles] | None = None,
) -> dict[str, Doubles]:
    """
    Return what removing each weight costs, by weight name, relative to its layer.

    ``method``: ``magnitude``; ``obd`` (Optimal Brain Damage) by the second derivatives of each
    layer's output error, or of the whole loss by the given ``diagonals`` (by weight name; these
    saliencies stay as they are, since they can be compared already); ``obs`` (Optimal Brain
    Surgeon). obs, and obd without diagonals, ``measure`` the layers' inputs.
    """
    if method not in METHODS:
        raise CompressionError(f'expected a method among {", ".join(METHODS)}, got {method!r}')
    kernels = {conv.weight_name: network.weights[conv.weight_name] for conv in convolutions}
    if method == 'magnitude':
        squares = {name: saliency.magnitude(kernel) for name, kernel in kernels.items()}
        return {name: saliency.relative(score, float(score.sum()))
                for name, score in squares.items()}
    if method == 'obd' and diagonals is not None:
        return {name: saliency.optimal_brain_damage(kernel, diagonals[name])
                for name, kernel in kernels.items()}
    moments = _measured(measure, network, convolutions)
    score = _damage if method == 'obd' else _surgery
    return {
        conv.weight_name: saliency.relative(
            score(network, conv, moments[conv.name]), moments[conv.name].target_energy)
        for conv in convolutions
    }


def _damage(network: Weighted, conv: Affine, moments: Moments) -> Doubles:
    kernel = network.weights[conv.weight_name]
    return saliency.optimal_brain_damage(
        kernel, saliency.gram_diagonal(moments.gram, kernel.shape))


def _surgery(network: Weighted, conv: Affine, moments: Moments) -> Doubles:
    fit = ridge(moments, DAMPING, matrix(network, conv))
    score = surgeon.surgeon_saliency(fit.kernel, surgeon.inverse(fit.metric))
    return score.reshape(network.weights[conv.weight_name].shape)


def operate(
    network: Net, forms: Forms, convolutions: Sequence[Affine],
    operations: Mapping[str, Operation], measure: MeasureOf[Net] | None, report: Report = silent,
) -> Result[Net]:
    """
    Return the network with kernels operated on and biases adapted, and all forms.

    In the order of computation: each layer is measured with what the layers before it compute by
    then, and aims at what it computed in the beginning, so that it makes up for their errors.
    """
    changed = dict(forms)
    for done, conv in enumerate(convolutions, start=1):
        name = conv.weight_name
        moments = _measured(measure, network, [conv])[conv.name]
        fit = ridge(moments, DAMPING, matrix(network, conv))
        allowed = not_removed(forms, name, network.weights[name].shape).reshape(fit.kernel.shape)
        kernel, mask = operations[conv.name](fit.kernel, fit.metric, allowed)
        shape = network.weights[name].shape
        network = with_weights(network, {
            name: kernel.reshape(shape), conv.bias_name: best_bias(kernel, moments)})
        network, changed = masked(network, changed, {name: mask.reshape(shape)})
        report('removing weights', done, len(convolutions))
    return network, changed


def masked(network: Net, forms: Forms, kept: Mapping[str, Mask]) -> Result[Net]:
    """Return the network with weights zero where a mask is False, and all forms."""
    weights, changed = dict(network.weights), dict(forms)
    for name, mask in kept.items():
        changed[name] = dataclasses.replace(forms.get(name, Form()), mask=mask)
        weights[name] = project(weights[name], changed[name])
    copied: Any = network
    return dataclasses.replace(copied, weights=weights), changed


def not_removed(forms: Forms, name: str, shape: tuple[int, ...]) -> Mask:
    """Return the mask of a weight's form, of its shape; True everywhere when it has none."""
    mask = forms.get(name, Form()).mask
    return np.ones(shape, bool) if mask is None else mask


def _measured(
    measure: MeasureOf[Net] | None, network: Net, convolutions: Sequence[Affine]
) -> Mapping[str, Moments]:
    if measure is None:
        raise CompressionError('expected moments of the inputs of layers, got no measurement')
    return measure(network, [conv.name for conv in convolutions])
