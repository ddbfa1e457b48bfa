# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What pruning with and without retraining led to, beside the paper's table 1 and figure 5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compressed_detector.classics.deep_compression_report import losses
from compressed_detector.classics.deep_compression_tables import PaperNetwork
from compressed_detector.classics.results import Cell, Curve, Figure, Plot, Result, Table

WAYS = {
    'l1': 'L1, not retrained', 'l2': 'L2, not retrained', 'l1_retrained': 'L1, retrained',
    'l2_retrained': 'L2, retrained', 'l2_iterated': 'L2, pruned and retrained step by step',
}
# Without loss: no more than this below the same curve's dense network, on average over seeds.
TOLERANCE = 0.005
# Table 1: of both LeNets a twelfth is left.
PAPER_FEWER = 12
# Table 1: accuracies before and after (errors 1.64 and 1.59 %, 0.80 and 0.77 %).
PAPER_ACCURACIES = {'LeNet-300-100': (0.9836, 0.9841), 'LeNet-5': (0.9920, 0.9923)}


@dataclass(frozen=True)
class Sweep:
    """Accuracies (0 to 1) of one network by sparsity, by way (see WAYS), for every seed."""

    title: str
    seeds: tuple[Mapping[str, Mapping[float, float]], ...]

    @property
    def sparsities(self) -> tuple[float, ...]:
        """The shares of weights removed, ascending, 0 first."""
        return tuple(self.seeds[0]['l2'])

    def at(self, way: str, sparsity: float) -> list[float]:
        """Return the accuracies of all seeds."""
        return [curves[way][sparsity] for curves in self.seeds]

    def mean(self, way: str, sparsity: float) -> float:
        """Return the mean accuracy."""
        return float(np.mean(self.at(way, sparsity)))

    def without_loss(self, way: str) -> float:
        """Return the highest sparsity up to which nothing is lost."""
        reached = 0.0
        for sparsity in self.sparsities:
            if self.mean(way, 0.0) - self.mean(way, sparsity) > TOLERANCE:
                break
            reached = sparsity
        return reached


@dataclass(frozen=True)
class Pruned:
    """Parameters before and after, and accuracies, of one seed pruned to the paper's densities."""

    parameters: int
    left: int
    dense: float
    dense_as_long: float
    pruned: float


# A network's title, the paper's densities, and what every seed led to.
Study = tuple[str, PaperNetwork, tuple[Pruned, ...]]


def report(data: str, sweep: Sweep, studies: Sequence[Study]) -> Result:
    """Return the result of the experiment."""
    return Result(
        tuple([figure for study in studies for figure in _figures(*study)]
              + _sweep_figures(sweep)),
        (*(_twelfth(data, *study) for study in studies), *findings(data, sweep)),
        (_table(sweep),),
        (_plot(sweep),),
        {'tolerance': TOLERANCE},
    )


def _figures(title: str, paper: PaperNetwork, found: Sequence[Pruned]) -> list[Figure]:
    published = PAPER_ACCURACIES[title]
    return [
        Figure.over_seeds(f'fewer_parameters, {title}',
                          [item.parameters / item.left for item in found], PAPER_FEWER, 'x'),
        Figure.over_seeds(f'accuracy_dense, {title}', [item.dense for item in found],
                          published[0]),
        Figure.over_seeds(f'accuracy_dense_as_long, {title}',
                          [item.dense_as_long for item in found], published[0]),
        Figure.over_seeds(f'accuracy_pruned, {title}', [item.pruned for item in found],
                          published[1]),
    ]


def _sweep_figures(sweep: Sweep) -> list[Figure]:
    return [Figure(f'sparsity_without_loss_{way}, {sweep.title}', sweep.without_loss(way))
            for way in WAYS]


def _twelfth(data: str, title: str, paper: PaperNetwork, found: Sequence[Pruned]) -> str:
    fewer = float(np.mean([item.parameters / item.left for item in found]))
    return (f'{title} on {data}: {fewer:.1f} times fewer parameters. '
            f'{losses([item.pruned for item in found], found)}')


def findings(data: str, sweep: Sweep) -> tuple[str, ...]:
    """Return what the curves say, in sentences."""
    title, high = f'{sweep.title} on {data}', sweep.sparsities[-1]
    reached = {way: f'{100 * sweep.without_loss(way):.0f} %' for way in WAYS}
    return (
        f'{title}: at most {100 * TOLERANCE:g} points are lost up to {reached["l2"]} removed '
        f'without retraining, {reached["l2_retrained"]} with it, {reached["l2_iterated"]} step '
        'by step (L2).',
        f'{title}: without retraining {_better(sweep, "l1", "l2")} (the paper: L1); with '
        f'retraining {_better(sweep, "l1_retrained", "l2_retrained")} (the paper: L2).',
        f'{title}: at {100 * high:.0f} % removed, step by step is '
        f'{100 * (sweep.mean("l2_iterated", high) - sweep.mean("l2_retrained", high)):+.2f} '
        'points from at once, retrained.',
    )


def _better(sweep: Sweep, one: str, other: str) -> str:
    """Say which of two ways is better on average over all sparsities but 0."""
    means = [float(np.mean([sweep.mean(way, sparsity) for sparsity in sweep.sparsities[1:]]))
             for way in (one, other)]
    best = ('L1', 'L2')[means[1] > means[0]]
    return f'{best} is better, by {100 * abs(means[1] - means[0]):.2f} points on average'


def _table(sweep: Sweep) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (f'{100 * sparsity:.0f} %',
         *(round(100 * sweep.mean(way, sparsity), 2) for way in WAYS))
        for sparsity in sweep.sparsities]
    return Table(f'{sweep.title}: accuracy in % by the share of weights removed',
                 ('removed', *WAYS.values()), tuple(rows))


def _plot(sweep: Sweep) -> Plot:
    x = tuple(100 * sparsity for sparsity in sweep.sparsities)
    curves = []
    for way, label in WAYS.items():
        figures = [Figure.over_seeds('', [
            100 * (value - dense) for value, dense in zip(sweep.at(way, sparsity),
                                                          sweep.at(way, 0.0))])
            for sparsity in sweep.sparsities]
        curves.append(Curve(label, x, tuple(item.here for item in figures),
                            tuple(item.spread for item in figures)))
    return Plot('learning_both', f'{sweep.title}: what pruning loses (figure 5)',
                'parameters pruned away (%)', 'accuracy against dense (points)', tuple(curves))
