# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Plots of detectors keep to one colour per detector, whatever else is known."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from compressed_detector.evaluation import plots
from compressed_detector.evaluation.bootstrap import Estimate

UNKNOWN, KNOWN = Estimate(np.nan, np.nan, np.nan), Estimate(0.5, 0.4, 0.7)
NEVER, TIMES = np.full(9, np.nan), np.arange(9.0)


def precision(second: bool) -> bytes:
    curve, point = (np.full(101, 0.5), (0.7, 0.5)) if second else (np.zeros(101), (np.nan, np.nan))
    return plots.precision_recall_png(
        {'first': np.zeros(101), 'second': curve}, {'first': (np.nan, np.nan), 'second': point},
        'title')


def bands(second: bool) -> bytes:
    return plots.bands_png(['0 to 32', '32 and more'], {
        'first': [UNKNOWN, UNKNOWN], 'second': [KNOWN if second else UNKNOWN, UNKNOWN],
    }, 'title', 'height (px)')


def times(second: bool) -> bytes:
    return plots.times_png(
        {'first': NEVER, 'second': TIMES if second else NEVER, 'third': 10 + TIMES}, 'title',
        'latency')


def timeline(second: bool) -> bytes:
    return plots.timeline_png(
        {'first': (TIMES, NEVER), 'second': (TIMES, TIMES if second else NEVER)}, 'title', 'time',
        'latency')


def count(png: bytes, colour: str) -> int:
    """Return how many pixels have about this hue, the legend left out."""
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    wanted = np.array([int(colour[place:place + 2], 16) for place in (1, 3, 5)])
    plot = image[:int(image.shape[0] * 0.75)].astype(int)
    return int((np.abs(plot - wanted).max(axis=2) < 40).sum())


@pytest.mark.parametrize('plot', [precision, bands, timeline])
def test_a_detector_has_its_colour_though_nothing_is_known_of_the_one_before_it(
    plot: Callable[[bool], bytes]
) -> None:
    assert count(plot(True), plots.COLOURS[1]) > 100
    assert count(plot(True), plots.COLOURS[0]) == 0
    assert count(plot(False), plots.COLOURS[1]) == 0


def test_times_that_are_not_known_leave_the_others_their_colours() -> None:
    # What is translucent over white is lighter.
    lighter = '#e8a98a'
    assert count(times(True), lighter) > 100
    assert count(times(False), lighter) == 0
