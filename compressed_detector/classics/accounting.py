# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a pruned and shared network takes: by Deep Compression's accounting, and as a file.

Han, Mao, Dally, Deep Compression, ICLR 2016, section 2 to 4. A stored weight is the index of its
value in the codebook and the gap to the one before it; a filler zero, where a gap is too long, is
a stored weight too. The paper counts these, after Huffman coding, and the codebooks; not the
tables of the Huffman codes, and no biases. The file has all of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.compression import archiving
from compressed_detector.compression.flatbuffer import Constant
from compressed_detector.compression.forms import Form, Forms
from compressed_detector.detection.coding import huffman
from compressed_detector.detection.coding.reader import deflated
from compressed_detector.detection.coding.sparse import encode_gaps
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

FLOAT_BITS = 32


@dataclass(frozen=True)
class Bits:
    """What the index of a value and a gap take before Huffman coding."""

    code: int
    gap: int


@dataclass(frozen=True)
class KernelSize:
    """
    What a kernel takes, by the paper's accounting.

    ``weights`` there are, ``kept`` are not removed, ``entries`` are stored (with filler zeros),
    of ``values`` different ones. ``huffman_code_bits`` and ``huffman_gap_bits`` are per entry.
    """

    name: str
    weights: int
    kept: int
    entries: int
    values: int
    bits: Bits
    huffman_code_bits: float
    huffman_gap_bits: float

    @property
    def density(self) -> float:
        """The share of weights that are kept."""
        return self.kept / self.weights

    @property
    def dense_bits(self) -> int:
        """The bits of the kernel in float32."""
        return FLOAT_BITS * self.weights

    @property
    def shared_bits(self) -> float:
        """The bits of pruned and shared weights, before Huffman coding."""
        return self._with_codebook(self.bits.code + self.bits.gap)

    @property
    def huffman_bits(self) -> float:
        """The bits after Huffman coding."""
        return self._with_codebook(self.huffman_code_bits + self.huffman_gap_bits)

    def _with_codebook(self, bits_per_entry: float) -> float:
        return self.entries * bits_per_entry + FLOAT_BITS * self.values


def size_of(name: str, kernel: Floats, form: Form, bits: Bits) -> KernelSize:
    """
    Return what a pruned and shared kernel takes, (inputs, outputs) or (h, w, inputs, outputs).

    It is read as it lies in Caffe's memory, which the paper used: an output after the other.
    Raises CompressionError when the values, and zero where there are fillers, are more than the
    bits can tell.
    """
    mask = kernel != 0 if form.mask is None else form.mask
    if form.assignments is None:
        raise CompressionError(f'{name}: expected shared weights, got none')
    codes = _as_in_caffe(form.assignments)[_as_in_caffe(mask)]
    positions = np.flatnonzero(_as_in_caffe(mask))
    gaps, fillers = encode_gaps(positions, bits.gap)
    counts = np.bincount(codes, minlength=1)
    values = int(np.count_nonzero(counts))
    zeros = int(np.count_nonzero(fillers))
    if values + (zeros > 0) > 1 << bits.code:
        raise CompressionError(
            f'{name}: expected at most {1 << bits.code} values in {bits.code} bits, zero for '
            f'fillers among them, got {values + (zeros > 0)}; share the weights among fewer')
    return KernelSize(
        name, kernel.size, positions.size, gaps.size, values, bits,
        mean_huffman_bits(np.append(counts, zeros)), mean_huffman_bits(np.bincount(gaps)),
    )


def mean_huffman_bits(counts: huffman.Counts) -> float:
    """Return the bits of a symbol on average, Huffman coded, from how often each occurs."""
    total = int(np.sum(counts))
    bits = huffman.bits_of(huffman.code_lengths(counts))
    return float(bits @ np.asarray(counts)) / total if total else 0.0


def sizes_of(
    weights: Mapping[str, Floats], forms: Forms, bits: Mapping[str, Bits]
) -> tuple[KernelSize, ...]:
    """Return what each kernel takes that has bits, in the order of the bits."""
    return tuple(size_of(name, weights[name], forms[name], bits[name]) for name in bits)


def huffman_ratio(sizes: tuple[KernelSize, ...]) -> float:
    """Return by how much the kernels have shrunk by the paper's accounting, Huffman coded."""
    return sum(size.dense_bits for size in sizes) / sum(size.huffman_bits for size in sizes)


def shared_ratio(sizes: tuple[KernelSize, ...]) -> float:
    """Return by how much the kernels have shrunk before Huffman coding."""
    return sum(size.dense_bits for size in sizes) / sum(size.shared_bits for size in sizes)


def file_bytes(weights: Mapping[str, Floats]) -> int:
    """
    Return the size of a file with these weights, biases and all tables that it takes to read it.

    It is coded as the project's archives of models are (docs/dcz.md), and read again here: its
    weights are the same to the last bit.
    """
    raw = b''.join(np.ascontiguousarray(array, '<f4').tobytes() for array in weights.values())
    ends = np.cumsum([array.size * 4 for array in weights.values()]).tolist()
    constants = [Constant(name, array.shape, end - array.size * 4, array.size * 4, 4)
                 for (name, array), end in zip(weights.items(), ends)]
    coded = archiving.checked(raw, constants)
    shapes = json.dumps({name: array.shape for name, array in weights.items()})
    content = archiving.seal(len(raw), {'manifest': deflated(shapes.encode()), **coded.sections})
    return len(content)


def _as_in_caffe(kernel: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return (outputs, inputs, ...) in place of (..., inputs, outputs)."""
    axes = kernel.ndim
    return np.transpose(kernel, (axes - 1, axes - 2, *range(axes - 2)))
