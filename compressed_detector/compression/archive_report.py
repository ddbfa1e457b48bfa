# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where the bytes of an archive went: per section, per tensor, and by the paper's accounting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.compression.flatbuffer import constants
from compressed_detector.detection.archive import Archive, Coded
from compressed_detector.detection.bundle import MAX_MODEL_BYTES
from compressed_detector.detection.coding import huffman, models, rans
from compressed_detector.detection.coding.lanes import ALPHABET, Symbols
from compressed_detector.detection.coding.tensors import CoderKind, Kind, StreamCode, TensorCode

Costs = Mapping[CoderKind, npt.NDArray[Any]]


@dataclass(frozen=True)
class TensorSize:
    """
    What a coded tensor takes, in bits.

    ``weight_bits`` are the coded elements or indices into the codebook, ``gap_bits`` the coded
    relative indices. ``density`` is the share of entries stored, fillers included.
    """

    name: str
    shape: tuple[int, ...]
    kind: Kind
    elements: int
    raw_bits: int
    density: float
    weight_bits: float
    gap_bits: float
    codebook_bits: int

    @property
    def coded_bits(self) -> float:
        """The bits of the tensor in Deep Compression's sense: weights, gaps and codebook."""
        return self.weight_bits + self.gap_bits + self.codebook_bits


@dataclass(frozen=True)
class SizeReport:
    """
    The size of an archive: ``sections`` are its bytes and add up to ``file_bytes``.

    The paper's accounting (Han et al., ICLR 2016, equation 1 and table 1) counts the coded
    weights, their relative indices and the codebooks. It leaves out code tables, biases, the
    network's structure and whatever else a file needs. Here a bias counts when it is coded.
    """

    model_bytes: int
    file_bytes: int
    sections: Mapping[str, int]
    tensors: tuple[TensorSize, ...]

    @property
    def elements(self) -> int:
        """The number of elements in the coded tensors."""
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def paper_bytes(self) -> float:
        """The size by the paper's accounting."""
        return sum(tensor.coded_bits for tensor in self.tensors) / 8

    @property
    def bits_per_weight(self) -> tuple[float, float]:
        """The bits of an element of the coded tensors, before and after; 0 when there are none."""
        raw = sum(tensor.raw_bits for tensor in self.tensors)
        elements = max(self.elements, 1)
        return raw / elements, 8 * self.paper_bytes / elements


def size_report(content: bytes) -> SizeReport:
    """Take an archive apart; raises ModelError for one that is damaged."""
    archive = Archive.open(content, MAX_MODEL_BYTES)
    model = archive.expand()
    sections = {name: len(data) for name, data in archive.sections.items()}
    return SizeReport(
        model_bytes=len(model),
        file_bytes=len(content),
        sections={**sections, 'header and checksums': len(content) - sum(sections.values())},
        tensors=tensor_sizes(archive, model),
    )


def tensor_sizes(coded: Coded, model: bytes) -> tuple[TensorSize, ...]:
    """Return what the coded tensors of a model take, in their order; raises ModelError."""
    known = {constant.offset: constant for constant in constants(model)}
    costs = {
        CoderKind.HUFFMAN: huffman.bits_of(
            models.unpack_lengths(coded.sections['code lengths'])),
        CoderKind.RANS: rans.bits_of(models.unpack_parts(coded.sections['probabilities'])),
    }
    return tuple(
        _tensor_size(code, streams, known[code.offset].name, known[code.offset].shape, costs)
        for code, _, streams in coded.tensors(coded.layout())
    )


def _tensor_size(
    code: TensorCode, streams: list[Symbols], name: str, shape: tuple[int, ...], costs: Costs
) -> TensorSize:
    bits = [_stream_bits(symbols, stream, costs)
            for symbols, stream in zip(streams, code.streams)]
    sparse = code.kind is Kind.SPARSE
    return TensorSize(
        name=name, shape=shape, kind=code.kind, elements=code.count, raw_bits=8 * code.size,
        density=code.entries / code.count if sparse else 1.0,
        weight_bits=bits[0] if sparse else sum(bits),
        gap_bits=bits[1] if sparse else 0.0,
        codebook_bits=8 * code.codebook_size,
    )


def _stream_bits(symbols: Symbols, stream: StreamCode, costs: Costs) -> float:
    counts = np.bincount(symbols, minlength=ALPHABET)
    used = np.flatnonzero(counts)
    return float(costs[stream.coder][stream.model][used] @ counts[used])
