# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What an experiment found, as plain data: figures beside the paper's, tables and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Cell = str | float | int | None


@dataclass(frozen=True)
class Figure:
    """
    One figure of an experiment, and the paper's if it has one.

    ``here`` is the mean over seeds, ``spread`` their standard deviation (ddof 1), 0 where there
    is one. Shares are from 0 to 1.
    """

    name: str
    here: float
    paper: float | None = None
    spread: float = 0.0
    unit: str = ''

    @staticmethod
    def over_seeds(
        name: str, values: Sequence[float], paper: float | None = None, unit: str = ''
    ) -> Figure:
        """Return the figure of several runs that differ in the seed."""
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        return Figure(name, float(np.mean(values)), paper, spread, unit)

    @property
    def ratio(self) -> float | None:
        """What was found, in units of the paper's figure."""
        return self.here / self.paper if self.paper else None


@dataclass(frozen=True)
class Table:
    """Rows under the names of columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Curve:
    """Points of a plot, joined; ``spread`` are standard deviations of y, none if empty."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    spread: tuple[float, ...] = ()


@dataclass(frozen=True)
class Plot:
    """Curves over one pair of axes; ``name`` is that of its file, without a suffix."""

    name: str
    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    x_log: bool = False
    y_log: bool = False


@dataclass(frozen=True)
class Result:
    """
    What an experiment found.

    ``findings`` are sentences that the experiment derives from its own figures, so that what is
    claimed and what was measured cannot part. ``details`` are further figures by name.
    """

    figures: tuple[Figure, ...]
    findings: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
