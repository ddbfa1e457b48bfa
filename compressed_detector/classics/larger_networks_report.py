# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What compression of the larger networks led to, beside what was published on ImageNet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compressed_detector.classics.accounting import KernelSize, huffman_ratio, shared_ratio
from compressed_detector.classics.networks.imagenet import Architecture
from compressed_detector.classics.results import Cell, Curve, Figure, Plot, Result, Table

FLOAT_BYTES = 4
MB, MIB = 1e6, 2**20


@dataclass(frozen=True)
class Found:
    """
    What one seed of one small variant led to.

    ``accuracies`` (0 to 1) are of the steps dense, longer, pruned and shared. ``extra_epochs``
    are those of retraining.
    """

    parameters: int
    accuracies: Mapping[str, float]
    sizes: tuple[KernelSize, ...]
    file_bytes: int
    extra_epochs: int

    @property
    def dense_bytes(self) -> int:
        """The bytes of all parameters in float32."""
        return FLOAT_BYTES * self.parameters

    @property
    def ratio(self) -> float:
        """By how much the kernels have shrunk, by the paper's accounting."""
        return huffman_ratio(self.sizes)

    @property
    def true_ratio(self) -> float:
        """By how much the file is smaller than the parameters in float32."""
        return self.dense_bytes / self.file_bytes

    @property
    def density(self) -> float:
        """The share of weights that are left."""
        return density_of(self.sizes)


def density_of(sizes: Sequence[KernelSize]) -> float:
    """Return the share of weights that are left in all kernels together."""
    return sum(size.kept for size in sizes) / sum(size.weights for size in sizes)


# A network, the parameters in its published shape, and what every seed of the small one led to.
Study = tuple[Architecture, int, Sequence[Found]]


def report(data: str, pictures: int, blind: bool, studies: Sequence[Study]) -> Result:
    """
    Return the result of the experiment on so many training pictures of a dataset.

    ``blind``: the test was on pictures that no plan had seen.
    """
    return Result(
        tuple(figure for study in studies for figure in _figures(*study)),
        (_said_of_data(data, pictures, blind, studies),
         *(_said_of_size(*study) for study in studies),
         *(_said_of_compression(*study) for study in studies)),
        (_summary(data, studies), _published(studies),
         *(layer_table(f'{architecture.title}, small variant, layer by layer', architecture,
                       found[0].sizes) for architecture, _, found in studies)),
        (_plot(data, studies),),
        {'training_pictures': pictures, 'test_data': data, 'blind': blind},
    )


def _mean(found: Sequence[Found], name: str) -> float:
    return float(np.mean([getattr(item, name) for item in found]))


def _accuracy(found: Sequence[Found], step: str) -> float:
    return float(np.mean([item.accuracies[step] for item in found]))


def _figures(
    architecture: Architecture, parameters: int, found: Sequence[Found]
) -> list[Figure]:
    title, paper = architecture.title, architecture.paper

    def figure(name: str, values: Sequence[float], published: float | None = None,
               unit: str = '') -> Figure:
        return Figure.over_seeds(f'{name}, {title}', values, published, unit)

    return [
        figure('parameters_published_shape', [parameters], paper.parameters),
        figure('float_mb_published_shape', [FLOAT_BYTES * parameters / MB], paper.dense_mb, 'MB'),
        figure('ratio_paper_accounting', [item.ratio for item in found], paper.ratio, 'x'),
        figure('ratio_true_bytes', [item.true_ratio for item in found], None, 'x'),
        figure('file_bytes', [item.file_bytes for item in found], None, 'bytes'),
        *(figure(f'accuracy_{name}', [item.accuracies[step] for item in found])
          for step, name in (('dense', 'dense'), ('longer', 'dense_as_long'),
                             ('pruned', 'pruned'), ('shared', 'compressed'))),
    ]


def _said_of_data(data: str, pictures: int, blind: bool, studies: Sequence[Study]) -> str:
    tested = (' on other pictures: the test is on some that none of them had seen' if blind else
              ': these accuracies are not blind')
    epochs = studies[0][2][0].extra_epochs
    return (
        f'This is {data}, {pictures} of its training pictures, padded to 32x32, ten classes; it '
        'is not ImageNet. The small variants have the depth and structure of the published '
        'networks, not their widths and stem; they learn with batch norm, which is folded before '
        'compression, and they are far from what longer training would reach. Retraining takes '
        f'{epochs} epochs, and the dense network is shown after as many more, too. How long, and '
        'how many bits the smallest kernels have, was settled after earlier plans had been '
        f'tested{tested}.'
    )


def _said_of_size(architecture: Architecture, parameters: int, _: Sequence[Found]) -> str:
    size, paper = FLOAT_BYTES * parameters, architecture.paper
    unit, published = min(
        (('MB', size / MB), ('MiB', size / MIB)), key=lambda pair: abs(pair[1] - paper.dense_mb))
    return (f'{architecture.title} in its published shape has {parameters} parameters '
            f'({"as" if parameters == paper.parameters else "not"} published), in float32 '
            f'{size / MB:.1f} MB = {size / MIB:.1f} MiB: the {paper.dense_mb:g} of the table is '
            f'nearest to {published:.1f} {unit}.')


