# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The questions asked of a small network, and the answers to figures that are known."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from small_classifiers import small_convolutional, small_dense, striped, striped_dataset

from compressed_detector.benchmark.litert import LiteRt, batched
from compressed_detector.benchmark.operations import operations
from compressed_detector.classics.archived import tflite_accuracy
from compressed_detector.classics.classifier import accuracy, model_of, predict
from compressed_detector.classics.costs import QUICK, batch_times, macs_left, memory
from compressed_detector.classics.data import digits
from compressed_detector.classics.experiment import perform
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.pairs import COMPRESSED, DENSE, PRUNED, classifier_pair
from compressed_detector.classics.questions import figures, findings, gains, plots, tables
from compressed_detector.classics.research_questions import RESEARCH_QUESTIONS
from compressed_detector.compression.convert import Conversion, convert_model
from compressed_detector.compression.progress import silent


@pytest.fixture(scope='module')
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp('labs') / 'research_questions'
    return perform(RESEARCH_QUESTIONS, Lab(digits(None), (0,), True, folder, silent))


def test_quick_experiment_answers_every_question_about_lenet_5(found: dict[str, Any]) -> None:
    (network,) = found['networks']
    dense, pruned, compressed = (
        network['forms'][form] for form in (DENSE, PRUNED, COMPRESSED))
    # 28x28 inputs: 24x24x20 results of 25 products, 8x8x50 of 500, and two dense layers.
    macs = 24 * 24 * 20 * 25 + 8 * 8 * 50 * 500 + 800 * 500 + 500 * 10
    assert [form['macs'] for form in (dense, pruned, compressed)] == [macs] * 3
    # The paper's densities are 66, 12, 8 and 19 %.
    left = 0.66 * 24 * 24 * 20 * 25 + 0.12 * 8 * 8 * 50 * 500 + 0.08 * 400000 + 0.19 * 5000
    assert pruned['macs_left'] == pytest.approx(left, rel=0.01)
    assert compressed['macs_left'] <= pruned['macs_left'] * 1.001
    assert 3.5 < dense['file_bytes'] / compressed['file_bytes'] < 4
    assert dense['file_bytes'] / compressed['coded_bytes'] > 20
    assert compressed['quality'] > dense['quality'] - 0.06 > 0.7
    assert set(dense['batches_ms']) == {'1', '4'}
    for form in (dense, pruned, compressed):
        assert form['memory']['peak_mb'] >= form['memory']['steady_mb'] > 1
    assert {plot['name'] for plot in found['plots']} == {
        'time_by_batch_lenet_5', 'throughput_by_batch_lenet_5', 'time_by_computation',
        'memory_by_file', 'computation_left'}


def test_classifier_is_the_same_in_a_file_whatever_the_batch() -> None:
    classifier, samples = small_convolutional(), striped(5)
    model = convert_model(model_of(classifier), 'logits', Conversion()).tflite
    expected = predict(classifier, samples)
    for network, begin, end in ((LiteRt(model, 1), 2, 3), (batched(model, 1, 5), 0, 5)):
        network.set_pixels(samples.inputs(begin, end))
        (logits,) = network.outputs().values()
        assert logits == pytest.approx(expected[begin:end], abs=1e-5)
        # A shape that is computed would keep XNNPACK from the layers behind it.
        assert 'SHAPE' not in {item.name for item in network.interpreter.operators()}
    assert tflite_accuracy(model, samples) == accuracy(classifier, samples)


def test_compressed_classifier_is_int8_and_off_by_its_rounding(tmp_path) -> None:
    data, classifier = striped_dataset(), small_dense()
    lab = Lab(data, (0,), True, tmp_path, silent)
    pair = classifier_pair(lab, 'Small', classifier, classifier, data)
    assert pair.quality[DENSE] == pair.quality[PRUNED] == accuracy(classifier, data.test)
    network = LiteRt(pair.files[COMPRESSED], 1)
    # The pixel itself goes in, less 128.
    assert network.interpreter.input.dtype == np.int8
    assert network.interpreter.input.scale == pytest.approx(1 / 255, rel=0.05)
    expected = predict(classifier, data.test)
    network.set_pixels(data.test.inputs(3, 4))
    (logits,) = network.outputs().values()
    assert logits.shape == (1, 4)
    assert np.abs(logits[0] - expected[3]).max() < 0.05 * np.ptp(expected)
    # Another network of the name is not given the accuracies of this one.
    other = classifier_pair(lab, 'Small', small_dense(7), small_dense(7), data)
    assert other.quality[DENSE] == accuracy(small_dense(7), data.test)


@pytest.mark.parametrize('classifier', [small_dense(), small_convolutional()])
def test_products_with_zeros_are_left_out_of_the_count(classifier) -> None:
    random = np.random.default_rng(0)
    weights = {name: np.where(random.random(array.shape) < 0.3, array, np.float32(0))
               for name, array in classifier.weights.items()}
    model = convert_model(
        model_of(classifier.with_weights(weights)), 'logits', Conversion()).tflite
    network = LiteRt(model, 1).interpreter
    done = operations(network.operators(), network.input)
    # How often each weight is multiplied: once in a dense layer, once per place in a convolution.
    places = {'conv1_weight': 24 * 24, 'conv2_weight': 8 * 8}
    expected = sum(places.get(name, 1) * np.count_nonzero(weights[name])
                   for name in classifier.kernels)
    assert macs_left(model, done) == pytest.approx(expected, abs=1)


