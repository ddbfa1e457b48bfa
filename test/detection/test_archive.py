# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""An archive expands to the very file, and a damaged or hostile one is refused."""

from __future__ import annotations

import contextlib
import hashlib
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny_archives
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.compression.archiving import pack, seal
from compressed_detector.detection import archive as archive_module
from compressed_detector.detection.archive import HEADER, MAGIC, SECTIONS, Archive
from compressed_detector.detection.coding.reader import lzma_compressed, varint
from compressed_detector.detection.coding.tensors import Kind
from compressed_detector.errors import ModelError

LIMIT = 10**6
KERNELS = [
    (tiny_archives.shared_kernel, Kind.SHARED),
    (tiny_archives.pruned_kernel, Kind.SPARSE),
    (tiny_archives.pruned_inputs, Kind.SPARSE),
    (tiny_archives.exponents, Kind.PLANES),
    (tiny_archives.rows_of_their_own, Kind.ROWS),
]
ARCHIVES = [pack(tiny_archives.with_kernel(kernel())) for kernel, _ in KERNELS]
MODELS = [tiny_archives.with_kernel(kernel()).model for kernel, _ in KERNELS]
COMPRESSED = ('manifest', 'layout', 'codebooks', 'code lengths', 'probabilities')


def expand(content: bytes) -> bytes:
    return Archive.open(content, LIMIT).expand()


