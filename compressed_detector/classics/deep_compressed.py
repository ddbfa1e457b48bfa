# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Networks that other experiments have compressed, for those that go on with them."""

from __future__ import annotations

import dataclasses

from compressed_detector.classics.deep_compression import DEEP_COMPRESSION, PLANS
from compressed_detector.classics.deep_compression_steps import Steps, quick
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.larger_networks import LARGER_NETWORKS
from compressed_detector.classics.larger_networks_steps import FULL, QUICK, part_of
from compressed_detector.classics.larger_networks_steps import Steps as LargerSteps
from compressed_detector.classics.networks.imagenet import ARCHITECTURES


def lenet_steps(lab: Lab, network: str, seed: int) -> Steps:
    """
    Return the steps of deep_compression on a LeNet, by its name.

    They are done in that experiment's own folder: what it has finished is not done again.
    """
    plan = PLANS[network]
    place = dataclasses.replace(lab, folder=lab.folder.parent / DEEP_COMPRESSION.name)
    return Steps(place, quick(plan) if lab.quick else plan, seed)


def larger_steps(lab: Lab, network: str, seed: int) -> LargerSteps:
    """Return those of larger_networks on the small variant of a network, likewise."""
    effort = QUICK if lab.quick else FULL
    place = dataclasses.replace(lab, folder=lab.folder.parent / LARGER_NETWORKS.name,
                                data=part_of(lab.data, effort.pictures))
    return LargerSteps(place, ARCHITECTURES[network], effort, seed)
