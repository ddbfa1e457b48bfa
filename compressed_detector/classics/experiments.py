# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""All experiments, in the order of the page about them."""

from __future__ import annotations

from compressed_detector.classics.binary import BINARY
from compressed_detector.classics.brain_surgeon import BRAIN_SURGEON
from compressed_detector.classics.deep_compression import DEEP_COMPRESSION
from compressed_detector.classics.dense_sparse_dense import DENSE_SPARSE_DENSE
from compressed_detector.classics.eie.experiment import EIE
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.larger_networks import LARGER_NETWORKS
from compressed_detector.classics.learning_both import LEARNING_BOTH
from compressed_detector.classics.low_rank import LOW_RANK
from compressed_detector.classics.research_questions import RESEARCH_QUESTIONS

ALL: tuple[Experiment, ...] = (
    DEEP_COMPRESSION,
    LEARNING_BOTH,
    BRAIN_SURGEON,
    DENSE_SPARSE_DENSE,
    LOW_RANK,
    BINARY,
    LARGER_NETWORKS,
    EIE,
    RESEARCH_QUESTIONS,
)
EXPERIMENTS = {item.name: item for item in ALL}
