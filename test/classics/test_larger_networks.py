# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The larger networks on a few digits: the whole pipeline, and sentences that stay honest."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from compressed_detector.classics.accounting import Bits, KernelSize
from compressed_detector.classics.data import Dataset, Samples, load
from compressed_detector.classics.experiment import perform
from compressed_detector.classics.experiments import EXPERIMENTS
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.larger_networks_report import Found, report
from compressed_detector.classics.larger_networks_steps import (
    FULL,
    QUICK,
    SIDE,
    TEST_PICTURES,
    Steps,
    part_of,
)
from compressed_detector.classics.networks.imagenet import (
    ALEXNET,
    ARCHITECTURES,
    GOOGLENET,
    Architecture,
)
from compressed_detector.compression.progress import silent


@pytest.fixture(scope='module')
def lab(digits_work: Path) -> Lab:
    return Lab(load('digits'), (0,), True, digits_work / 'larger_networks', silent)


@pytest.fixture(scope='module')
def found(lab: Lab) -> dict:
    return perform(EXPERIMENTS['larger_networks'], lab)


def test_a_few_digits_lose_little_in_a_network_a_twentieth_as_large(found: dict) -> None:
    here = {name.removesuffix(', AlexNet'): value for name, value in found['here'].items()}
    assert here['parameters_published_shape'] == 60_965_000  # five digits of 60,965,224
    assert here['ratio_paper_accounting'] > 25
    assert here['ratio_true_bytes'] > 25
    assert here['accuracy_dense'] > 0.85
    assert here['accuracy_compressed'] > here['accuracy_dense'] - 0.06


def test_compressed_weights_have_the_published_densities_and_few_values(
    found: dict, lab: Lab
) -> None:
    place = dataclasses.replace(lab, data=part_of(lab.data, QUICK.pictures))
    steps = Steps(place, ALEXNET, QUICK, 0)
    trial = steps.shared()
    for name, bits in steps.bits().items():
        kernel = trial.classifier.weights[name]
        values = np.unique(kernel[kernel != 0])
        assert values.size <= (1 << bits.code) - 1
        density = ALEXNET.densities[name.removesuffix('_weight')]
        assert np.count_nonzero(kernel) / kernel.size == pytest.approx(density, abs=1e-3)
    assert not [name for name in trial.classifier.weights if 'norm' in name]


def test_it_is_said_that_this_is_not_imagenet(found: dict) -> None:
    assert 'digits' in found['findings'][0]
    assert 'not ImageNet' in found['findings'][0]


@pytest.mark.parametrize('name', ARCHITECTURES)
def test_codebooks_have_the_published_bits_where_they_are_worth_it(
    name: str, lab: Lab
) -> None:
    architecture = ARCHITECTURES[name]
    bits = Steps(lab, architecture, FULL, 0).bits()
    assert list(bits) == [f'{layer}_weight' for layer in architecture.shapes]
    for layer, shape in architecture.small_shapes.items():
        code, kept = bits[f'{layer}_weight'].code, np.prod(shape) * architecture.densities[layer]
        assert code == 5 if len(shape) == 2 else 5 <= code <= 8
        assert code == 5 or 2 ** code <= kept / 8


def test_data_sorted_by_classes_are_learned_from_in_part_all_the_same() -> None:
    labels = np.repeat(np.arange(10, dtype=np.uint8), 50)
    samples = Samples(np.zeros((500, 28, 28), np.uint8), labels)
    part = part_of(Dataset('sorted', samples, samples), 100)
    assert len(part.train) == 100
    assert len(part.test) == 500
    assert part.train.images.shape[1:] == part.test.images.shape[1:] == (SIDE, SIDE)
    assert set(part.train.labels) == set(range(10))


def test_the_test_is_on_other_training_pictures_where_there_are_enough() -> None:
    numbers = np.arange(TEST_PICTURES + 100, dtype=np.uint32)
    images = np.zeros((len(numbers), 28, 28), np.uint8)
    images[:, 0, :4] = numbers.view(np.uint8).reshape(-1, 4)
    samples = Samples(images, np.zeros(len(numbers), np.uint8))
    few = Samples(images[:3], samples.labels[:3])
    part = part_of(Dataset('numbered', samples, few), 100)
    learned, tested = (set(map(bytes, picked.images.reshape(len(picked), -1)))
                       for picked in (part.train, part.test))
    assert (len(learned), len(tested)) == (100, TEST_PICTURES)
    assert not learned & tested
    assert len(part_of(Dataset('numbered', samples, few), 101).test) == 3


def outcome(architecture: Architecture, entries: int, compressed: float) -> Found:
    sizes = tuple(KernelSize(f'{layer}_weight', 1000, entries, entries, 15, Bits(5, 4), 3.5, 3.5)
                  for layer in architecture.shapes)
    return Found(1000 * len(sizes), {'dense': 0.9, 'longer': 0.91, 'pruned': 0.89,
                                     'shared': compressed}, sizes, 4000, 5)


@pytest.mark.parametrize(('entries', 'compressed', 'said'), [
    (30, 0.92, ('at least the 35x', 'no loss (+1.00 points)', 'the published densities')),
    (100, 0.90, ('less than the 35x', 'a loss (-1.00 points)', 'the better dense network')),
])
def test_findings_follow_the_figures(
    entries: int, compressed: float, said: tuple[str, ...]
) -> None:
    found = outcome(ALEXNET, entries, compressed)
    result = report('digits', 100, False, [(ALEXNET, 60_965_224, [found])])
    for part in said:
        assert part in result.findings[2]
    assert 'as published' in result.findings[1]
    assert '243.9 MB' in result.findings[1]


def test_densities_of_our_own_are_called_so_and_other_counts_are_not_the_published() -> None:
    result = report('digits', 100, False, [(GOOGLENET, 7_000_000, [outcome(GOOGLENET, 30, 0.9)])])
    assert 'not published' in result.findings[1]
    assert 'densities of our choice' in result.findings[2]


def test_every_row_of_the_slides_table_is_in_the_summary() -> None:
    studies = [(item, item.paper.parameters, [outcome(item, 30, 0.9)])
               for item in ARCHITECTURES.values()]
    result = report('digits', 100, False, studies)
    assert [(row[0], row[6]) for row in result.tables[0].rows] == [
        ('AlexNet', 35), ('VGG-16', 49), ('GoogLeNet', 10), ('ResNet-18', 11)]
    (plot,) = result.plots
    assert [curve.label for curve in plot.curves] == [
        'AlexNet', 'VGG-16', 'GoogLeNet', 'ResNet-18']
