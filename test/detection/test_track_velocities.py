# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Velocities of tracks whose places are known."""

from __future__ import annotations

from typing import Any

import numpy as np
from tracked_film import HERE, START_NS, THERE, Film, seen

from compressed_detector.detection.tracking import Tracks, Velocities


def track(velocities: Velocities, film: Film, found: Tracks, *positions: Any) -> np.ndarray:
    stamp_ns = START_NS + round(film.seconds * 1e9)
    return velocities.update(stamp_ns, found, np.array(positions, np.float32).reshape(-1, 3))


def test_velocity_is_known_from_the_third_position_on_and_kept_while_held() -> None:
    film, velocities = Film(track_hold_time=0.5), Velocities()
    found = [
        track(velocities, film, film.frame(seen(HERE)), (0.5 * step, 0, 4 - 0.1 * step))
        for step in range(5)
    ]
    assert np.isnan(found[:2]).all()
    np.testing.assert_allclose(found[2:], [[[5, 0, -1]]] * 3, atol=1e-4)
    # What is said of the place of a held object is no observation.
    np.testing.assert_allclose(
        track(velocities, film, film.empty(), (99, 99, 99)), [[5, 0, -1]], atol=1e-4
    )


def test_unknown_positions_give_unknown_velocities() -> None:
    film, velocities = Film(), Velocities()
    for step in range(5):
        found = track(velocities, film, film.frame(seen(HERE, THERE)),
                      (0, 0, np.nan), (0, 0.2 * step, 5))
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], [0, 2, 0], atol=1e-4)


def test_velocities_of_nothing_are_nothing() -> None:
    film, velocities = Film(), Velocities()
    assert track(velocities, film, film.empty()).shape == (0, 3)
