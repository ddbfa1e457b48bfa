# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
EIE in software: products straight from compressed weights, and when they are worth it.

Han et al., EIE: Efficient Inference Engine on Compressed Deep Neural Network, ISCA 2016. The
layers of LeNet-300-100 are those of the experiment deep_compression, with the activations of a
test picture; those of AlexNet and VGG-16 are random ones of the published densities. Only the
network is kept from an earlier run: every run measures anew.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from typing import cast

import numpy as np

from compressed_detector.benchmark.machine import Others
from compressed_detector.classics.classifier import Classifier
from compressed_detector.classics.data import Samples
from compressed_detector.classics.deep_compressed import lenet_steps
from compressed_detector.classics.eie.findings import figures, findings, plots, tables
from compressed_detector.classics.eie.published import published_layers
from compressed_detector.classics.eie.study import study
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.measurements import layer_inputs, weighted_layers
from compressed_detector.classics.results import Figure, Result
from compressed_detector.detection.types import Floats

NETWORK, TITLE = 'lenet_300_100', 'LeNet-300-100'
# Test pictures among which the one of usual activity is chosen.
PICTURES = 1000
# With --quick: the smaller ones.
QUICK_LAYERS = ('Alex-8', 'VGG-8')


def run(lab: Lab) -> Result:
    """Count, measure and model all layers; the first seed decides about what is random."""
    seed = lab.seeds[0]
    steps = lenet_steps(lab, NETWORK, seed)
    dense, shared = steps.dense().classifier, steps.shared().classifier
    accuracies = (
        Figure('accuracy_dense', steps.lab.accuracy(f'{NETWORK}-dense-{seed}', dense)),
        Figure('accuracy_compressed', steps.lab.accuracy(f'{NETWORK}-shared-{seed}', shared)),
    )
    own, drawn = real_layers(shared, lab.data.test), published_layers(seed)
    matrices, activations = (
        _joined(mine, {name: part[name] for name in QUICK_LAYERS} if lab.quick else part)
        for mine, part in zip(own, drawn))
    others = Others()
    found = study(matrices, activations, lab.quick, lab.report)
    found['others_processors'] = others.processors()
    return Result(
        (*accuracies, *figures(found)), findings(found), tables(found), plots(found), found)


def real_layers(
    classifier: Classifier, samples: Samples
) -> tuple[Mapping[str, Floats], Mapping[str, Floats]]:
    """
    Return matrices (outputs, inputs) and activations (inputs,) of fully connected layers.

    The activations are those of one picture: of the first PICTURES, the one with as many that are
    not zero as half of them stay below.
    """
    names = [layer.name for layer in weighted_layers(classifier)]
    seen = layer_inputs(classifier, names)(samples.inputs(0, PICTURES))
    active = sum(np.count_nonzero(seen[name], axis=1) for name in names)
    usual = int(np.argsort(active, kind='stable')[len(active) // 2])
    titles = {name: f'{TITLE} {name}' for name in names}
    return (
        {titles[name]: np.ascontiguousarray(classifier.weights[f'{name}_weight'].T)
         for name in names},
        {titles[name]: np.ascontiguousarray(seen[name][usual]) for name in names},
    )


def _joined(first: Mapping[str, Floats], second: Mapping[str, Floats]) -> Mapping[str, Floats]:
    """Return what both have; arrays that are drawn when asked for stay so."""
    # Its type asks for what can be changed, which nobody does.
    parts = (cast('MutableMapping[str, Floats]', part) for part in (second, first))
    return ChainMap(*parts)


EIE = Experiment(
    'eie', 'EIE in software',
    ('Han et al., EIE: Efficient Inference Engine on Compressed Deep Neural Network, ISCA 2016',),
    run,
    seeds=(0,),
)
