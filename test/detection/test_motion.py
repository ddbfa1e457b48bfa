# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Velocities are slopes of lines through the last second, or unknown."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.motion import Motion

START_NS = 1_767_225_600 * 10**9


def ns(seconds: float) -> int:
    return START_NS + round(seconds * 1e9)


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def observe(motion: Motion, seconds: float, **points: tuple[float, ...]) -> None:
    """Observe the points whose ids are the names without their first letter."""
    motion.observe(
        ns(seconds), ids(*(int(name[1:]) for name in points)),
        np.array(list(points.values()), np.float32),
    )


def test_steady_motion_has_its_velocity() -> None:
    motion = Motion(dimensions=3)
    for step in range(5):
        observe(motion, 0.1 * step, p7=(1 + 0.2 * step, -0.1 * step, 3))
    np.testing.assert_allclose(motion.velocities(ids(7)), [[2, -1, 0]], atol=1e-5)


def test_frames_need_not_be_evenly_spaced() -> None:
    motion = Motion(dimensions=1)
    for seconds in (0, 0.05, 0.3, 0.31, 0.8):
        observe(motion, seconds, p1=(4 * seconds,))
    np.testing.assert_allclose(motion.velocities(ids(1)), [[4]], atol=1e-5)


def test_velocity_is_the_least_squares_slope() -> None:
    motion = Motion(dimensions=1)
    seconds, values = [0, 0.1, 0.2, 0.4], [0, 1, 1, 3]
    for moment, value in zip(seconds, values):
        observe(motion, moment, p1=(value,))
    # Means 0.175 and 1.25; sum of products 0.625, of squares 0.0875.
    np.testing.assert_allclose(motion.velocities(ids(1)), [[0.625 / 0.0875]], rtol=1e-5)


def test_only_the_last_second_counts() -> None:
    motion = Motion(dimensions=1)
    for step in range(30):
        observe(motion, 0.1 * step, p1=(max(0.0, 0.1 * step - 1.9) * 3,))
    np.testing.assert_allclose(motion.velocities(ids(1)), [[3]], atol=1e-4)


def test_window_ends_with_the_last_observation() -> None:
    motion = Motion(dimensions=1)
    for step in range(5):
        observe(motion, 0.1 * step, p1=(step,), p2=(0,))
    for step in range(5, 40):
        observe(motion, 0.1 * step, p2=(0,))
    np.testing.assert_allclose(motion.velocities(ids(1, 2)), [[10], [0]], atol=1e-4)


@pytest.mark.parametrize(
    ('seconds', 'known'),
    [([], False), ([0], False), ([0, 0.5], False), ([0, 0.05, 0.1], False),
     ([0, 0.1, 0.2], True), ([0, 0.05, 0.1, 0.149], False), ([0, 0.05, 0.1, 0.151], True),
     ([0, 0.1, 2.0], False)],  # two of them long ago
)
def test_velocity_needs_three_observations_over_a_while(
    seconds: list[float], known: bool
) -> None:
    motion = Motion(dimensions=2)
    for moment in seconds:
        observe(motion, moment, p1=(moment, 0))
    velocities = motion.velocities(ids(1))
    assert velocities.shape == (1, 2)
    assert velocities.dtype == np.float32
    assert np.isfinite(velocities).all() == known


def test_observation_that_is_not_finite_is_none() -> None:
    motion = Motion(dimensions=2)
    for step in range(4):
        observe(motion, 0.1 * step, p1=(step, 0), p2=(step, math.nan), p3=(math.inf, 0))
    velocities = motion.velocities(ids(1, 2, 3))
    np.testing.assert_allclose(velocities[0], [10, 0], atol=1e-4)
    assert np.isnan(velocities[1:]).all()


def test_ids_may_come_in_any_order_and_go() -> None:
    motion = Motion(dimensions=1)
    observe(motion, 0.0, p5=(0,), p2=(0,))
    observe(motion, 0.1, p2=(1,), p9=(0,), p5=(2,))
    observe(motion, 0.2, p9=(3,), p5=(4,), p2=(2,))
    observe(motion, 0.3, p9=(6,), p1=(0,))
    np.testing.assert_allclose(
        motion.velocities(ids(9, 2, 5, 1)), [[30], [10], [20], [np.nan]], atol=1e-3
    )


def test_nothing_is_known_of_strangers_and_nobody() -> None:
    motion = Motion(dimensions=3)
    assert np.isnan(motion.velocities(ids(1, 2))).all()
    motion.observe(ns(0), ids(), np.zeros((0, 3), np.float32))
    assert motion.velocities(ids()).shape == (0, 3)


@pytest.mark.parametrize(('later', 'known'), [(9.9, True), (10.5, False)])
def test_who_was_not_seen_for_long_is_forgotten(later: float, known: bool) -> None:
    motion = Motion(dimensions=1)
    for step in range(4):
        observe(motion, 0.1 * step, p1=(step,))
    observe(motion, 0.3 + later, p2=(0,))
    assert np.isfinite(motion.velocities(ids(1))).all() == known


def test_who_was_seen_later_than_now_is_forgotten() -> None:
    motion = Motion(dimensions=1)
    for step in range(4):
        observe(motion, 5 + 0.1 * step, p1=(step,))
    observe(motion, 0, p2=(0,))
    assert np.isnan(motion.velocities(ids(1))).all()


@given(
    velocity=st.tuples(*[st.floats(-30, 30)] * 2),
    start=st.tuples(*[st.floats(-1000, 1000)] * 2),
    steps_s=st.lists(st.floats(0.01, 0.3), min_size=12, max_size=60),
)
def test_velocity_of_a_line_is_its_slope(
    velocity: tuple[float, float], start: tuple[float, float], steps_s: list[float]
) -> None:
    motion = Motion(dimensions=2)
    moments = np.cumsum([0, *steps_s])
    for moment in moments:
        observe(motion, moment, p3=tuple(np.array(start) + moment * np.array(velocity)))
    found = motion.velocities(ids(3))[0]
    recent = moments[moments >= moments[-1] - 0.999][-30:]
    if len(recent) >= 3 and np.ptp(recent) > 0.16:
        # Points are float32: of up to 1000 they are right to 2^-14, and 60 times as much by 10 s.
        np.testing.assert_allclose(found, velocity, atol=2**-12 / np.ptp(recent) * 4)


def test_standard_deviation_is_as_documented() -> None:
    # 11 observations over a second, each off by 0.1: about 3.5 x 0.1 / sqrt(11).
    rng = np.random.default_rng(0)
    motion = Motion(dimensions=1)
    objects = np.arange(2000)
    for step in range(11):
        motion.observe(ns(0.1 * step), objects, rng.normal(0, 0.1, (2000, 1)).astype(np.float32))
    assert np.std(motion.velocities(objects)) == pytest.approx(0.35 / math.sqrt(11), rel=0.15)