def resealed(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Change a section behind its compression, and make all checksums right again."""
    opened = Archive.open(content, LIMIT)
    data = opened.sections[name]
    data = zlib.compress(change(zlib.decompress(data))) if name in COMPRESSED else change(data)
    return seal(opened.model_size, {**opened.sections, name: data})


@pytest.mark.parametrize('index', range(len(KERNELS)), ids=[k.__name__ for k, _ in KERNELS])
def test_model_comes_back_bit_by_bit(index: int) -> None:
    (code,) = Archive.open(ARCHIVES[index], LIMIT).layout()
    assert code.kind is KERNELS[index][1]
    assert expand(ARCHIVES[index]) == MODELS[index]


def test_input_channels_are_read_one_after_the_other() -> None:
    (code,) = Archive.open(ARCHIVES[2], LIMIT).layout()
    assert (code.order, code.shape) == (2, (19, 9, 3))


def test_negative_zero_and_nan_come_back() -> None:
    kernel = tiny_archives.pruned_kernel()
    kernel.reshape(-1)[[300, 301, 302]] = [-0.0, np.nan, -np.nan]
    bundle = tiny_archives.with_kernel(kernel)
    assert expand(pack(bundle)) == bundle.model


def test_manifest_comes_back() -> None:
    bundle = tiny_archives.with_kernel(tiny_archives.shared_kernel())
    assert Archive.open(ARCHIVES[0], LIMIT).manifest.to_json() == bundle.manifest.to_json()


@pytest.mark.parametrize('content', [b'', b'TFL3', b'PK\3\4' + bytes(200), b'{"format": 1}'])
def test_file_that_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match=r'expected an archive \(\.dcz\), got bytes b'):
        expand(content)


def test_later_version_is_refused() -> None:
    content = HEADER.pack(MAGIC, 2, 10) + ARCHIVES[0][HEADER.size:]
    with pytest.raises(ModelError, match='expected version 1, got 2; archive the model with'):
        expand(content)


def test_model_above_the_limit_is_refused() -> None:
    size = len(MODELS[0])
    Archive.open(ARCHIVES[0], size)
    with pytest.raises(ModelError, match=f'at most {size - 1} bytes, got {size}'):
        Archive.open(ARCHIVES[0], size - 1)


@given(st.data())
def test_cut_archive_is_refused(data: st.DataObject) -> None:
    content = ARCHIVES[1]
    with pytest.raises(ModelError):
        expand(content[:data.draw(st.integers(0, len(content) - 1))])


@given(st.data())
def test_flipped_bit_is_refused(data: st.DataObject) -> None:
    content = bytearray(ARCHIVES[1])
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ModelError):
        expand(bytes(content))


def test_damage_says_what_to_do() -> None:
    content = bytearray(ARCHIVES[0])
    content[-40] ^= 1
    with pytest.raises(ModelError, match='its content and its sha256 differ; it is damaged: copy'):
        expand(bytes(content))


def test_section_that_differs_from_its_checksum_is_named() -> None:
    content = bytearray(ARCHIVES[0][:-32])
    content[HEADER.size + archive_module.SECTION.size] ^= 1
    with pytest.raises(ModelError, match='the manifest differ from their checksum'):
        expand(bytes(content) + hashlib.sha256(content).digest())


def test_surplus_behind_the_sections_is_refused() -> None:
    content = ARCHIVES[0][:-32] + b'more'
    with pytest.raises(ModelError, match='archive: 4 bytes too many'):
        expand(content + hashlib.sha256(content).digest())


@st.composite
def edits(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Return how somebody changes bytes: overwrites, inserts, deletes."""
    place, removed = draw(st.integers(0, 2**16)), draw(st.integers(0, 4))
    inserted = draw(st.binary(max_size=4) | st.just(b'\xff' * 8 + b'\x7f'))

    def edit(data: bytes) -> bytes:
        at = place % (len(data) + 1)
        return data[:at] + inserted + data[at + removed:]

    return edit


@pytest.mark.parametrize('index', range(len(ARCHIVES)), ids=[k.__name__ for k, _ in KERNELS])
@given(name=st.sampled_from(SECTIONS), edit=edits())
def test_forged_section_expands_to_the_model_or_is_refused(
    index: int, name: str, edit: Callable[[bytes], bytes]
) -> None:
    forged = resealed(ARCHIVES[index], name, edit)
    with contextlib.suppress(ModelError):
        assert expand(forged) == MODELS[index]


def test_other_model_than_promised_is_refused() -> None:
    other = lzma_compressed(bytes(len(MODELS[0]) - 4 * 513))
    with pytest.raises(ModelError, match='expected a model of sha256 .*, got .*; archive the'):
        expand(resealed(ARCHIVES[0], 'skeleton', lambda _: other))


def test_skeleton_of_another_size_is_refused() -> None:
    for size, message in ((10, 'skeleton: expected 2548 bytes, got 10'),
                          (10**7, 'skeleton: expected at most 2548 bytes, got more')):
        content = lzma_compressed(bytes(size))
        with pytest.raises(ModelError, match=message):
            expand(resealed(ARCHIVES[0], 'skeleton', lambda _, content=content: content))


def test_manifest_cannot_point_outside_the_cache() -> None:
    def escape(text: bytes) -> bytes:
        digest = hashlib.sha256(MODELS[0]).hexdigest().encode()
        return text.replace(digest, b'../../../../tmp')

    with pytest.raises(ModelError, match=r"sha256 of 64 hexadecimal digits, got '\.\./"):
        Archive.open(resealed(ARCHIVES[0], 'manifest', escape), LIMIT)


@pytest.mark.parametrize(
    ('numbers', 'message'),
    [
        ([10**6], 'expected a number up to 4600, got 1000000'),
        ([0, 10**12], 'expected a number up to 4600'),
        ([0, 2000, 4, 1], r'got 2000 elements of 4 bytes at 0'),
        ([0, 100, 3, 0], r'got 100 elements of 3 bytes'),
        ([0, 0, 1, 0], r'got 0 elements'),
        ([4000, 600, 1, 0, 0, 0, 1], 'expected a number up to 0, got 1'),
        ([0, 100, 1, 4], 'expected a number up to 3, got 4'),
        ([0, 100, 1, 3, 8, 0], 'got 0 rows'),
        ([0, 100, 1, 3, 8, 7], 'got 7 rows'),
        ([0, 100, 1, 3, 8, 20], 'with 8 different ones each at most, got 20 rows'),
        ([0, 100, 1, 1, 257], 'expected a number up to 256, got 257'),
        ([0, 100, 1, 2, 8, 8, 1], 'expected a zero among 8 shared weights'),
        ([0, 100, 1, 2, 8, 0, 101], 'expected a number up to 100, got 101'),
        ([0, 100, 1, 2, 8, 0, 1, 1, 5, 5, 5], r'a shape of 100 elements, got \(5, 5, 5\)'),
        ([0, 100, 1, 0, 2], 'expected a number up to 1, got 2'),
        ([0, 100, 1, 0, 1, 1024], 'expected a number up to 1023, got 1024'),
        ([0, 100, 1, 0, 0, 900], r'expected models below .*, got \[900\]'),
    ],
)
def test_layout_that_does_not_fit_is_refused(numbers: list[int], message: str) -> None:
    skeleton = lzma_compressed(bytes(4500))
    content = resealed(ARCHIVES[0], 'layout', lambda _: b''.join(map(varint, numbers)))
    content = resealed(content, 'skeleton', lambda _: skeleton)
    with pytest.raises(ModelError, match=message):
        expand(content)


def test_little_file_cannot_take_much_memory() -> None:
    """Every section is a bomb of 32 MB; the model has 4600 bytes."""
    bomb, opened = bytes(2**25), Archive.open(ARCHIVES[0], LIMIT)
    bombs = {name: zlib.compress(bomb, 9) for name in SECTIONS if name in COMPRESSED}
    tracemalloc.start()
    for name, data in {**bombs, 'skeleton': lzma_compressed(bomb)}.items():
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        with pytest.raises(ModelError, match='expected at most'):
            expand(seal(opened.model_size, {**opened.sections, name: data}))
        assert tracemalloc.get_traced_memory()[1] - before < 2**25
    tracemalloc.stop()


def test_want_of_memory_is_an_error_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(archive_module.np, 'empty', exhausted)
    with pytest.raises(ModelError, match='not enough memory to expand a model of 4600 bytes'):
        expand(ARCHIVES[0])


def test_decoder_needs_neither_tensorflow_nor_the_workshop() -> None:
    source = Path(archive_module.__file__)
    for path in [source, *source.parent.joinpath('coding').glob('*.py')]:
        assert 'compressed_detector.compression' not in path.read_text(encoding='utf-8')
