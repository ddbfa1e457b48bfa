# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Deep Compression on a few digits: the paper's accounting, its forms, and honest sentences."""


from pathlib import Path

import numpy as np
import pytest

from compressed_detector.classics.accounting import Bits, KernelSize
from compressed_detector.classics.data import load
from compressed_detector.classics.deep_compression import PLANS, plans_of
from compressed_detector.classics.deep_compression_report import (
    Filed,
    Found,
    findings,
    report,
)
from compressed_detector.classics.deep_compression_steps import Steps
from compressed_detector.classics.deep_compression_tables import PAPER
from compressed_detector.classics.experiment import perform
from compressed_detector.classics.experiments import EXPERIMENTS
from compressed_detector.classics.lab import Lab
from compressed_detector.compression.progress import silent

NAME = 'LeNet-300-100'


@pytest.fixture(scope='module')
def lab(digits_work: Path) -> Lab:
    return Lab(load('digits'), (0,), True, digits_work / 'deep_compression', silent)


@pytest.fixture(scope='module')
def found(lab: Lab) -> dict:
    return perform(EXPERIMENTS['deep_compression'], lab)


def test_a_few_digits_show_the_papers_ratio_about_and_little_is_lost(found: dict) -> None:
    here = {name.removesuffix(f', {NAME}'): value for name, value in found['here'].items()}
    assert here['ratio_paper_accounting'] > 36
    assert here['ratio_true_bytes'] > 34
    assert here['reach_ratio_paper_accounting'] > 52
    assert here['fewer_parameters'] == pytest.approx(12, abs=0.1)
    for name in ('accuracy_compressed', 'reach_accuracy'):
        assert here[name] > here['accuracy_dense_as_long'] - 0.04


def test_the_table_of_layers_has_the_papers_densities(found: dict) -> None:
    rows = {row[0]: row for row in found['tables'][1]['rows']}
    for layer, density in (('ip1', '8.00 %'), ('ip2', '9.00 %'), ('ip3', '26.00 %')):
        assert rows[layer][2:4] == [density, density]
    assert rows['total'][1] == 266610


def test_compressed_weights_are_as_their_forms_and_bits_say(found: dict, lab: Lab) -> None:
    (plan,) = plans_of(lab)
    for trial, bits, densities in (
        (Steps(lab, plan, 0).shared(), plan.bits, plan.paper.densities),
        (Steps(lab, plan, 0).reached(), plan.reach_bits, plan.reach_densities),
    ):
        for name, density in densities.items():
            kernel, form = trial.classifier.weights[name], trial.forms[name]
            assert np.count_nonzero(form.mask) == round(density * kernel.size)
            assert not kernel[~form.mask].any()
            # One code is the fillers'.
            assert len(np.unique(kernel[form.mask])) < 2 ** bits[name].code


def test_all_networks_that_are_compared_learn_for_as_long() -> None:
    for plan in PLANS.values():
        assert plan.retraining_epochs == (
            (plan.pruning.steps - 1) * plan.pruning.between.epochs
            + plan.pruning.last.epochs + plan.tuning_epochs)


@pytest.mark.parametrize(('network', 'sizes', 'ratio'), [
    ('lenet_300_100', (235200, 30000, 1000), 41.0),
    # The paper has 39x under these rows, which add up to less.
    ('lenet_5', (500, 25000, 400000, 5000), 36.6),
])
def test_what_the_papers_rows_add_up_to(
    network: str, sizes: tuple[int, ...], ratio: float
) -> None:
    shares = [layer.huffman for layer in PAPER[network].layers.values()]
    assert sum(sizes) / np.dot(sizes, shares) == pytest.approx(ratio, abs=0.1)


def one(compressed: float = 0.98, dense: float = 0.97, longer: float = 0.975,
        code_bits: float = 4.0) -> Found:
    sizes = tuple(
        KernelSize(name, 10000, 800, 800, 0, Bits(6, 5), code_bits, 4.0)
        for name in PAPER['lenet_300_100'].layers)
    return Found(30100, dense, longer, 0.98, sizes, sizes, Filed(compressed, 3000, 24000.0),
                 Filed(compressed, 2000, 12000.0))


def test_sentences_say_what_the_figures_are() -> None:
    paper = PAPER['lenet_300_100']
    good = findings('digits', NAME, paper, [one()])[0]
    assert '50.0x' in good
    assert '(40x are reached)' in good
    assert 'no loss (+1.00 points) against the dense network that was compressed' in good
    assert 'no loss (+0.50 points) against the same trained on for as long' in good
    bad = findings('digits', NAME, paper, [one(0.96, code_bits=8.0)])[0]
    assert '(40x are not reached)' in bad
    assert 'a loss (-1.00 points) against the dense network that was compressed' in bad
    assert 'a loss (-1.50 points) against the same trained on for as long' in bad


def test_ratios_are_of_weights_by_the_paper_and_of_all_bytes_by_the_file() -> None:
    figures = {figure.name: figure for figure in report('d', [
        (NAME, PAPER['lenet_300_100'], (one(), one(code_bits=4.8)))]).figures}
    # 30000 weights of 32 bits, to 2400 entries of 8 and of 8.8 bits.
    ratios = 32 * 30000 / (2400 * np.array([8, 8.8]))
    figure = figures[f'ratio_paper_accounting, {NAME}']
    assert figure.here == pytest.approx(ratios.mean())
    assert figure.spread == pytest.approx(ratios.std(ddof=1))
    assert figures[f'ratio_true_bytes, {NAME}'].here == pytest.approx(4 * 30100 / 3000)
    assert figures[f'reach_ratio_paper_accounting, {NAME}'].here == pytest.approx(
        32 * 30000 / 12000)
    assert figures[f'fewer_parameters, {NAME}'].here == pytest.approx(30100 / 2500)
