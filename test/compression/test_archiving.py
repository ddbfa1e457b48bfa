# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Every tensor is coded exactly, in the smallest of its codings; real models come back."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tiny_archives
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.compression.archive_report import size_report
from compressed_detector.compression.archiving import codings_of, pack
from compressed_detector.compression.flatbuffer import constants
from compressed_detector.compression.symbol_models import ModelPool
from compressed_detector.detection.archive import Archive
from compressed_detector.detection.bundle import MAX_MODEL_BYTES, Bundle
from compressed_detector.detection.coding.tensors import UNSIGNED, Kind, TensorCode, restore
from compressed_detector.errors import CompressionError

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / 'models' / 'nanodet_g' / 'nanodet_g_416_wi8_ai8.json'
TINY = sorted((ROOT / 'test' / 'data').glob('tiny_*/*.json'))


def restored(base: TensorCode, elements: npt.NDArray[Any], shape: tuple[int, ...]) -> list[Kind]:
    """Check that every coding gives the elements back; return which there are."""
    codings = list(codings_of(base, elements, shape))
    for coding in codings:
        out = np.full(base.size, 99, np.uint8)
        book = np.frombuffer(coding.codebook, np.uint8)
        assert coding.code.stream_sizes == tuple(stream.size for stream in coding.symbols)
        restore(coding.code, book, coding.symbols, out)
        assert out.tobytes() == elements.tobytes()
    return [coding.code.kind for coding in codings]


@given(st.sampled_from(sorted(UNSIGNED)), st.integers(1, 5), st.integers(1, 9), st.integers(1, 40),
       st.floats(0, 1), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_every_coding_is_exact(
    width: int, rows: int, kernel: int, columns: int, density: float, values: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    shape = (rows, kernel, columns)
    alphabet = generator.integers(0, 2 ** (8 * width) - 1, values, UNSIGNED[width])
    drawn = generator.choice(alphabet, shape)
    elements = np.where(generator.random(shape) < density, drawn, alphabet[0]).reshape(-1)
    kinds = restored(TensorCode(0, elements.size, width, Kind.PLANES), elements, shape)
    assert kinds[0] is Kind.PLANES


@pytest.mark.parametrize('values', [1, 2, 255, 256, 257, 5000])
def test_codebook_holds_up_to_256_elements(values: int) -> None:
    elements = (np.arange(10_000) % values).astype(np.uint32)
    kinds = restored(TensorCode(0, elements.size, 4, Kind.PLANES), elements, (10_000,))
    assert (Kind.SHARED in kinds) is (values <= 256)


def test_codebook_that_shows_late_only_is_none() -> None:
    # The first elements are few different ones, the rest are not.
    elements = np.concatenate([np.zeros(5000), np.arange(5000)]).astype(np.uint16)
    assert restored(TensorCode(0, 10_000, 2, Kind.PLANES), elements, (10_000,)) == [Kind.PLANES]


def test_shared_weights_with_a_scale_per_channel_have_a_codebook_per_row() -> None:
    generator = np.random.default_rng(3)
    weights = generator.choice(generator.normal(size=16), (64, 9, 64))
    scales = generator.uniform(0.01, 0.02, (64, 1, 1))
    elements = np.rint(weights / scales).astype(np.int8).view(np.uint8).reshape(-1)
    base = TensorCode(0, elements.size, 1, Kind.PLANES)
    assert Kind.ROWS in restored(base, elements, weights.shape)
    sizes = {
        coding.code.kind: 8 * len(coding.codebook)
        + sum(ModelPool().offer(stream).bits for stream in coding.symbols)
        for coding in codings_of(base, elements, weights.shape)
    }
    assert sizes[Kind.ROWS] < 4.3 * elements.size
    assert sizes[Kind.PLANES] > 5.5 * elements.size


@pytest.mark.parametrize('path', TINY, ids=[path.stem for path in TINY])
def test_tiny_models_come_back(path: Path) -> None:
    bundle = Bundle.load(path)
    content = pack(bundle)
    assert len(content) < len(bundle.model)
    assert Archive.open(content, MAX_MODEL_BYTES).expand() == bundle.model


def test_shipped_model_comes_back_near_its_entropy() -> None:
    bundle = Bundle.load(SHIPPED)
    content = pack(bundle)
    assert Archive.open(content, MAX_MODEL_BYTES).expand() == bundle.model
    entropy = 0.0
    for item in constants(bundle.model):
        if item.width == 1:
            data = bundle.model[item.offset:item.offset + item.size]
            counts = np.unique(np.frombuffer(data, np.uint8), return_counts=True)[1]
            entropy -= float((counts * np.log2(counts / counts.sum())).sum()) / 8
    sections = size_report(content).sections
    coded = sum(sections[name] for name in ('Huffman codes', 'rANS codes', 'probabilities'))
    assert entropy < coded < 1.003 * entropy


def test_model_with_something_behind_it_comes_back() -> None:
    bundle = Bundle.load(TINY[0])
    model = bundle.model + b'PK\3\4 labels that an exporter appended'
    manifest = dataclasses.replace(bundle.manifest, sha256=hashlib.sha256(model).hexdigest())
    assert Archive.open(pack(Bundle(manifest, model)), MAX_MODEL_BYTES).expand() == model


def test_same_model_gives_the_same_archive() -> None:
    bundle = tiny_archives.with_kernel(tiny_archives.pruned_kernel())
    assert pack(bundle) == pack(bundle)


def test_pruned_and_shared_weights_make_it_smaller() -> None:
    sizes = [
        len(pack(tiny_archives.with_kernel(kernel)))
        for kernel in (tiny_archives.exponents(), tiny_archives.shared_kernel(),
                       tiny_archives.pruned_kernel())
    ]
    assert sizes[0] > sizes[1] + 1000
    assert sizes[1] > sizes[2] + 100


def test_file_that_is_no_model_is_refused() -> None:
    bundle = Bundle.load(TINY[0])
    with pytest.raises(CompressionError, match=r'expected a \.tflite file, got a broken'):
        pack(Bundle(bundle.manifest, b'\xff' * 100))


def test_archive_that_would_not_come_back_is_not_returned() -> None:
    from compressed_detector.errors import ModelError

    bundle = Bundle.load(TINY[0])
    with pytest.raises(ModelError, match='expected a model of sha256'):
        pack(Bundle(dataclasses.replace(bundle.manifest, sha256='0' * 64), bundle.model))
