# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.compression.forms import Form, codebook, project
from compressed_detector.errors import CompressionError

WEIGHTS = np.array([[1, 2, 3], [-4, 5, 6]], np.float32)


def test_removed_weights_are_plain_zeros_even_where_they_were_negative() -> None:
    form = Form(mask=np.array([[True, False, True], [False, True, True]]))
    projected = project(WEIGHTS, form)
    np.testing.assert_array_equal(projected, [[1, 0, 3], [0, 5, 6]])
    assert not np.signbit(projected[1, 0])


def test_shared_weights_take_the_mean_of_their_kept_members() -> None:
    form = Form(
        mask=np.array([[True, True, True], [False, True, True]]),
        assignments=np.array([[0, 0, 1], [1, 1, 2]], np.uint8),
    )
    np.testing.assert_array_equal(codebook(WEIGHTS, form), [1.5, 4, 6])
    np.testing.assert_array_equal(project(WEIGHTS, form), [[1.5, 1.5, 4], [0, 4, 6]])


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_projection_is_the_nearest_and_stays_where_it_is(seed: int, size: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.normal(size=30).astype(np.float32)
    form = Form(random.random(30) < 0.7, random.integers(0, size, 30).astype(np.uint8))
    nearest = project(weights, form)
    np.testing.assert_allclose(project(nearest, form), nearest, atol=1e-6)
    moved = codebook(weights, form) + random.normal(0, 0.1, form.codebook_size)
    other = np.where(form.mask, moved[form.assignments], 0)
    assert ((nearest - weights) ** 2).sum() <= ((other - weights) ** 2).sum() + 1e-4


def test_parts_of_different_shapes_and_a_codebook_of_free_weights_are_refused() -> None:
    with pytest.raises(CompressionError, match='expected parts of one shape'):
        Form(np.ones(3, bool), np.zeros(4, np.uint8))
    with pytest.raises(CompressionError, match='expected shared weights'):
        codebook(WEIGHTS, Form())
