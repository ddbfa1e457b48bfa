# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is drawn with return to tell how far figures can be trusted: bags, or parts of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compressed_detector.detection.types import Indices
from compressed_detector.evaluation.recording import Recording

BLOCKS = 20


@dataclass(frozen=True, eq=False)
class Units:
    """
    The unit of each frame (F,) of each recording, 0 to ``count`` - 1, and what they are, in words.

    Frames that depend on each other belong to one unit, or else figures look too certain.
    """

    of_frames: tuple[Indices, ...]
    count: int
    words: str


def units_of(recordings: Sequence[Recording]) -> Units:
    """
    Return the units of recordings.

    Several sources: each of them, with all of its cameras. Pictures that are no film: each of
    them. One film: blocks of equal length (Carlstein, The use of subseries values for estimating
    the variance of a general statistic from a stationary sequence, 1986).
    """
    sources = list(dict.fromkeys(item.source for item in recordings))
    if len(sources) > 1:
        return Units(tuple(
            np.full(len(item.frames), sources.index(item.source)) for item in recordings
        ), len(sources), f'{len(sources)} recordings')
    if not recordings[0].sequential:
        count = len(recordings[0].frames)
        return Units((np.arange(count),), count, f'{count} pictures')
    stamps = [item.frames.stamps_ns for item in recordings]
    first, last = min(s.min(initial=2**62) for s in stamps), max(s.max(initial=0) for s in stamps)
    block_ns = max((last - first) // BLOCKS + 1, 1)
    return Units(
        tuple((item - first) // block_ns for item in stamps), BLOCKS,
        f'{BLOCKS} blocks of {block_ns / 1e9:.2g} s of one recording, so they are too narrow: '
        'what is alike throughout it is not known to be so elsewhere',
    )
