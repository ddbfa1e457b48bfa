# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The networks for ImageNet have the published numbers of parameters; the small ones learn."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from compressed_detector.classics.classifier import (
    Classifier,
    initialized,
    logits_of,
    predict,
    weight_name,
)
from compressed_detector.classics.data import Samples
from compressed_detector.classics.folding import folded
from compressed_detector.classics.networks import googlenet
from compressed_detector.classics.networks.imagenet import ALEXNET, ARCHITECTURES
from compressed_detector.classics.networks.wiring import Wiring, described, skeleton
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.process_figures import peak_rss_bytes, reset_peak

PUBLISHED = [
    # Krizhevsky's network in Caffe (bvlc_reference); VGG-16 (D); bvlc_googlenet without the
    # auxiliary classifiers; ResNet-18 with gamma and beta of batch norm.
    ('alexnet', 60_965_224, 243.9, 'MB', 240),
    ('vgg16', 138_357_544, 553.4, 'MB', 550),
    ('googlenet', 6_998_552, 28.0, 'MB', 28),
    ('resnet18', 11_689_512, 44.6, 'MiB', 44.6),
]


@pytest.fixture(scope='module', params=ARCHITECTURES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize(('name', 'parameters', 'size', 'unit', 'table'), PUBLISHED)
def test_parameters_and_float32_size_are_the_published_ones(
    name: str, parameters: int, size: float, unit: str, table: float
) -> None:
    architecture = ARCHITECTURES[name]
    model = skeleton(architecture.build, architecture.weights)
    count = sum(math.prod(variable.shape) for variable in model.trainable_variables)
    assert count == parameters == architecture.paper.parameters
    assert 4 * count / {'MB': 1e6, 'MiB': 2**20}[unit] == pytest.approx(size, abs=0.05)
    assert size == pytest.approx(table, rel=0.02)
    assert architecture.paper.dense_mb == table
    assert model.output.shape == (None, 1000)


def test_models_are_wired_of_the_named_shapes_and_nothing_else(name: str) -> None:
    architecture = ARCHITECTURES[name]
    for build, weights in (
        (architecture.build, architecture.weights),
        (architecture.build_small, described(architecture.small_shapes)),
        (architecture.build_small, described(architecture.small_shapes, norm=True)),
    ):
        model = skeleton(build, weights)
        assert {weight_name(variable.path): tuple(variable.shape)
                for variable in model.trainable_variables} == {
                    key: array.shape for key, array in weights.items()}


def test_small_networks_have_the_depth_of_the_published_ones(name: str) -> None:
    architecture = ARCHITECTURES[name]
    assert list(architecture.small_shapes) == list(architecture.shapes)
    assert set(architecture.densities) == set(architecture.shapes)
    assert [len(shape) for shape in architecture.small_shapes.values()] == [
        len(shape) for shape in architecture.shapes.values()]


@pytest.mark.parametrize(('name', 'layer', 'shape'), [
    # Caffe's sizes: what each is given, with its padding.
    ('alexnet', 'fc6', (9216,)), ('vgg16', 'fc6', (25088,)),
    ('googlenet', 'inception_5b_1x1', (7, 7, 832)), ('resnet18', 'fc', (512,)),
    ('resnet18', 'layer1_0_conv1', (58, 58, 64)), ('alexnet', 'conv2', (31, 31, 96)),
    ('googlenet', 'inception_3a_1x1', (28, 28, 192)), ('googlenet', 'classifier', (1024,)),
])
def test_pictures_shrink_as_in_the_papers(name: str, layer: str, shape: tuple[int, ...]) -> None:
    architecture = ARCHITECTURES[name]
    model = skeleton(architecture.build, architecture.weights)
    assert model.get_layer(layer).input.shape[1:] == shape


def test_shapes_take_no_memory() -> None:
    weights = ARCHITECTURES['vgg16'].weights
    assert sum(array.size for array in weights.values()) == 138_357_544
    assert all(array.strides == (0,) * array.ndim for array in weights.values())


def test_a_skeleton_takes_no_memory_even_when_another_network_computes() -> None:
    small = grown({'conv': (3, 3, 1, 4)}, lambda wiring, x: wiring.conv(x, 'conv'), 5)
    predict(small, pictures(1, 5))  # TensorFlow itself is loaded
    reset_peak()
    before = peak_rss_bytes()
    vgg = ARCHITECTURES['vgg16']
    model = skeleton(vgg.build, vgg.weights)
    predict(small, pictures(1, 5))
    assert model.count_params() == 138_357_544
    assert peak_rss_bytes() - before < 100e6  # of 553 MB


def test_papers_densities_leave_what_the_papers_tables_have_in_total() -> None:
    # Deep Compression, tables 4 and 5: 11 % and 7.5 % of the weights.
    for name, total in (('alexnet', 0.11), ('vgg16', 0.075)):
        architecture = ARCHITECTURES[name]
        sizes = {layer: math.prod(shape) for layer, shape in architecture.shapes.items()}
        left = sum(architecture.densities[layer] * size for layer, size in sizes.items())
        assert left / sum(sizes.values()) == pytest.approx(total, abs=0.003)
    coded = sum(ALEXNET.huffman[layer] * math.prod(shape)
                for layer, shape in ALEXNET.shapes.items())
    assert sum(map(math.prod, ALEXNET.shapes.values())) / coded == pytest.approx(35, rel=0.03)


def grown(weights: dict[str, tuple[int, ...]], wire: Callable[[Wiring, Any], Any], side: int,
          norm: bool = False) -> Classifier:
    def build(shapes: Any) -> Any:
        wiring = Wiring(shapes)
        image = wiring.image(side, 'conv')
        return wiring.model(image, wiring.flat(wire(wiring, image)))

    return initialized('net', build, described(weights, norm), 0)


def pictures(count: int, side: int) -> Samples:
    random = np.random.default_rng(0)
    return Samples(random.integers(0, 256, (count, side, side), np.uint8),
                   np.zeros(count, np.uint8))


def test_folded_batch_norm_computes_the_same() -> None:
    shapes = {'conv': (3, 3, 1, 6), 'next': (3, 3, 3, 4), 'fc': (36, 5)}
    start = grown(shapes, lambda wiring, x: wiring.dense(wiring.flat(wiring.conv(
        wiring.conv(x, 'conv', 2), 'next', 2, relu=False)), 'fc'), 12, norm=True)
    random = np.random.default_rng(1)
    classifier = start.with_weights({
        name: array + random.normal(0, 0.3, array.shape).astype(np.float32)
        for name, array in start.weights.items()})
    samples = pictures(50, 12)
    result = folded(classifier, samples)
    assert list(result.weights) == ['conv_weight', 'conv_bias', 'next_weight', 'next_bias',
                                    'fc_weight', 'fc_bias']
    np.testing.assert_allclose(predict(result, samples), predict(classifier, samples), atol=1e-4)


def test_grouped_convolutions_see_their_own_inputs_only() -> None:
    shapes = {'conv': (3, 3, 1, 4), 'next': (3, 3, 2, 6)}
    grouped = grown(shapes, lambda wiring, x: wiring.conv(wiring.conv(x, 'conv'), 'next'), 5)
    whole = grown({**shapes, 'next': (3, 3, 4, 6)},
                  lambda wiring, x: wiring.conv(wiring.conv(x, 'conv'), 'next'), 5)
    kernel = np.zeros((3, 3, 4, 6), np.float32)
    kernel[:, :, :2, :3] = grouped.weights['next_weight'][..., :3]
    kernel[:, :, 2:, 3:] = grouped.weights['next_weight'][..., 3:]
    same = whole.with_weights({**grouped.weights, 'next_weight': kernel})
    samples = pictures(3, 5)
    np.testing.assert_allclose(predict(grouped, samples), predict(same, samples), atol=1e-5)
    tf = tensorflow()
    weights = {key: tf.Variable(array) for key, array in grouped.weights.items()}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(logits_of(grouped)(weights, samples.inputs(0, 3)) ** 2)
    assert np.abs(tape.gradient(loss, weights['next_weight'])).max() > 0


@pytest.mark.parametrize(('side', 'size', 'stride', 'pad', 'ceil', 'expected'), [
    (112, 3, 2, 0, True, 56), (55, 3, 2, 0, False, 27), (14, 3, 2, 0, True, 7),
    (28, 3, 1, 1, False, 28), (13, 3, 2, 0, True, 6), (112, 3, 2, 1, False, 56),
])
def test_pooling_has_caffes_sizes(
    side: int, size: int, stride: int, pad: int, ceil: bool, expected: int
) -> None:
    wiring = Wiring(described({'conv': (1, 1, 1, 1)}))
    pooled = wiring.pool(wiring.image(side, 'conv'), size, stride, pad, ceil)
    assert pooled.shape[1:3] == (expected, expected)


def test_local_response_normalization_is_as_the_paper_writes_it() -> None:
    # Krizhevsky et al., section 3.3, with Caffe's alpha / n for n = 5 channels.
    random = np.random.default_rng(0)
    x = (100 * random.random((1, 2, 2, 8))).astype(np.float32)
    wiring = Wiring(described({'conv': (1, 1, 8, 8)}))
    image = wiring.image(2, 'conv')
    found = np.asarray(wiring.model(image, wiring.local_norm(image))(x))
    for channel in range(8):
        near = x[..., max(0, channel - 2):channel + 3]
        expected = x[..., channel] / (1 + 1e-4 / 5 * (near ** 2).sum(axis=-1)) ** 0.75
        np.testing.assert_allclose(found[..., channel], expected, rtol=1e-5)


def test_inception_modules_join_their_four_branches() -> None:
    shapes = googlenet.shapes()
    for module, (one, _, three, _, five, pool) in googlenet.MODULES.items():
        following = [shape[2] for layer, shape in shapes.items()
                     if layer.endswith('_1x1') and layer > f'inception_{module}_1x1'][:1]
        assert following in ([], [one + three + five + pool])
