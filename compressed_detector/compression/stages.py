# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The stages that a recipe can list, in one place.

A stage is a frozen dataclass of parameters (each a field with description and bounds, as in
config.py) with a ``code`` for the model's name and an ``apply`` that turns one build into the
next. To add one, write its class in a file of its own and register it here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.quantize import StaticQuantization


class Stage(Protocol):
    """One transformation with its parameters."""

    @property
    def code(self) -> str:
        """How the stage appears in a model's name; equal for equal results but for the data."""

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """Return the next build; raises CompressionError."""


@dataclass(frozen=True)
class StageKind:
    """
    How one kind of stage is recognised.

    ``code`` is a pattern; its named groups are parameters (whole numbers). A ``final`` stage
    decides about the conversion and comes last.
    """

    parameters: Any
    code: re.Pattern[str]
    final: bool


STAGES: dict[str, StageKind] = {
    'quantize': StageKind(
        StaticQuantization,
        re.compile(r'wi(?P<weight_bits>\d+)_ai(?P<activation_bits>\d+)'),
        final=True,
    ),
}
