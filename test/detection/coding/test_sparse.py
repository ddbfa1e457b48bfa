# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Relative indices with filler zeros, by hand and there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.coding.sparse import MAX_GAP_BITS, decode_gaps, encode_gaps
from compressed_detector.errors import ModelError


def test_example_of_the_paper() -> None:
    # Figure 2 of Han et al.: weights at 1, 4 and 15, gaps of up to 8 in 3 bits. From 4 to 15 are
    # 11, so a filler zero stands 8 further on, at 12. Gaps are 2, 3, 8, 3 from position -1 on.
    gaps, fillers = encode_gaps(np.array([1, 4, 15]), bits=3)
    assert (gaps + 1).tolist() == [2, 3, 8, 3]
    assert fillers.tolist() == [False, False, True, False]
    assert decode_gaps(gaps, 16).tolist() == [1, 4, 12, 15]


@pytest.mark.parametrize(
    ('position', 'gaps'),
    [(0, [1]), (3, [4]), (4, [4, 1]), (7, [4, 4]), (8, [4, 4, 1]), (11, [4, 4, 4])],
)
def test_gap_of_just_the_limit_needs_no_filler(position: int, gaps: list[int]) -> None:
    assert (encode_gaps(np.array([position]), bits=2)[0] + 1).tolist() == gaps


def test_zeros_behind_the_last_weight_are_not_stored() -> None:
    gaps, _ = encode_gaps(np.array([2]), bits=1)
    assert (gaps + 1).tolist() == [2, 1]
    assert decode_gaps(gaps, 1000).tolist() == [1, 2]


def test_nothing_stored_is_no_gap() -> None:
    gaps, fillers = encode_gaps(np.zeros(0, np.int64), bits=4)
    assert (gaps.size, fillers.size) == (0, 0)
    assert decode_gaps(gaps, 10).tolist() == []


def test_position_outside_the_tensor_is_refused() -> None:
    gaps, _ = encode_gaps(np.array([9]), bits=4)
    assert decode_gaps(gaps, 10).tolist() == [9]
    with pytest.raises(ModelError, match='expected positions below 9, got 9'):
        decode_gaps(gaps, 9)


@given(st.sets(st.integers(0, 3000), max_size=60), st.integers(1, MAX_GAP_BITS))
def test_positions_come_back_with_fillers_between(places: set[int], bits: int) -> None:
    positions = np.array(sorted(places), np.int64)
    gaps, fillers = encode_gaps(positions, bits)
    assert gaps.max(initial=0) < 1 << bits
    back = decode_gaps(gaps, 3001)
    assert (back[~fillers] == positions).all()
    assert not set(back[fillers].tolist()) & places