def _said_of_compression(
    architecture: Architecture, _: int, found: Sequence[Found]
) -> str:
    ratio, paper = _mean(found, 'ratio'), architecture.paper.ratio
    dense = max(_accuracy(found, 'dense'), _accuracy(found, 'longer'))
    difference = 100 * (_accuracy(found, 'shared') - dense)
    densities = ('the published densities' if architecture.densities_published else
                 'densities of our choice, as none are published')
    return (
        f'{architecture.title}, small variant: {_mean(found, "dense_bytes") / 1000:.0f} kB, '
        f"{ratio:.1f}x by the paper's accounting at {densities} "
        f'({100 * _mean(found, "density"):.0f} % of the weights left), '
        f'{"at least" if ratio >= paper else "less than"} the {paper:g}x of the published network '
        f'on ImageNet; {_mean(found, "true_ratio"):.1f}x in bytes of the file. Accuracy '
        f'{100 * _accuracy(found, "shared"):.2f} % against {100 * dense:.2f} % of the better '
        f'dense network: {"no loss" if difference >= 0 else "a loss"} ({difference:+.2f} points).'
    )


def _summary(data: str, studies: Sequence[Study]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for architecture, _, found in studies:
        paper = architecture.paper
        rows.append((
            architecture.title, data, round(_mean(found, 'dense_bytes') / 1000),
            round(_mean(found, 'file_bytes') / 1000, 1), round(_mean(found, 'ratio'), 1),
            round(_mean(found, 'true_ratio'), 1), paper.ratio,
            *(f'{100 * _accuracy(found, step):.2f} %' for step in ('dense', 'longer', 'shared')),
            f'{100 * paper.accuracy_dense:.2f} -> {100 * paper.accuracy_compressed:.2f} %',
        ))
    return Table('Small variants, compressed', (
        'network', 'data', 'dense kB', 'file kB', 'ratio', 'ratio of bytes',
        'published ratio (ImageNet)', 'accuracy dense', 'dense, trained as long', 'compressed',
        'published top-5 (ImageNet)'), tuple(rows))


def _published(studies: Sequence[Study]) -> Table:
    return Table('Published shapes', (
        'network', 'parameters', 'published', 'MB', 'MiB', 'published size',
        'published compressed size'), tuple(
            (architecture.title, parameters, architecture.paper.parameters,
             round(FLOAT_BYTES * parameters / MB, 1), round(FLOAT_BYTES * parameters / MIB, 1),
             architecture.paper.dense_mb, architecture.paper.compressed_mb)
            for architecture, parameters, _ in studies))


def layer_table(
    title: str, architecture: Architecture, sizes: Sequence[KernelSize]
) -> Table:
    """Return what each layer takes, with the paper's Huffman-coded share where it has one."""
    rows: list[tuple[Cell, ...]] = []
    for layer, size in zip(architecture.shapes, sizes):
        published = architecture.huffman.get(layer)
        rows.append((
            layer, size.weights, _percent(size.density), size.bits.code,
            round(size.huffman_code_bits, 2), size.bits.gap, round(size.huffman_gap_bits, 2),
            _percent(size.shared_bits / size.dense_bits),
            _percent(size.huffman_bits / size.dense_bits),
            None if published is None else _percent(published),
        ))
    rows.append(('total', sum(size.weights for size in sizes), _percent(density_of(sizes)),
                 None, None, None, None, _percent(1 / shared_ratio(tuple(sizes))),
                 _percent(1 / huffman_ratio(tuple(sizes))),
                 _percent(1 / architecture.paper.ratio)))
    return Table(title, (
        'layer', 'weights', 'left', 'code bits', 'Huffman', 'gap bits', 'Huffman',
        'before Huffman', 'after Huffman', 'paper',
    ), tuple(rows))


def _percent(share: float) -> str:
    return f'{100 * share:.2f} %'


def _plot(data: str, studies: Sequence[Study]) -> Plot:
    def curve(architecture: Architecture, found: Sequence[Found]) -> Curve:
        sizes = (1.0, _mean(found, 'density'),
                 float(np.mean([1 / shared_ratio(item.sizes) for item in found])),
                 1 / _mean(found, 'ratio'))
        steps = ('dense', 'pruned', 'shared', 'shared')
        return Curve(architecture.title, sizes,
                     tuple(_accuracy(found, step) for step in steps))

    return Plot(
        'larger_networks', f'Dense, pruned, shared, Huffman coded: small variants, {data}',
        'size of the weights, as a share of the dense ones', 'accuracy',
        tuple(curve(architecture, found) for architecture, _, found in studies), x_log=True)
