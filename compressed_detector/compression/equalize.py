# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage that scales channels so that a grid suits all of them."""

from __future__ import annotations

from dataclasses import dataclass

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.equalization import equalize
from compressed_detector.compression.forecast import Forecast
from compressed_detector.config.options import Options
from compressed_detector.errors import CompressionError


@dataclass(frozen=True)
class Equalize(Options):
    """
    The recipe's stage ``equalize``; in a model's name ``eq``.

    The network computes the same as before. Removed weights stay removed.
    """

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return 'eq'

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of it, where there are so many pictures."""
        return forecast

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """
        Return the build with its channels equalized.

        Raises CompressionError when weights are shared, which scaling would undo.
        """
        shared = sorted(
            name for name, form in build.forms.items() if form.assignments is not None
        )
        if shared:
            raise CompressionError(
                f'stage equalize scales weights: expected it before stages that share them, got '
                f'shared {shared}'
            )
        return build.then({'equalize': {}}, network=equalize(build.network))
