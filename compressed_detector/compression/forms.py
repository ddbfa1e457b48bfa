# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What holds weights together: removed ones stay zero, shared ones stay equal.

The values are in the network; a form only says which of them are free. Every stage that changes
values leaves them as their forms say, and training moves them within their forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

Mask = npt.NDArray[np.bool_]
Assignments = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Form:
    """
    The ties of one array of weights; masks and assignments have its shape.

    ``mask`` is False where a weight was removed. ``assignments`` name the entry of the codebook
    that a weight takes its value from; those of removed weights mean nothing. ``binary`` weights
    have a sign each and one scale per output channel, and no other ties. Raises CompressionError
    when the parts do not fit together.
    """

    mask: Mask | None = None
    assignments: Assignments | None = None
    binary: bool = False

    def __post_init__(self) -> None:
        parts = (self.mask, self.assignments)
        shapes = {part.shape for part in parts if part is not None}
        if len(shapes) > 1:
            raise CompressionError(f'form: expected parts of one shape, got {sorted(shapes)}')
        if self.binary and shapes:
            raise CompressionError('form: expected binary weights without masks and assignments')

    @property
    def codebook_size(self) -> int:
        """The number of entries that assignments refer to; 0 when weights are not shared."""
        return 0 if self.assignments is None else int(self.assignments.max(initial=0)) + 1


# By the name of the weights; those that are not named are free.
Forms = Mapping[str, Form]


def codebook(weights: Floats, form: Form) -> Floats:
    """Return the mean of the kept members of every entry, (entries,); 0 for one without any."""
    if form.assignments is None:
        raise CompressionError('form: expected shared weights, got none')
    kept = np.ones(weights.shape, bool) if form.mask is None else form.mask
    members, size = form.assignments[kept], form.codebook_size
    counts = np.bincount(members, minlength=size)
    sums = np.bincount(members, weights[kept].astype(np.float64), minlength=size)
    means: Floats = (sums / np.maximum(counts, 1)).astype(np.float32)
    return means


def project(weights: Floats, form: Form) -> Floats:
    """Return the nearest weights, in the sense of least squares, that are as the form says."""
    if form.binary:
        # Rastegari et al., XNOR-Net, ECCV 2016, equation 6.
        scales = np.abs(weights).mean(axis=tuple(range(weights.ndim - 1)))
        return np.where(weights >= 0, scales, -scales)
    values = weights if form.assignments is None else codebook(weights, form)[form.assignments]
    # Not by multiplication, which makes a removed negative weight -0.0: another number to code.
    nearest: Floats = values if form.mask is None else np.where(form.mask, values, np.float32(0))
    return nearest
