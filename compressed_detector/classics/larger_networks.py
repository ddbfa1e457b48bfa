# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The larger networks of Deep Compression: AlexNet, VGG-16, GoogLeNet, ResNet-18.

ImageNet does not install offline, and two cores could not train on it. So there are the published
shapes, of which the sizes are asserted, and small variants that learn from small pictures: depth
and structure are the published ones, widths and stem are not. Those are compressed as the paper
has it, to its densities. For weights that the user has, see weights_brought.
"""

from __future__ import annotations

import dataclasses
import math

from compressed_detector.classics.accounting import sizes_of
from compressed_detector.classics.archived import archive, tflite_of
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.larger_networks_report import Found, report
from compressed_detector.classics.larger_networks_steps import (
    FULL,
    QUICK,
    Steps,
    is_blind,
    part_of,
)
from compressed_detector.classics.networks.imagenet import ALEXNET, ARCHITECTURES, Architecture
from compressed_detector.classics.networks.wiring import skeleton
from compressed_detector.classics.results import Result

PAPERS = (
    'Han, Mao, Dally, Deep Compression: Compressing Deep Neural Networks with Pruning, Trained '
    'Quantization and Huffman Coding, ICLR 2016',
    'Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural '
    'Networks, NeurIPS 2012',
    'Simonyan, Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, '
    'ICLR 2015',
    'Szegedy et al., Going Deeper with Convolutions, CVPR 2015',
    'He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, CVPR 2016',
)


def run(lab: Lab) -> Result:
    """Compress the small variants with every seed; the first of them only in a quick lab."""
    effort = QUICK if lab.quick else FULL
    place = dataclasses.replace(lab, data=part_of(lab.data, effort.pictures))
    architectures = [ALEXNET] if lab.quick else list(ARCHITECTURES.values())
    blind = is_blind(lab.data, effort.pictures)
    return report(lab.data.name, len(place.data.train), blind, [
        (architecture, published_parameters(lab, architecture),
         [_found(Steps(place, architecture, effort, seed)) for seed in lab.seeds])
        for architecture in architectures
    ])


def published_parameters(lab: Lab, architecture: Architecture) -> int:
    """Return the number of parameters of the Keras model in its published shape."""
    def count() -> dict[str, int]:
        model = skeleton(architecture.build, architecture.weights)
        return {'parameters': sum(math.prod(item.shape) for item in model.trainable_variables)}

    return int(lab.figures(f'{architecture.name}-published', count)['parameters'])


def _found(steps: Steps) -> Found:
    dense, longer, pruned, shared = (
        steps.dense(), steps.dense_as_long(), steps.pruned(), steps.shared())
    accuracies = {
        step: steps.lab.accuracy(steps.key(step), trial.classifier)
        for step, trial in (('dense', dense), ('longer', longer), ('pruned', pruned),
                            ('shared', shared))
    }
    filed = steps.lab.figures(steps.key('file'), lambda: {
        'bytes': len(archive(tflite_of(shared.classifier)).content)})
    return Found(
        parameters=dense.classifier.parameters,
        accuracies=accuracies,
        sizes=sizes_of(shared.classifier.weights, shared.forms, steps.bits()),
        file_bytes=int(filed['bytes']),
        extra_epochs=steps.effort.retraining_epochs,
    )


LARGER_NETWORKS = Experiment(
    'larger_networks', 'AlexNet, VGG-16, GoogLeNet, ResNet-18 compressed', PAPERS, run,
    seeds=(0,),
)
