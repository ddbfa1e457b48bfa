# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Names of models decode to what they were encoded from, and nothing else decodes."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.compression.architectures import ARCHITECTURES
from compressed_detector.compression.naming import Design, decode
from compressed_detector.compression.quantize import QUANTIZED, Quantize
from compressed_detector.errors import CompressionError

STAGES = st.sampled_from([(), *((Quantize(format=code),) for code in QUANTIZED)])
CLASSES = st.lists(st.sampled_from(ARCHITECTURES['nanodet_g'].labels), max_size=5, unique=True)
DESIGNS = st.builds(
    Design, st.sampled_from(sorted(ARCHITECTURES)), st.integers(1, 40).map(lambda n: 32 * n),
    STAGES, CLASSES.map(tuple),
)


def test_names_of_this_project() -> None:
    assert decode('nanodet_g_416_wi8_ai8') == Design('nanodet_g', 416, (Quantize(),))
    assert decode('nanodet_g_320_fp32') == Design('nanodet_g', 320)
    assert (decode('nanodet_g_320_only-person-traffic.light_wi8_ai8')
            == Design('nanodet_g', 320, (Quantize(),), ('traffic light', 'person')))


@given(DESIGNS)
def test_name_decodes_to_the_design_it_was_made_of(design: Design) -> None:
    assert decode(design.name) == design


@given(st.text(alphabet='nanodet_g0123468wifp ', max_size=25) | st.text(max_size=25))
def test_any_text_is_a_name_of_its_own_or_refused(text: str) -> None:
    with contextlib.suppress(CompressionError):
        assert decode(text).name == text


@pytest.mark.parametrize(('name', 'message'), [
    ('', 'expected ARCHITECTURE_SIZE_STAGES'),
    ('nanodet_g', 'expected ARCHITECTURE_SIZE_STAGES'),
    ('nanodet_g_416', 'expected ARCHITECTURE_SIZE_STAGES'),
    ('nanodet_h_416_fp32', r"architecture: expected one of \['nanodet_g'\], got 'nanodet_h'"),
    ('nanodet_g_400_fp32', 'input_size: expected a multiple of 32 from 32 to 1280, got 400'),
    ('nanodet_g_1312_fp32', 'got 1312'),
    ('nanodet_g_416_wi9_ai8', "expected fp32 or stages like .*wi8_ai8, got 'wi9_ai8'"),
    ('nanodet_g_416_wi08_ai8', "got 'wi08_ai8'"),
    ('nanodet_g_416_wi8_ai88', "got 'wi8_ai88'"),
    ('nanodet_g_416_only-persons_fp32', "classes: .*got 'persons'; did you mean 'person'"),
    ('nanodet_g_416_only-car-person_fp32', "expected 'nanodet_g_416_only-person-car_fp32'"),
    ('nanodet_g_416_only_fp32', "got 'only_fp32'"),
    ('nanodet_g_416_prune05', "expected 'nanodet_g_416_prune5', got 'nanodet_g_416_prune05'"),
    ('nanodet_g_416_prune0', "'prune0': removed_percent: expected int from 1 to 99, got 0"),
    ('nanodet_g_416_wi8_ai8_', "expected 'nanodet_g_416_wi8_ai8', got"),
    ('nanodet_g_416_fp32_wi8_ai8', "got 'fp32_wi8_ai8'"),
    ('nanodet_g_416_wi8_ai8_wi8_ai8', 'expected wi8_ai8 once and last'),
])
def test_name_that_is_none_is_refused_with_the_reason(name: str, message: str) -> None:
    with pytest.raises(CompressionError, match=message):
        decode(name)


def test_a_name_that_no_file_could_have_is_refused() -> None:
    with pytest.raises(CompressionError, match='at most 200 characters, got .*: keep fewer'):
        Design('nanodet_g', 416, classes=ARCHITECTURES['nanodet_g'].labels[:40])
