# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the node said while a bag was played to it, frame by frame of the bag."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from compressed_detector.errors import EvaluationError, ImageError
from compressed_detector.evaluation.detection_messages import deserialize
from compressed_detector.evaluation.detector_run import CameraRun, RunBuilder
from compressed_detector.evaluation.sources import Frame, FrameSource

# A picture that was recorded later than this after its stamp has a stamp of another clock.
LONGEST_DELAY_MS = 10_000


def live_frames(
    name: str, source: FrameSource, labels: Sequence[str], answers: Mapping[int, bytes],
    latencies_ms: Mapping[int, float],
) -> CameraRun:
    """
    Return what the node said about the only camera of a source.

    ``answers``: CDR bytes of Detection2DArray by stamp (ns); ``latencies_ms``: from the arrival of
    an image to that of its answer, by the same key. The age of an answer is that and the time
    from the stamp of the image to when it was recorded. Raises EvaluationError when none of the
    answers is about a frame of the source.
    """
    builder = RunBuilder()
    size_px, frame_id, answered = (0, 0), '', 0
    for frame in source.frames():
        size_px = size_px if any(size_px) else _size(frame)
        frame_id = frame.frame_id
        answer = answers.get(frame.stamp_ns)
        answered += answer is not None
        latency_ms = latencies_ms.get(frame.stamp_ns, math.nan)
        builder.add(
            frame.stamp_ns, frame.index, size_px,
            None if answer is None else deserialize(answer, labels), latency_ms,
            _delay_ms(frame) + latency_ms)
    if answers and not answered:
        raise EvaluationError(f'{name}: expected answers to its images, got {len(answers)} about '
                              'others; does another detector run in this ROS domain?')
    return CameraRun(name, source.cameras[0], tuple(labels), source.sequential, frame_id,
                     *builder.build())


def _size(frame: Frame) -> tuple[int, int]:
    try:
        height, width = frame.decode().shape[:2]
    except ImageError:
        return 0, 0
    return width, height


def _delay_ms(frame: Frame) -> float:
    """Return how long after its stamp an image was recorded, 0 where that cannot be."""
    delay_ms = (frame.logged_ns - frame.stamp_ns) / 1e6
    return delay_ms if 0 <= delay_ms <= LONGEST_DELAY_MS else 0.0
