# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which layer to make cheaper, and how much: a greedy search under a budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from compressed_detector.compression.cost import layer_macs
from compressed_detector.compression.evidence import Evidence
from compressed_detector.compression.low_rank import candidates, fit_convolution, rank_limit
from compressed_detector.compression.network import Network
from compressed_detector.errors import CompressionError

RANK_STEP = 8


@dataclass(frozen=True)
class Choice:
    """One way to build a layer: its rank (0: as it is), multiply-accumulates, and its loss."""

    rank: int
    macs: int
    loss: float


def allocate(choices: Mapping[str, Sequence[Choice]], budget: int) -> dict[str, Choice]:
    """
    Choose one of the choices of every layer, so that together they stay within a budget.

    Each layer begins with its most expensive choice. Then, again and again, the step of one
    layer to any cheaper choice is taken that costs least loss per multiply-accumulate saved. The
    last step only has to reach the budget: of those that do, the one of least loss is taken.
    Raises CompressionError when the budget is below the cheapest choices.
    """
    cheapest = sum(min(choice.macs for choice in of_layer) for of_layer in choices.values())
    if cheapest > budget:
        raise CompressionError(f'expected a budget of at least {cheapest} multiply-accumulates, '
                               f'which the lowest ranks need, got {budget}; keep more of them')
    chosen = {name: max(of_layer, key=lambda choice: choice.macs)
              for name, of_layer in choices.items()}
    surplus = sum(choice.macs for choice in chosen.values()) - budget
    while surplus > 0:
        steps = list(_steps(choices, chosen))
        step = min(steps, key=lambda step: (step.loss / step.saved, -step.saved))
        if step.saved >= surplus:
            step = min((step for step in steps if step.saved >= surplus),
                       key=lambda step: step.loss)
        surplus -= step.saved
        chosen[step.name] = step.choice
    return chosen


@dataclass(frozen=True)
class _Step:
    """The change of one layer to a cheaper choice."""

    name: str
    choice: Choice
    saved: int
    loss: float


def _steps(
    choices: Mapping[str, Sequence[Choice]], chosen: Mapping[str, Choice]
) -> Iterator[_Step]:
    for name, of_layer in choices.items():
        now = chosen[name]
        for choice in of_layer:
            if choice.macs < now.macs:
                yield _Step(name, choice, now.macs - choice.macs, choice.loss - now.loss)


def search(
    network: Network, input_size: int, evidence: Evidence, share: float, strength: float
) -> dict[str, int]:
    """
    Return the ranks, multiples of 8, of the convolutions to factor, by name.

    With them the network needs at most this share of its multiply-accumulates. Raises
    CompressionError.
    """
    choices = rank_choices(network, input_size, evidence, strength)
    total = sum(layer_macs(network, input_size).values())
    allocated = allocate(choices, int(share * total))
    return {name: choice.rank for name, choice in allocated.items() if choice.rank}


def rank_choices(
    network: Network, input_size: int, evidence: Evidence, strength: float
) -> dict[str, list[Choice]]:
    """
    Return for every convolution what it can become: itself, or a pair of a lower rank.

    ``evidence`` are the moments and the curvature of those that may be factored. What a rank
    loses is what the errors of the pre-activations do to the outputs.
    """
    macs = layer_macs(network, input_size)
    choices = {name: [Choice(0, count, 0.0)] for name, count in macs.items()}
    for conv in candidates(network):
        if conv.name not in evidence:
            continue
        parts = fit_convolution(network, conv, *evidence[conv.name], strength)
        patch, channels = parts.fit.kernel.shape
        places = macs[conv.name] // (patch * channels)
        choices[conv.name] += [
            Choice(rank, places * rank * (patch + channels), parts.lost(rank))
            for rank in range(RANK_STEP, rank_limit(network, conv), RANK_STEP)
        ]
    return choices
