# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What Deep Compression led to, beside the paper's tables 1, 2 and 3."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from compressed_detector.classics.accounting import KernelSize, huffman_ratio, shared_ratio
from compressed_detector.classics.deep_compression_tables import PaperNetwork
from compressed_detector.classics.results import Cell, Figure, Result, Table

FLOAT_BYTES = 4
REACH = 60


@dataclass(frozen=True)
class Filed:
    """An archive: its size, what the paper would count of it, and what the network in it knows."""

    accuracy: float
    file_bytes: int
    coded_bits: float


@dataclass(frozen=True)
class Found:
    """What one seed of one network led to; accuracies are from 0 to 1."""

    parameters: int
    dense: float
    dense_as_long: float
    pruned: float
    sizes: tuple[KernelSize, ...]
    with_paper_bits: tuple[KernelSize, ...]
    compressed: Filed
    reach: Filed

    @property
    def left(self) -> int:
        """The weights that are not removed, and the biases."""
        return self.parameters - sum(size.weights - size.kept for size in self.sizes)

    @property
    def reach_ratio(self) -> float:
        """By how much the kernels have shrunk in the archive that goes further."""
        return sum(size.dense_bits for size in self.sizes) / self.reach.coded_bits

    def true_ratio(self, filed: Filed) -> float:
        """Return by how much the parameters, as floats, are larger than the archive."""
        return FLOAT_BYTES * self.parameters / filed.file_bytes


# A network's title, the paper's figures, and what every seed led to.
Study = tuple[str, PaperNetwork, tuple[Found, ...]]


def report(data: str, studies: Sequence[Study]) -> Result:
    """Return the result of the experiment."""
    return Result(
        tuple(figure for study in studies for figure in _figures(*study)),
        tuple(sentence for study in studies for sentence in findings(data, *study)) + (
            'All networks learn with the same penalty on large weights, and nothing is '
            'augmented. Accuracies of compressed networks are those of the .tflite file that was '
            'decoded from the archive.',
        ),
        (_summary(studies), *(_layers(*study) for study in studies)),
    )


def _figures(title: str, paper: PaperNetwork, found: Sequence[Found]) -> list[Figure]:
    def figure(
        name: str, value: Callable[[Found], float], published: float | None = None, unit: str = ''
    ) -> Figure:
        return Figure.over_seeds(f'{name}, {title}', [value(item) for item in found], published,
                                 unit)

    return [
        figure('ratio_paper_accounting', lambda item: huffman_ratio(item.sizes), paper.ratio,
               'x'),
        figure('ratio_before_huffman', lambda item: shared_ratio(item.sizes),
               1 / _paper_share(found[0].sizes, paper, 'shared'), 'x'),
        figure('ratio_with_paper_bits', lambda item: huffman_ratio(item.with_paper_bits),
               paper.ratio, 'x'),
        figure('ratio_true_bytes', lambda item: item.true_ratio(item.compressed), None, 'x'),
        figure('file_bytes', lambda item: item.compressed.file_bytes, None, 'bytes'),
        figure('fewer_parameters', lambda item: item.parameters / item.left, 12, 'x'),
        figure('accuracy_dense', lambda item: item.dense, paper.accuracy_dense),
        figure('accuracy_dense_as_long', lambda item: item.dense_as_long, paper.accuracy_dense),
        figure('accuracy_pruned', lambda item: item.pruned),
        figure('accuracy_compressed', lambda item: item.compressed.accuracy,
               paper.accuracy_compressed),
        figure('reach_ratio_paper_accounting', lambda item: item.reach_ratio, None, 'x'),
        figure('reach_ratio_true_bytes', lambda item: item.true_ratio(item.reach), None, 'x'),
        figure('reach_file_bytes', lambda item: item.reach.file_bytes, None, 'bytes'),
        figure('reach_accuracy', lambda item: item.reach.accuracy),
    ]


def findings(
    data: str, title: str, paper: PaperNetwork, found: Sequence[Found]
) -> tuple[str, ...]:
    """Return whether the paper's ratio and this project's holds without loss, in sentences."""
    ratio = _mean(found, lambda item: huffman_ratio(item.sizes))
    true = _mean(found, lambda item: item.true_ratio(item.compressed))
    further = _mean(found, lambda item: item.reach_ratio)
    true_further = _mean(found, lambda item: item.true_ratio(item.reach))
    compressed = [item.compressed.accuracy for item in found]
    return (
        f"{title} on {data}: {ratio:.1f}x by the paper's accounting ({paper.ratio:g}x "
        f'{_held(ratio >= paper.ratio)}), {true:.1f}x in bytes of the file. '
        f'{losses(compressed, found)}',
        f'{title} on {data}, further than the paper: {further:.1f}x by its accounting ({REACH}x '
        f'{_held(further >= REACH)}), {true_further:.1f}x in bytes of the file. '
        f'{losses([item.reach.accuracy for item in found], found)}',
        f"{title} on {data}: the paper's rows add up to "
        f'{1 / _paper_share(found[0].sizes, paper, "huffman"):.1f}x; with its bits for codes and '
        f'gaps it is {_mean(found, lambda item: huffman_ratio(item.with_paper_bits)):.1f}x here.',
    )


def _held(holds: bool) -> str:
    return 'are reached' if holds else 'are not reached'


