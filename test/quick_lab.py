# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Experiments as compress_model reproduce NAME --quick runs them."""

from __future__ import annotations

from pathlib import Path

from compressed_detector.classics import data
from compressed_detector.classics.experiment import Experiment, as_json
from compressed_detector.classics.lab import Lab
from compressed_detector.compression.progress import silent


def quick_result(experiment: Experiment, folder: Path) -> dict:
    """Return what an experiment found on scikit-learn's digits, as JSON."""
    lab = Lab(data.load('digits'), experiment.quick_seeds, True, folder, silent)
    return as_json(experiment.run(lab))
