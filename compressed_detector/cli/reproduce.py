# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""compress_model reproduce: the headline results of the papers, on data that installs offline."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.classics import experiment as experiments
from compressed_detector.classics.data import DATASETS, SIDE, Dataset, Samples, load
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.experiments import EXPERIMENTS
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.larger_networks import LARGER_NETWORKS
from compressed_detector.classics.networks.imagenet import ARCHITECTURES
from compressed_detector.classics.weights_brought import brought
from compressed_detector.cli.progress import open_progress
from compressed_detector.errors import CompressionError

DEFAULT_OUTPUT = Path('out/classics')
RESULTS = 'classics.json'
FULL_DATA, QUICK_DATA = 'fashion-mnist', 'digits'
NOTHING = Samples(np.zeros((0, SIDE, SIDE), np.uint8), np.zeros(0, np.uint8))
NO_DATA = Dataset('no pictures', NOTHING, NOTHING)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command reproduce to compress_model."""
    known = '\n'.join(f'  {item.name:<18}{item.title}' for item in EXPERIMENTS.values())
    parser = commands.add_parser(
        'reproduce', help="the papers' headline results, on data that installs offline",
        description='Run an experiment, show what the paper has and what was found here, and '
                    f'add it to DIR/{RESULTS}. Interrupted, it goes on where it was.\n\n'
                    f'experiments:\n{known}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('name', choices=(*EXPERIMENTS, 'all'), metavar='NAME',
                        help='one of the experiments above, or all')
    parser.add_argument('--quick', action='store_true',
                        help='minutes instead of hours: the same code on less of everything')
    parser.add_argument('--dataset', choices=tuple(DATASETS),
                        help=f'default {FULL_DATA}; with --quick {QUICK_DATA}')
    parser.add_argument('--data', type=Path, metavar='DIR', help='where the dataset is')
    parser.add_argument('--seeds', type=_seeds, metavar='N,N,...',
                        help='repeat with these; default: what the published page has')
    parser.add_argument('--output', type=Path, default=DEFAULT_OUTPUT, metavar='DIR',
                        help='default %(default)s')
    brought = parser.add_argument_group('weights of your own, for larger_networks')
    brought.add_argument('--weights', type=Path, metavar='FILE',
                         help='compress these in place of training: a .h5, .keras or .npz with '
                              'the weights of a network in its published shape, for ImageNet')
    brought.add_argument('--network', choices=tuple(ARCHITECTURES), help='which one it is')
    parser.set_defaults(run=run)


def _seeds(text: str) -> tuple[int, ...]:
    seeds = tuple(int(part) for part in text.split(','))
    if min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise ValueError
    return seeds


def run(arguments: argparse.Namespace) -> None:
    """Run the experiments one after the other; each one's result is kept when it is there."""
    if arguments.weights or arguments.network:
        _perform(_brought(arguments), NO_DATA, 'weights', arguments)
        return
    name = arguments.dataset or (QUICK_DATA if arguments.quick else FULL_DATA)
    data = load(name, arguments.data)
    chosen = EXPERIMENTS if arguments.name == 'all' else [arguments.name]
    variant = f'{name}-quick' if arguments.quick else name
    for item in (EXPERIMENTS[key] for key in chosen):
        _perform(item, data, variant, arguments)


def _brought(arguments: argparse.Namespace) -> Experiment:
    if arguments.name != LARGER_NETWORKS.name or not (arguments.weights and arguments.network):
        raise CompressionError(
            f'expected --weights FILE and --network NAME together, and {LARGER_NETWORKS.name}, '
            f'got {arguments.name}, --weights {arguments.weights}, --network {arguments.network}')
    return brought(ARCHITECTURES[arguments.network], arguments.weights)


def _perform(
    item: Experiment, data: Dataset, variant: str, arguments: argparse.Namespace
) -> None:
    """Run an experiment in the variant's folder, keep its result, and show it."""
    seeds = arguments.seeds or (item.quick_seeds if arguments.quick else item.seeds)
    with open_progress() as progress:
        lab = Lab(data, seeds, arguments.quick,
                  arguments.output / 'work' / variant / item.name, progress)
        found = experiments.perform(item, lab)
    key = item.name if data.name in (FULL_DATA, NO_DATA.name) else f'{item.name} ({data.name})'
    experiments.merge(arguments.output / RESULTS, key, found)
    show(item, found)
    print(f'wrote {arguments.output / RESULTS}')


def show(item: Experiment, found: dict[str, Any]) -> None:
    """Print paper, here and ratio as a table, and what the experiment says of it."""
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError as error:
        raise CompressionError(f'rich cannot be imported ({error})') from error
    table = Table(title=f'{item.title} ({found["data"]}, seeds {found["seeds"]})')
    for column in ('', 'paper', 'here', 'ratio'):
        table.add_column(column, justify='left' if not column else 'right')
    for figure in experiments.figures_of(found):
        spread = f' ± {figure.spread:.2g}' if figure.spread else ''
        table.add_row(
            f'{figure.name} {figure.unit}'.strip(),
            '' if figure.paper is None else f'{figure.paper:.4g}',
            f'{figure.here:.4g}{spread}',
            '' if figure.ratio is None else f'{figure.ratio:.2f}',
        )
    console = Console()
    console.print(table)
    for finding in found['findings']:
        console.print(f'- {finding}')