class WithDense(Protocol):
    """What a seed's dense networks know: as they were compressed, and trained for as long."""

    @property
    def dense(self) -> float:
        """The accuracy of the dense network that is compressed."""

    @property
    def dense_as_long(self) -> float:
        """That of the same, trained on for as many epochs as the compression takes."""


def losses(accuracies: Sequence[float], found: Sequence[WithDense]) -> str:
    """Return the mean accuracy of all seeds beside those of both dense networks, in words."""
    before, longer = [item.dense for item in found], [item.dense_as_long for item in found]
    return (f'Accuracy {percent(accuracies)}: {_loss(accuracies, before)} against the dense '
            f'network that was compressed ({percent(before)}), {_loss(accuracies, longer)} '
            f'against the same trained on for as long ({percent(longer)}).')


def _loss(accuracies: Sequence[float], dense: Sequence[float]) -> str:
    difference = 100 * float(np.mean(accuracies) - np.mean(dense))
    verdict = 'no loss' if difference >= 0 else 'a loss'
    return f'{verdict} ({difference:+.2f} points)'


def percent(values: Sequence[float]) -> str:
    """Return the mean and the standard deviation of accuracies, in percent."""
    figure = Figure.over_seeds('', values)
    return f'{100 * figure.here:.2f} ± {100 * figure.spread:.2f} %'


def _summary(studies: Sequence[Study]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for title, paper, found in studies:
        kilobytes = FLOAT_BYTES * found[0].parameters / 1000
        for how, ratio, filed in (
            ('as in the paper', _mean(found, lambda item: huffman_ratio(item.sizes)),
             [item.compressed for item in found]),
            ('reach', _mean(found, lambda item: item.reach_ratio),
             [item.reach for item in found]),
        ):
            rows.append((
                title, how, round(kilobytes), round(np.mean([item.file_bytes for item in filed])
                                                    / 1000, 1),
                round(ratio, 1), paper.ratio if how != 'reach' else None,
                percent([item.dense for item in found]),
                percent([item.dense_as_long for item in found]),
                percent([item.accuracy for item in filed]),
                f'{100 * paper.accuracy_dense:.2f} -> {100 * paper.accuracy_compressed:.2f} %'
                if how != 'reach' else None,
            ))
    return Table('Size and accuracy (table 1)', (
        'network', '', 'dense kB', 'file kB', 'ratio', 'paper', 'dense accuracy',
        'trained as long', 'compressed accuracy', 'paper'), tuple(rows))


def _layers(title: str, paper: PaperNetwork, found: Sequence[Found]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for index, (name, layer) in enumerate(paper.layers.items()):
        sizes = [item.sizes[index] for item in found]
        rows.append((
            name.removesuffix('_weight'), sizes[0].weights,
            *_pair(np.mean([size.density for size in sizes]), layer.density),
            f'{sizes[0].bits.code} ({layer.bits.code})',
            *_bits([size.huffman_code_bits for size in sizes], layer.code_bits),
            f'{sizes[0].bits.gap} ({layer.bits.gap})',
            *_bits([size.huffman_gap_bits for size in sizes], layer.gap_bits),
            *_pair(np.mean([size.shared_bits / size.dense_bits for size in sizes]),
                   layer.shared),
            *_pair(np.mean([size.huffman_bits / size.dense_bits for size in sizes]),
                   layer.huffman),
        ))
    everything = [found_item.sizes for found_item in found]
    total = found[0].parameters
    rows.append((
        'total', total, *_pair(np.mean([
            sum(size.kept for size in sizes) / sum(size.weights for size in sizes)
            for sizes in everything]), _paper_density(everything[0], paper)),
        None, None, None, None, None, None,
        *_pair(np.mean([1 / shared_ratio(sizes) for sizes in everything]),
               _paper_share(everything[0], paper, 'shared')),
        *_pair(np.mean([1 / huffman_ratio(sizes) for sizes in everything]),
               _paper_share(everything[0], paper, 'huffman')),
    ))
    return Table(f"{title} layer by layer (tables 2 and 3), each with the paper's", (
        'layer', 'weights', 'left', 'paper', 'code bits (paper)', 'Huffman', 'paper',
        'gap bits (paper)', 'Huffman', 'paper', 'before Huffman', 'paper', 'after Huffman',
        'paper',
    ), tuple(rows))


def _paper_share(sizes: Sequence[KernelSize], paper: PaperNetwork, kind: str) -> float:
    """Return the paper's size of all layers, from its size of each."""
    dense = [size.dense_bits for size in sizes]
    shares = [getattr(layer, kind) for layer in paper.layers.values()]
    return float(np.dot(dense, shares) / sum(dense))


def _paper_density(sizes: Sequence[KernelSize], paper: PaperNetwork) -> float:
    weights = [size.weights for size in sizes]
    return float(np.dot(weights, list(paper.densities.values())) / sum(weights))


def _mean(found: Sequence[Found], value: Callable[[Found], float]) -> float:
    return float(np.mean([value(item) for item in found]))


def _pair(share: Any, published: float) -> tuple[str, str]:
    return f'{100 * float(share):.2f} %', f'{100 * published:.2f} %'


def _bits(values: Sequence[float], published: float) -> tuple[float, float]:
    return round(float(np.mean(values)), 2), published
