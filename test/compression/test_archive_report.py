# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The accounting: sections add up, and a tensor's bits are those that were written."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_archives

from compressed_detector.compression.archive_report import size_report
from compressed_detector.compression.archiving import pack
from compressed_detector.detection.coding.tensors import Kind

VALUES = np.array([1, 2, 3, 4], np.float32)


def test_sections_add_up_to_the_file() -> None:
    content = pack(tiny_archives.with_kernel(tiny_archives.pruned_kernel()))
    report = size_report(content)
    assert sum(report.sections.values()) == report.file_bytes == len(content)
    assert report.model_bytes == 4600


def test_four_equal_values_take_two_bits_a_weight() -> None:
    kernel = np.random.default_rng(0).permutation(np.resize(VALUES, 513))
    report = size_report(pack(tiny_archives.with_kernel(kernel)))
    (tensor,) = report.tensors
    assert (tensor.kind, tensor.shape, tensor.elements) == (Kind.SHARED, (19, 3, 3, 3), 513)
    assert (tensor.weight_bits, tensor.gap_bits, tensor.codebook_bits) == (1026, 0, 4 * 32)
    assert report.paper_bytes == (1026 + 128) / 8
    assert report.bits_per_weight == (32, pytest.approx((1026 + 128) / 513))
    # The bits, rounded up to bytes, and the length of the only lane.
    assert report.sections['Huffman codes'] + report.sections['rANS codes'] == 2 + 2 + 129


def test_sparse_tensor_counts_gaps_and_fillers() -> None:
    kernel = np.zeros(513, np.float32)
    kernel[::27] = 1  # 19 weights, each 27 behind the other
    (tensor,) = size_report(pack(tiny_archives.with_kernel(kernel))).tensors
    assert tensor.kind is Kind.SPARSE
    assert tensor.codebook_bits == 2 * 32
    assert 19 / 513 <= tensor.density < 1
    assert tensor.weight_bits + tensor.gap_bits < 19 * 5


def test_archive_without_coded_tensors_has_no_weights() -> None:
    # Weights that repeat each other are best left to LZMA.
    report = size_report(pack(tiny_archives.with_kernel(np.resize(VALUES, 513))))
    assert (report.tensors, report.elements, report.paper_bytes) == ((), 0, 0)
    assert report.bits_per_weight == (0, 0)
