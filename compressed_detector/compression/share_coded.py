# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The stage that has weights share values, as many bits for each as its layer is worth.

One price per bit rules all layers, as one threshold does in global pruning: an error of a layer
counts by what it does to the network's outputs (see layer_trials).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.calibrated import Calibrated, Measure
from compressed_detector.compression.entropy_rounding import (
    Codes,
    Task,
    round_alone,
    round_together,
    total_bits,
)
from compressed_detector.compression.forecast import Forecast
from compressed_detector.compression.forms import Form, Forms
from compressed_detector.compression.layer_choice import LayerChoice
from compressed_detector.compression.layer_trials import trial_harms, with_error
from compressed_detector.compression.moments import Doubles, Moments
from compressed_detector.compression.network import Conv, Network
from compressed_detector.compression.progress import Report, silent
from compressed_detector.compression.refit import best_bias, matrix, ridge, with_weights
from compressed_detector.compression.sharing import settle
from compressed_detector.compression.sparsify import DAMPING, not_removed
from compressed_detector.compression.surgeon import inverse
from compressed_detector.compression.sweep import factor
from compressed_detector.config.options import option
from compressed_detector.detection.types import Floats

# What layers are tried with: an error of this share of their variance, on so many pictures.
PROBE = 0.02
TRIAL_PICTURES = 8
# Of the mean harm of the layers, at least.
FLOOR = 1e-3
# The prices that are tried, and halvings of their range: enough for a hundredth of a bit.
PRICES = (1e-16, 1e4)
HALVINGS = 15


@dataclass(frozen=True)
class ShareCoded(Calibrated, LayerChoice):
    """
    The recipe's stage ``share_coded``; in a model's name ``coded200`` for 2.00 bits.

    Weights are rounded to grids, many of them to zero, so that the coded file (.dcz) has the
    bits that were asked for and the outputs change least: entropy-constrained rounding, in which
    the weights that are not rounded yet make up for the errors of those that are (Frantar et al.,
    GPTQ, ICLR 2023). It prunes and shares at once.
    """

    centibits: int = option(
        200, 'Hundredths of a bit that a weight takes in a coded file, on average, about.',
        minimum=20, maximum=700)
    in_order: bool = option(
        False, 'Measure every layer anew, with what the layers before it compute by then: each '
        'makes up for their errors, and it takes minutes.')

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return f'coded{self.centibits}'

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of it, where there are so many pictures."""
        looked = forecast.measured(self.calibration_images)
        # The bits are those of all weights, whatever share of them becomes zero.
        return looked.then(density=1.0, bits=self.centibits / 100)

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """Return the build with shared weights; raises CompressionError."""
        measure = self.measure(build, workplace, 'share_coded')
        convolutions = self.chosen(build.network)
        workplace.report('measuring layers', 0, 2)
        moments = measure(build.network, [conv.name for conv in convolutions])
        workplace.report('measuring layers', 1, 2)
        tasks = {conv.name: rounding_task(build.network, build.forms, conv, moments[conv.name])
                 for conv in convolutions}
        trials = list(islice(self.pictures(workplace, 'share_coded')(), TRIAL_PICTURES))
        harms = find_harms(build.network, tasks, moments, trials, workplace.input_size, self.seed)
        workplace.report('measuring layers', 2, 2)
        weighed = {name: dataclasses.replace(task, harm=harms[name])
                   for name, task in tasks.items()}
        network, forms, bits = round_network(
            build.network, build.forms, convolutions, moments, weighed, self.centibits / 100,
            measure if self.in_order else None, workplace.report,
        )
        note = {'share_coded': {**dataclasses.asdict(self), 'bits': round(bits, 4)}}
        return build.then(note, network=network, forms=forms)


def find_harms(
    network: Network, tasks: Mapping[str, Task], moments: Mapping[str, Moments],
    pictures: Sequence[Floats], input_size: int, seed: int,
) -> dict[str, float]:
    """Return what a square error of each layer's results does to the outputs, by layer."""
    random = np.random.default_rng(seed)
    energies = {name: PROBE * (moments[name].target_energy or 1.0) for name in tasks}
    kernels = {name: with_error(task.kernel, task.upper, energies[name], random)
               for name, task in tasks.items()}
    trials = {name: (kernel, best_bias(kernel, moments[name]))
              for name, kernel in kernels.items()}
    found = trial_harms(network, trials, energies, pictures, input_size)
    # No layer counts for nothing, since pictures are only a sample.
    floor = FLOOR * float(np.mean(list(found.values()))) or FLOOR
    return {name: max(harm, floor) for name, harm in found.items()}


def round_network(
    network: Network, forms: Forms, convolutions: Sequence[Conv],
    moments: Mapping[str, Moments], tasks: Mapping[str, Task], bits: float,
    measure: Measure | None = None, report: Report = silent,
) -> tuple[Network, dict[str, Form], float]:
    """
    Return the network with convolutions rounded, all forms, and the bits that a weight takes.

    With ``measure`` the moments of every layer are taken again when its turn comes.
    """
    price, changed, taken = find_price(list(tasks.values()), bits), dict(forms), 0.0
    for done, conv in enumerate(convolutions, start=1):
        task, seen = tasks[conv.name], moments[conv.name]
        if measure is not None:
            seen = measure(network, [conv.name])[conv.name]
            task = dataclasses.replace(
                rounding_task(network, forms, conv, seen), harm=task.harm)
        codes = round_together(task, price)
        network, changed[conv.weight_name] = with_codes(
            network, conv, codes, task.step(price), seen)
        taken += total_bits(codes)
        report('rounding weights', done, len(convolutions))
    return network, changed, taken / sum(task.kernel.size for task in tasks.values())


def rounding_task(network: Network, forms: Forms, conv: Conv, moments: Moments) -> Task:
    """Return a layer as it is to be rounded: towards the moments' targets, with its inputs."""
    fit = ridge(moments, DAMPING, matrix(network, conv))
    name = conv.weight_name
    allowed = not_removed(forms, name, network.weights[name].shape).reshape(fit.kernel.shape)
    return Task(fit.kernel, allowed, factor(inverse(fit.metric)))


def find_price(tasks: Sequence[Task], bits: float) -> float:
    """
    Return the price per bit at which weights take this many bits on average.

    First as they are rounded when none makes up for another, which is quick; then corrected once
    for what they take when they do: a bit less at four times the price.
    """
    size = sum(task.kernel.size for task in tasks)
    low, high = PRICES
    for _ in range(HALVINGS):
        price = float(np.sqrt(low * high))
        taken = sum(total_bits(round_alone(task, price)) for task in tasks) / size
        low, high = (price, high) if taken > bits else (low, price)
    together = sum(total_bits(round_together(task, high)) for task in tasks) / size
    return float(high * 4 ** (together - bits))


def with_codes(
    network: Network, conv: Conv, codes: Codes, step: float, moments: Moments
) -> tuple[Network, Form]:
    """Return the network with a kernel of codes (n, outputs) times a step, and its form."""
    shape = network.weights[conv.weight_name].shape
    kernel: Doubles = codes.astype(np.float64) * step
    changed = with_weights(network, {
        conv.weight_name: kernel.reshape(shape), conv.bias_name: best_bias(kernel, moments)})
    mask = (codes != 0).reshape(shape)
    book = np.unique(kernel[codes != 0])
    if not book.size:
        return changed, Form(mask=mask)
    return changed, settle(changed.weights[conv.weight_name], Form(mask=mask), book)[1]
