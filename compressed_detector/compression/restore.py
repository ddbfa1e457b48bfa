# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage that frees the weights again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.forecast import Forecast
from compressed_detector.config.options import Options


@dataclass(frozen=True)
class Restore(Options):
    """
    The recipe's stage ``restore``; in a model's name ``free``.

    Removed weights come back as zeros, shared ones as what they are; training after it moves
    them on their own. With ``prune`` and training before it and training behind it this is
    dense-sparse-dense training (Han et al., DSD, ICLR 2017).
    """

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return 'free'

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of it, where there are so many pictures."""
        return dataclasses.replace(forecast, density=1.0, bits=32.0)

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """Return the build without ties."""
        return build.then({'restore': {'freed': sorted(build.forms)}}, forms={})
