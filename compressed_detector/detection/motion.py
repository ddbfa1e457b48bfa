# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How fast things move, from where they were seen within a second."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.types import Floats

Ids = npt.NDArray[np.int64]
Floats64 = npt.NDArray[np.float64]

# A slope through fewer or closer observations tells more of their errors than of a motion.
WINDOW_S = 1.0
MIN_OBSERVATIONS, MIN_SPAN_S = 3, 0.15
# A second at 30 Hz.
MAX_OBSERVATIONS = 30
FORGET_AFTER_NS = 10 * 10**9


class Motion:
    """
    Velocities of points (D,) that are told apart by ids.

    The velocity is the slope of the least-squares line through a point's observations in the
    second before its last one. For n observations that are off by a standard deviation s each
    and evenly spread over T seconds, its standard deviation is about 3.5 s / (T sqrt(n)).
    Points that were not seen for 10 s, or only later than now, are forgotten.
    """

    def __init__(self, dimensions: int) -> None:
        self._ids: Ids = np.zeros(0, np.int64)
        self._stamps_ns = np.zeros((0, MAX_OBSERVATIONS), np.int64)
        self._points = np.zeros((0, MAX_OBSERVATIONS, dimensions), np.float32)

    def observe(self, stamp_ns: int, ids: Ids, points: Floats) -> None:
        """
        Add where points (N, D) with different ids (N,) were seen, later than any time before.

        A point with a coordinate that is not finite was not seen.
        """
        seen = np.isfinite(points).all(axis=1)
        ids, points = ids[seen], points[seen]
        unseen_ns = stamp_ns - self._stamps_ns[:, -1]
        remembered = (unseen_ns > 0) & (unseen_ns <= FORGET_AFTER_NS)
        if not remembered.all():
            self._select(np.flatnonzero(remembered))
        known = self._known(ids)
        if not known.all():
            self._make_room(ids[~known])
        rows = np.searchsorted(self._ids, ids)
        self._stamps_ns[rows, :-1] = self._stamps_ns[rows, 1:]
        self._points[rows, :-1] = self._points[rows, 1:]
        self._stamps_ns[rows, -1] = stamp_ns
        self._points[rows, -1] = points

    def velocities(self, ids: Ids) -> Floats:
        """Return the velocities (N, D), per second; NaN where too little was seen."""
        velocities = np.full((len(ids), self._points.shape[2]), np.nan, np.float32)
        known = self._known(ids)
        rows = np.searchsorted(self._ids, ids[known])
        stamps_ns = self._stamps_ns[rows]
        seconds = ((stamps_ns - stamps_ns[:, -1:]) * 1e-9).astype(np.float64)
        points = self._points[rows].astype(np.float64)
        velocities[known] = _slopes(seconds, points, seconds >= -WINDOW_S)
        return velocities

    def _known(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Return which ids (N,) were seen; of few, in a fifth of the time of np.isin."""
        if not len(self._ids):
            return np.zeros(len(ids), np.bool_)
        places = np.searchsorted(self._ids, ids)
        known: npt.NDArray[np.bool_] = self._ids.take(places, mode='clip') == ids
        return known

    def _select(self, rows: npt.NDArray[np.intp]) -> None:
        self._ids, self._stamps_ns = self._ids[rows], self._stamps_ns[rows]
        self._points = self._points[rows]

    def _make_room(self, new: Ids) -> None:
        shape = (len(new), MAX_OBSERVATIONS)
        # Before any window.
        never = np.full(shape, np.iinfo(np.int64).min // 2)
        nowhere = np.zeros((*shape, self._points.shape[2]), np.float32)
        self._ids = np.concatenate([self._ids, new])
        self._stamps_ns = np.concatenate([self._stamps_ns, never])
        self._points = np.concatenate([self._points, nowhere])
        self._select(np.argsort(self._ids))


def _slopes(seconds: Floats64, points: Floats64, valid: npt.NDArray[np.bool_]) -> Floats64:
    """
    Return the slopes (N, D) of the valid among points (N, K, D) at times (N, K), or NaN.

    Times are seconds before the last one, which is 0 and valid.
    """
    count = valid.sum(axis=1)
    times = np.where(valid, seconds, 0.0)
    enough = (count >= MIN_OBSERVATIONS) & (times.min(axis=1, initial=0.0) <= -MIN_SPAN_S)
    offsets = np.where(valid, times - (times.sum(axis=1) / count)[:, None], 0.0)
    products = (offsets[:, None, :] @ points)[:, 0]
    slopes = np.full(products.shape, np.nan)
    np.divide(products, (offsets ** 2).sum(axis=1)[:, None], out=slopes, where=enough[:, None])
    return slopes
