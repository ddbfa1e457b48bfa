# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""An idx file is read back as it was written; a damaged one is refused, never misread."""

import gzip
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from compressed_detector.classics import idx
from compressed_detector.errors import CompressionError

ARRAYS = st_numpy.arrays(
    np.uint8, st_numpy.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))


def written(array: npt.NDArray[np.uint8]) -> bytes:
    head = struct.pack(f'>HBB{array.ndim}I', 0, 8, array.ndim, *array.shape)
    return head + array.tobytes()


@given(array=ARRAYS)
def test_an_array_is_read_as_it_was_written(array: npt.NDArray[np.uint8]) -> None:
    read = idx.parse(written(array))
    assert read.shape == array.shape
    assert np.array_equal(read, array)


@pytest.mark.parametrize('compressed', [False, True])
def test_files_are_read_with_and_without_gzip(tmp_path: Path, compressed: bool) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    content = written(array)
    path = tmp_path / 'images'
    path.write_bytes(gzip.compress(content) if compressed else content)
    assert np.array_equal(idx.read(path), array)


@given(array=ARRAYS, data=st.data())
def test_a_file_that_is_cut_off_is_refused(
    array: npt.NDArray[np.uint8], data: st.DataObject
) -> None:
    content = written(array)
    end = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises((ValueError, struct.error)):
        idx.parse(content[:end])


@given(array=ARRAYS, extra=st.binary(min_size=1, max_size=8))
def test_a_file_with_bytes_behind_its_end_is_refused(
    array: npt.NDArray[np.uint8], extra: bytes
) -> None:
    with pytest.raises(ValueError, match='bytes for the shape'):
        idx.parse(written(array) + extra)


@given(content=st.binary(max_size=64) | st.builds(
    lambda kind, axes, rest: bytes([0, 0, kind, axes]) + rest,
    st.sampled_from([8, 9, 13]), st.integers(0, 255), st.binary(max_size=1100)))
def test_whatever_stands_in_a_file_it_is_an_array_of_its_bytes_or_refused(
    content: bytes
) -> None:
    try:
        array = idx.parse(content)
    except (ValueError, struct.error):
        return
    assert written(array) == content


@given(array=ARRAYS, data=st.data())
def test_a_damaged_gzip_file_is_refused_or_read_to_the_same_array(
    tmp_path_factory: pytest.TempPathFactory, array: npt.NDArray[np.uint8], data: st.DataObject
) -> None:
    content = bytearray(gzip.compress(written(array), mtime=0))
    at = data.draw(st.integers(2, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp('idx') / 'images.gz'
    path.write_bytes(content)
    try:
        read = idx.read(path)
    except CompressionError:
        return
    assert np.array_equal(read, array)  # the damage is in gzip's head: another date, say


def test_a_shape_too_large_for_any_memory_is_refused_before_it_is_allocated() -> None:
    with pytest.raises(ValueError, match='got 0 bytes for the shape'):
        idx.parse(struct.pack('>HBB4I', 0, 8, 4, *[2 ** 32 - 1] * 4))


@pytest.mark.parametrize('content', [
    bytes([1, 0, 8, 1, 0, 0, 0, 1, 7]), bytes([0, 1, 8, 1, 0, 0, 0, 1, 7]), bytes([0, 0, 8, 0, 7])
], ids=['first byte', 'second byte', 'no axes'])
def test_another_magic_number_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=f'magic number {content[:4].hex()}'):
        idx.parse(content)


def test_numbers_that_are_no_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / 'floats'
    path.write_bytes(struct.pack('>HBBIf', 0, 13, 1, 1, 0.5))
    with pytest.raises(CompressionError, match='floats: expected an idx file.*00000d01'):
        idx.read(path)


def test_a_file_that_expands_without_end_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idx, 'LARGEST_BYTES', 1000)
    path = tmp_path / 'bomb.gz'
    path.write_bytes(gzip.compress(bytes(100_000)))
    with pytest.raises(CompressionError, match='expands to more than 1000 bytes'):
        idx.read(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match='cannot read idx file .*nowhere'):
        idx.read(tmp_path / 'nowhere')
