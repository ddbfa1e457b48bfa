# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Figures over seeds are means with the spread of a sample, beside the paper's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.classics.results import Figure

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8)


@given(values=VALUES)
def test_the_mean_and_the_standard_deviation_are_those_of_a_sample(values: list[float]) -> None:
    figure = Figure.over_seeds('accuracy', values)
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    assert figure.here == pytest.approx(mean, abs=1e-6)
    assert figure.spread == pytest.approx(np.sqrt(variance), abs=1e-5)


def test_one_seed_has_no_spread() -> None:
    assert Figure.over_seeds('ratio', [41.0], 40, 'x') == Figure('ratio', 41.0, 40, 0.0, 'x')


def test_the_ratio_is_in_units_of_the_papers_figure() -> None:
    assert Figure('ratio', 60.0, 40).ratio == 1.5
    assert Figure('ratio', 60.0).ratio is None
    assert Figure('loss', 0.1, 0).ratio is None