def test_every_form_and_batch_is_timed() -> None:
    model = convert_model(model_of(small_convolutional()), 'logits', Conversion()).tflite
    times = batch_times({'a': model, 'b': model}, QUICK, lambda done, total: None)
    assert set(times) == {('a', 1), ('a', 4), ('b', 1), ('b', 4)}
    assert all(values.shape == (2, 1) and (values > 0).all() for values in times.values())


def test_memory_is_that_of_a_process_with_the_model(tmp_path) -> None:
    model = convert_model(model_of(small_dense()), 'logits', Conversion()).tflite
    found = memory(tmp_path, 'small', model)
    assert found['peak_mb'] >= found['steady_mb'] >= found['before_mb'] > 5
    assert (tmp_path / 'small.tflite').read_bytes() == model


def form(time: float, **changes: Any) -> dict[str, Any]:
    return {'p50_ms': time, 'batches_ms': {'1': time, '4': 4 * time}, 'macs': 1000000,
            'macs_left': 1000000, 'file_bytes': 4000, 'coded_bytes': 3000, 'quality': 0.9,
            'memory': {'before_mb': 30.0, 'steady_mb': 40.0, 'peak_mb': 50.0}, **changes}


def network(pruned_ratio: tuple[float, float, float] = (1.01, 0.98, 1.04)) -> dict[str, Any]:
    def ratio(*values: float) -> dict[str, dict[str, float]]:
        return {'1': dict(zip(('value', 'low', 'high'), values))}

    return {
        'title': 'Net-1', 'measure': 'accuracy',
        'forms': {
            DENSE: form(8.0), PRUNED: form(8.0, macs_left=100000),
            COMPRESSED: form(2.0, macs_left=100000, file_bytes=1000, coded_bytes=100,
                             batches_ms={'1': 2.0, '4': 4.0}, quality=0.89,
                             memory={'before_mb': 30.0, 'steady_mb': 33.0, 'peak_mb': 35.0})},
        'time_ratios': {PRUNED: ratio(*pruned_ratio), COMPRESSED: ratio(3.9, 3.8, 4.0)},
    }


def test_gains_are_how_many_times_better_the_compressed_form_is() -> None:
    assert gains(network()) == {
        # The median of ratios of turns, not the ratio of medians.
        'inference time of one image (ms)': 3.9,
        'time of an image in the largest batch (ms)': 8.0,
        'throughput (images/s)': 8.0,
        'peak memory (MB)': 4.0,
        'steady memory (MB)': pytest.approx(10 / 3),
        'multiply-adds (millions)': 1.0,
        'multiply-adds without zeros (millions)': 10.0,
        'file, .tflite (kB)': 4.0,
        'file, coded (kB)': 30.0,
    }
    by_name = {figure.name: figure.here for figure in figures([network()])}
    assert by_name['throughput, compressed by dense, Net-1'] == 8.0
    assert by_name['file, .tflite, dense by compressed, Net-1'] == 4.0
    assert by_name['accuracy_compressed, Net-1'] == 0.89


def test_findings_are_what_the_figures_say() -> None:
    said = '\n'.join(findings([network()], ['avx2'], 0.0))
    assert ('one image takes 8 ms dense and 2 ms compressed: 3.90 (3.80 to 4.00) times quicker'
            in said)
    assert '4 images at once cost as much each as one (+0%) dense' in said
    assert '4 images at once cost 50% less each compressed' in said
    assert 'at most 20 MB beyond the empty process dense, 5 MB compressed' in said
    assert '4.00 times fewer as .tflite, 40.0 times fewer coded (dense, coded: 1.3)' in said
    assert 'leave 10.0% of the multiply-adds, 10.0 times fewer' in said
    assert 'no certain difference' in said
    assert 'next to nothing, since' in said
    assert 'other programs' not in said


def test_findings_do_not_say_that_zeros_gain_nothing_where_they_do() -> None:
    said = '\n'.join(findings([network((4.0, 3.9, 4.1))], [], 2.0))
    assert '4.00 (3.90 to 4.10) times quicker.' in said
    assert 'next to nothing' not in said
    assert 'none that help' in said
    assert 'other programs took 2 processors' in said
    slower = '\n'.join(findings([network((0.8, 0.7, 0.9))], [], 0.0))
    assert 'slower, 0.80 (0.70 to 0.90) times as quick: next to nothing' in slower


def test_table_has_a_row_for_every_question_and_network() -> None:
    other = {**network(), 'title': 'Net-2'}
    del other['forms'][PRUNED]
    answers, zeros = tables([network(), other])
    assert len(answers.rows) == 2 * (9 + 1)
    assert answers.rows[0] == ('inference time of one image (ms)', 'Net-1', 8.0, 2.0, 3.9)
    assert [row[0] for row in zeros.rows] == ['Net-1']
    by_computation = next(
        plot for plot in plots([network(), other]) if plot.name == 'time_by_computation')
    assert [len(curve.x) for curve in by_computation.curves] == [2, 1, 2]
    assert all(re.fullmatch('[a-z0-9_]+', plot.name) for plot in plots([network()]))
