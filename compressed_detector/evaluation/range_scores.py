# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How good ranges are: their error, and whether their standard deviation is honest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.ranging import Ranges


@dataclass(frozen=True)
class RangeScore:
    """
    Relative errors of ranges, as parts of the true distance; positive is too far.

    ``count``: ranges that are known; ``unknown``: those that are not. ``median_error`` and
    ``mad``: median and median absolute deviation from it. ``p90_abs_error``: 90th percentile of
    the absolute error. ``coverage``: the part within two standard deviations, 0.954 when these
    are right and errors are normal. ``too_far``: the part that is farther than the truth. NaN
    without a known range.
    """

    count: int
    unknown: int
    median_error: float
    mad: float
    p90_abs_error: float
    coverage: float
    too_far: float


def score_ranges(ranges: Ranges, truth_m: npt.ArrayLike) -> RangeScore:
    """Return the score of ranges (N,) against true distances (N,), metres, not zero."""
    truth = np.asarray(truth_m, np.float64)
    known = np.isfinite(ranges.forward_m)
    unknown = int((~known).sum())
    if not known.any():
        return RangeScore(0, unknown, *(float('nan'),) * 5)
    difference = ranges.forward_m[known] - truth[known]
    median, mad, p90 = spread(difference / np.abs(truth[known]))
    return RangeScore(
        count=int(known.sum()),
        unknown=unknown,
        median_error=median,
        mad=mad,
        p90_abs_error=p90,
        coverage=float(np.mean(np.abs(difference) <= 2 * ranges.std_m[known])),
        too_far=float(np.mean(difference > 0)),
    )


def spread(errors: npt.ArrayLike) -> tuple[float, float, float]:
    """
    Return median, median absolute deviation from it, and 90th percentile of the absolute values.

    NaN among the errors (N,) are left out; without any error all three are NaN.
    """
    known = np.asarray(errors, np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        return (float('nan'),) * 3
    median = float(np.median(known))
    return (median, float(np.median(np.abs(known - median))),
            float(np.percentile(np.abs(known), 90)))
