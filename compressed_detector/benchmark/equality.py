# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a peer computes what it is compared with: or else its time means nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from compressed_detector.detection.types import Floats
from compressed_detector.errors import BenchmarkError

# Of the root mean square of the difference to that of the values, by precision. In float32 sums
# are only taken in another order; int8 is as far off as rounding to 8 bits is.
TOLERANCES = {'float32': 1e-4, 'int8': 0.05}


def difference(found: Mapping[str, Floats], expected: Mapping[str, Floats]) -> float:
    """
    Return the largest relative difference over the outputs, root mean squares.

    Raises BenchmarkError when outputs are missing or of another shape.
    """
    shapes = [{role: values.shape for role, values in outputs.items()}
              for outputs in (found, expected)]
    if shapes[0] != shapes[1]:
        raise BenchmarkError(f'expected outputs {shapes[1]}, got {shapes[0]}')
    return _worst(_rms(found[role] - expected[role]) / max(_rms(expected[role]), 1e-30)
                  for role in expected)


def check(differences: Iterable[float], precision: str) -> float:
    """Return the largest of the differences; raises BenchmarkError when it is too large."""
    largest, limit = _worst(differences), TOLERANCES[precision]
    if not largest <= limit:
        raise BenchmarkError(f'expected outputs within {limit:g} of those of the same network in '
                             f'float32 ({precision}), got {largest:.3g}')
    return largest


def _worst(differences: Iterable[float]) -> float:
    return float(np.max([*differences]))  # NaN if one is; for max() it depends on their order


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
