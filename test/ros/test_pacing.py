# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Images are left out evenly, at the rate that was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.ros.pacing import Pacer


def taken(pacer, times_s, rate_hz):
    return [now_s for now_s in times_s if pacer.due(now_s, rate_hz)]


def test_every_image_is_due_without_a_rate():
    assert len(taken(Pacer(), [0.0, 0.001, 0.002], 0.0)) == 3


@pytest.mark.parametrize(('camera_hz', 'rate_hz', 'expected_hz'), [
    (15, 5, 5), (15, 10, 10), (30, 7, 7), (10, 10, 10), (10, 50, 10),
])
def test_the_rate_is_kept_whatever_the_camera_does(camera_hz, rate_hz, expected_hz):
    times_s = [index / camera_hz for index in range(camera_hz * 60)]
    assert len(taken(Pacer(), times_s, rate_hz)) / 60 == pytest.approx(expected_hz, rel=0.02)


def test_a_camera_of_exactly_the_rate_loses_nothing_to_its_jitter():
    times_s = [index / 10 + (0.004 if index % 2 else -0.004) for index in range(100)]
    assert len(taken(Pacer(), times_s, 10.0)) == 100


def test_after_a_pause_there_is_no_burst():
    pacer = Pacer()
    taken(pacer, [0.0, 0.1], 10.0)
    assert taken(pacer, [9.0, 9.01, 9.02, 9.05], 10.0) == [9.0]


@given(st.lists(st.floats(0, 0.3), min_size=1, max_size=200), st.floats(1, 50))
def test_never_more_than_the_rate(gaps_s, rate_hz):
    times_s = [sum(gaps_s[:index]) for index in range(len(gaps_s))]
    pacer = Pacer()
    count = len(taken(pacer, times_s, rate_hz))
    assert count <= (times_s[-1] - times_s[0]) * rate_hz + 2
