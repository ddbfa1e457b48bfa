# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Write the archive of a model (.dcz): every constant in the way that makes it smallest."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.compression.flatbuffer import Constant, constants
from compressed_detector.compression.symbol_models import ModelPool, Offer
from compressed_detector.detection import archive
from compressed_detector.detection.bundle import MAX_MODEL_BYTES, Bundle
from compressed_detector.detection.coding import lanes, models, sparse
from compressed_detector.detection.coding.huffman import HuffmanCoder
from compressed_detector.detection.coding.lanes import ALPHABET, Stream, Symbols
from compressed_detector.detection.coding.rans import RansCoder
from compressed_detector.detection.coding.reader import deflated, lzma_compressed
from compressed_detector.detection.coding.tensors import (
    ORDERS,
    UNSIGNED,
    CoderKind,
    Kind,
    TensorCode,
)
from compressed_detector.errors import CompressionError

# What is smaller stays in the skeleton, where LZMA sees it together with its like.
MIN_BYTES = 1024
# Below this share of zeros, naming the rest takes more than it saves.
MIN_ZEROS = 0.2
# A codebook for each row is worth its bytes only if it is small.
MAX_SHARED_IN_ROW = 128
# Of more constants the smaller ones stay in the skeleton.
MAX_TENSORS = 4096

Elements = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Coding:
    """A tensor, described without its models, and what would be written of it."""

    code: TensorCode
    codebook: bytes
    symbols: tuple[Symbols, ...]


def pack(bundle: Bundle) -> bytes:
    """
    Return the archive of a model and its manifest.

    It is expanded again before it is returned. Raises CompressionError when the model is not a
    .tflite file.
    """
    sections = code(bundle.model, constants(bundle.model))
    manifest = deflated(bundle.manifest.to_json().encode())
    content = seal(len(bundle.model), {'manifest': manifest, **sections})
    if archive.Archive.open(content, MAX_MODEL_BYTES).expand() != bundle.model:
        raise CompressionError('the archive does not expand to the model it was made of')
    return content


def checked(content: bytes, items: Sequence[Constant]) -> archive.Coded:
    """Return a file with constants, coded; raises CompressionError unless it decodes the same."""
    coded = archive.Coded(len(content), code(content, items))
    if coded.assembled() != content:
        raise CompressionError('the archive does not expand to the file it was made of')
    return coded


def code(content: bytes, items: Sequence[Constant]) -> dict[str, bytes]:
    """Return the sections of an archive, all but the manifest, for a file with constants."""
    pool = ModelPool()
    largest = sorted(items, key=lambda constant: -constant.size)[:MAX_TENSORS]
    chosen = [_choose(content, item, pool) for item in largest if item.size >= MIN_BYTES]
    codings = sorted((item for item in chosen if item), key=lambda item: item.code.offset)
    return _sections(content, codings, pool)


def _choose(model: bytes, constant: Constant, pool: ModelPool) -> Coding | None:
    """Return the smallest coding, its models added to the pool; None if zlib does as well."""
    raw = model[constant.offset:constant.offset + constant.size]
    elements = np.frombuffer(raw, UNSIGNED[constant.width])
    base = TensorCode(constant.offset, elements.size, constant.width, Kind.PLANES)
    offered = [(coding, [pool.offer(stream) for stream in coding.symbols])
               for coding in codings_of(base, elements, constant.shape)]
    coding, offers = min(offered, key=lambda pair: _bits(*pair))
    # Its quickest level: the best one takes 13 times as long, and says the same.
    if _bits(coding, offers) >= 8 * len(zlib.compress(raw, 1)):
        return None
    streams = tuple(pool.accept(offer) for offer in offers)
    return replace(coding, code=replace(coding.code, streams=streams))


def _bits(coding: Coding, offers: list[Offer]) -> float:
    return 8 * len(coding.codebook) + sum(offer.bits for offer in offers)


def codings_of(
    base: TensorCode, elements: Elements, shape: tuple[int, ...]
) -> Iterator[Coding]:
    """Yield the ways to code a tensor's elements (unsigned numbers), each of them exact."""
    planes = elements.view(np.uint8).reshape(-1, base.width)
    yield Coding(base, b'', tuple(np.ascontiguousarray(plane) for plane in planes.T))
    if len(shape) > 1 and math.prod(shape) == base.count:
        yield from _rows(base, elements.reshape(shape[0], -1))
    book, indices, counts = _codebook(elements)
    if book.size > ALPHABET:
        return
    symbols = indices.astype(np.uint8).reshape(-1)
    if base.width > 1:
        code = replace(base, kind=Kind.SHARED, shared=book.size)
        yield Coding(code, book.tobytes(), (symbols,))
    zero = int(counts.argmax())
    if not MIN_ZEROS * elements.size <= counts[zero] < elements.size:
        return
    code = replace(base, kind=Kind.SPARSE, shared=book.size, zero=zero)
    for ordered, read in _orders(code, symbols, shape):
        for bits in range(1, sparse.MAX_GAP_BITS + 1):
            yield _sparse(ordered, book, read, bits)


