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
from typing import Any, ClassVar, Protocol

from compressed_detector.compression.anneal import Anneal
from compressed_detector.compression.binarize import Binarize
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.channels_stage import PruneChannels
from compressed_detector.compression.distill import Distill
from compressed_detector.compression.equalize import Equalize
from compressed_detector.compression.forecast import Forecast
from compressed_detector.compression.low_rank_stage import LowRank
from compressed_detector.compression.prune import Prune, PruneNofM
from compressed_detector.compression.prune_gradually import PruneGradually
from compressed_detector.compression.quantization_aware import QuantizationAware
from compressed_detector.compression.quantize import QUANTIZED, Quantize
from compressed_detector.compression.restore import Restore
from compressed_detector.compression.share_coded import ShareCoded
from compressed_detector.compression.share_stage import Share


class Stage(Protocol):
    """One transformation with its parameters, a dataclass of them."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def code(self) -> str:
        """How the stage appears in a model's name; equal for equal results but for the data."""

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """Return the next build; raises CompressionError."""

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of it, where there are so many pictures."""


@dataclass(frozen=True)
class StageKind:
    """
    How one kind of stage is recognised.

    ``code`` is a pattern; its named groups are parameters (whole numbers or words). A ``final``
    stage decides about the conversion and comes last.
    """

    parameters: Any
    code: re.Pattern[str]
    final: bool = False


STAGES: dict[str, StageKind] = {
    'prune': StageKind(Prune, re.compile(r'prune(?P<removed_percent>\d+)')),
    'prune_nm': StageKind(PruneNofM, re.compile(r'nm(?P<kept>\d+)of(?P<group>\d+)')),
    'prune_gradually': StageKind(
        PruneGradually, re.compile(r'gprune(?P<removed_percent>\d+)x(?P<steps>\d+)')),
    'prune_channels': StageKind(PruneChannels, re.compile(r'ch(?P<percent>\d+)')),
    'low_rank': StageKind(LowRank, re.compile(r'rank(?P<percent>\d+)')),
    'share': StageKind(Share, re.compile(r'share(?P<bits>\d+)')),
    'share_coded': StageKind(ShareCoded, re.compile(r'coded(?P<centibits>\d+)')),
    'binarize': StageKind(Binarize, re.compile(r'bin')),
    'restore': StageKind(Restore, re.compile(r'free')),
    'distill': StageKind(Distill, re.compile(r'kd(?P<epochs>\d+)')),
    'anneal': StageKind(Anneal, re.compile(r'relu(?P<epochs>\d+)')),
    'equalize': StageKind(Equalize, re.compile(r'eq')),
    'quantization_aware': StageKind(
        QuantizationAware, re.compile(r'qat(?P<weight_bits>\d)x(?P<epochs>\d+)')),
    'quantize': StageKind(
        Quantize, re.compile(f'(?P<format>{"|".join(sorted(QUANTIZED, reverse=True))})'),
        final=True,
    ),
}


def is_final(stage: Stage) -> bool:
    """Whether a stage decides about the conversion."""
    return any(isinstance(stage, kind.parameters) for kind in STAGES.values() if kind.final)
