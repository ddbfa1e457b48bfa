# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is expected of a build, before anything is computed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

# A step of training against an inference: the network forward and backward, and its teacher
# forward, in TensorFlow (measured: 0.18 s to 0.025 s per picture of 416 pixels on two cores).
TRAINING_PASSES = 7.0
# Of it, what the teacher takes.
TEACHER_SHARE = 0.2
# Forward in TensorFlow, with the moments of the inputs.
MEASURING_PASSES = 4.0


@dataclass(frozen=True)
class Forecast:
    """
    A network as it is expected to be, and the work done until then.

    ``density`` is the share of weights that are not removed, ``bits`` what one of them takes,
    ``inferences`` the work in units of one inference of the dense network.
    """

    macs: float
    params: float
    dense_macs: float
    density: float = 1.0
    bits: float = 32.0
    inferences: float = 0.0

    @property
    def weight_bytes(self) -> float:
        """The size of the weights, without what naming the kept ones takes."""
        return self.params * self.density * self.bits / 8

    def then(self, **changes: float) -> Forecast:
        """Return the forecast after a stage, with these parts changed."""
        return dataclasses.replace(self, **changes)

    def trained(self, pictures: float) -> Forecast:
        """Return the forecast after so many pictures were learned from."""
        student = self.macs / self.dense_macs
        share = TEACHER_SHARE + (1 - TEACHER_SHARE) * student
        return self.then(inferences=self.inferences + TRAINING_PASSES * pictures * share)

    def measured(self, pictures: float) -> Forecast:
        """Return the forecast after so many pictures were looked at."""
        return self.then(inferences=self.inferences + MEASURING_PASSES * pictures)