def _rows(base: TensorCode, rows: Elements) -> Iterator[Coding]:
    """Yield the coding with a codebook per row, its elements from the commonest down."""
    if np.unique(rows[0]).size > MAX_SHARED_IN_ROW or len(rows) == 1:
        return
    books, indices = zip(*(_row_book(row) for row in rows))
    shared = max(book.size for book in books)
    if shared <= min(MAX_SHARED_IN_ROW, rows.shape[1]):
        padded = [np.concatenate([book, np.repeat(book[:1], shared - book.size)])
                  for book in books]
        code = replace(base, kind=Kind.ROWS, shared=shared, rows=len(rows))
        yield Coding(code, np.concatenate(padded).tobytes(), (np.concatenate(indices),))


def _row_book(row: Elements) -> tuple[Elements, Symbols]:
    values, indices, counts = np.unique(row, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind='stable')
    # Only the first 256 places matter: a book with more is not used.
    places = np.argsort(order).astype(np.uint8)
    return values[order], places[indices.reshape(-1)]


def _orders(
    code: TensorCode, symbols: Symbols, shape: tuple[int, ...]
) -> Iterator[tuple[TensorCode, Symbols]]:
    """Yield the tensor's symbols in each order in which they can be read."""
    yield code, symbols
    if len(shape) < 2 or math.prod(shape) != code.count:
        return
    cube = (shape[0], math.prod(shape[1:-1]), shape[-1])
    for order in range(1, len(ORDERS)):
        read = symbols.reshape(cube).transpose(ORDERS[order]).reshape(-1)
        yield replace(code, order=order, shape=cube), read


def _sparse(code: TensorCode, book: Elements, symbols: Symbols, bits: int) -> Coding:
    positions = np.flatnonzero(symbols != code.zero)
    gaps, is_filler = sparse.encode_gaps(positions, bits)
    stored = np.full(gaps.size, code.zero, np.uint8)
    stored[~is_filler] = symbols[positions]
    return Coding(replace(code, entries=gaps.size), book.tobytes(), (stored, gaps))


def _codebook(elements: Elements) -> tuple[Elements, Elements, Elements]:
    """Return the different elements, (n,) indices into them, and how often each occurs."""
    # Most float tensors have no codebook: a part of them shows it without sorting all.
    if np.unique(elements[:4096]).size > ALPHABET:
        return elements, elements, elements
    return np.unique(elements, return_inverse=True, return_counts=True)


def _sections(model: bytes, codings: list[Coding], pool: ModelPool) -> dict[str, bytes]:
    coders: dict[CoderKind, lanes.Coder] = {
        CoderKind.HUFFMAN: HuffmanCoder(pool.table(CoderKind.HUFFMAN).astype(np.uint8)),
        CoderKind.RANS: RansCoder(pool.table(CoderKind.RANS)),
    }
    return {
        'skeleton': lzma_compressed(_skeleton(model, codings)),
        'layout': deflated(_layout(codings)),
        'codebooks': deflated(b''.join(coding.codebook for coding in codings)),
        'code lengths': models.pack_lengths(pool.table(CoderKind.HUFFMAN).astype(np.uint8)),
        'probabilities': models.pack_parts(pool.table(CoderKind.RANS)),
        **{archive.CODES[kind]: lanes.encode(_streams(codings, kind), coder)
           for kind, coder in coders.items()},
    }


def _streams(codings: list[Coding], kind: CoderKind) -> list[Stream]:
    return [
        Stream(symbols, stream.model)
        for coding in codings for symbols, stream in zip(coding.symbols, coding.code.streams)
        if stream.coder is kind
    ]


def _skeleton(model: bytes, codings: list[Coding]) -> bytes:
    pieces, end = [], 0
    for coding in codings:
        pieces.append(model[end:coding.code.offset])
        end = coding.code.offset + coding.code.size
    return b''.join([*pieces, model[end:]])


def _layout(codings: list[Coding]) -> bytes:
    ends = [0, *(coding.code.offset + coding.code.size for coding in codings)]
    return b''.join(coding.code.pack(end) for coding, end in zip(codings, ends))


def seal(model_size: int, sections: Mapping[str, bytes]) -> bytes:
    """Return the file of these sections, with its checksums."""
    parts = [archive.HEADER.pack(archive.MAGIC, archive.VERSION, model_size)]
    for name in archive.SECTIONS:
        data = sections[name]
        parts += [archive.SECTION.pack(len(data), zlib.crc32(data)), data]
    content = b''.join(parts)
    return content + hashlib.sha256(content).digest()
