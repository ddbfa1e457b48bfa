# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The questions about compressed networks: time, batches, memory, throughput, computation, bytes.

Every network is dense in float32 and compressed in int8, under the runtime of the node (LiteRT
with XNNPACK) on one thread. Classifiers are pruned and shared before, and there is the same in
float32: what zeros alone change. Trained networks are kept from an earlier run; everything that
depends on the machine is measured anew by every run.
"""

from __future__ import annotations

from compressed_detector.benchmark.machine import Others, instructions
from compressed_detector.classics.costs import costs
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.pairs import Pair, detector_pair, lenet_5, resnet_18
from compressed_detector.classics.questions import figures, findings, plots, tables
from compressed_detector.classics.results import Result


def run(lab: Lab) -> Result:
    """Measure every network dense and compressed; the first seed is that of the training."""
    networks = pairs(lab)
    others = Others()
    found = [costs(pair, lab) for pair in networks]
    busy = others.processors()
    return Result(
        figures(found), findings(found, instructions(), busy), tables(found), plots(found),
        {'networks': found, 'others_processors': busy})


def pairs(lab: Lab) -> tuple[Pair, ...]:
    """Return the networks; the smallest alone with --quick."""
    seed = lab.seeds[0]
    smallest = lenet_5(lab, seed)
    return (smallest,) if lab.quick else (smallest, resnet_18(lab, seed), detector_pair())


RESEARCH_QUESTIONS = Experiment(
    'research_questions', 'Time, memory and computation, dense against compressed',
    ('Han, Mao, Dally, Deep Compression: Compressing Deep Neural Networks with Pruning, Trained '
     'Quantization and Huffman Coding, ICLR 2016',),
    run,
    seeds=(0,),
)
