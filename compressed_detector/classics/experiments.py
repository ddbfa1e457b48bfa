# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""All experiments, in the order of the page about them."""

from __future__ import annotations

from compressed_detector.classics.experiment import Experiment

ALL: tuple[Experiment, ...] = ()
EXPERIMENTS = {item.name: item for item in ALL}
