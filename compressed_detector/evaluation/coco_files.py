# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Reports and truth as COCO JSON, so that every other tool can score them again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compressed_detector.evaluation.ground_truth import NO_TRACK
from compressed_detector.evaluation.recording import Recording

CHUNK = 4096


def truth_dataset(recording: Recording) -> dict[str, Any]:
    """
    Return all frames of a recording, with the truth, as a COCO data set.

    ``annotated`` says of which frames the truth is known: only those are to be scored.
    """
    frames, objects = recording.frames, recording.objects
    return {
        'info': {'description': f'{recording.source} {recording.camera}'},
        'images': [
            {'id': index + 1, 'file_name': f'{index:06d}', 'width': width, 'height': height,
             'stamp_ns': stamp_ns, 'frame_index': index, 'annotated': annotated}
            for index, stamp_ns, (width, height), annotated in zip(
                frames.indices.tolist(), frames.stamps_ns.tolist(), frames.sizes_px.tolist(),
                frames.annotated.tolist())
        ],
        'categories': [{'id': number + 1, 'name': name}
                       for number, name in enumerate(recording.labels)],
        'annotations': [
            {'id': row + 1, 'image_id': int(frames.indices[frame]) + 1, 'category_id': number + 1,
             'bbox': _xywh(box), 'area': (box[2] - box[0]) * (box[3] - box[1]),
             'iscrowd': int(crowd), 'ignore': int(ignored),
             **({} if track == NO_TRACK else {'track_id': track}),
             **({} if forward != forward else {'forward_m': forward, 'right_m': right})}
            for row, (frame, box, number, track, ignored, crowd, forward, right) in enumerate(zip(
                objects.frames, objects.boxes_xyxy.tolist(), objects.class_ids.tolist(),
                objects.track_ids.tolist(), objects.ignored.tolist(), objects.crowd.tolist(),
                objects.forward_m.tolist(), objects.right_m.tolist()))
        ],
    }


def report_rows(recording: Recording) -> Iterator[dict[str, Any]]:
    """Yield what was reported as COCO has results, by the ids of truth_dataset."""
    frames = recording.frames
    # Plain numbers are many times faster than those of NumPy, but there may be millions.
    for start in range(0, len(recording.reports), CHUNK):
        reports = recording.reports[start:start + CHUNK]
        for index, stamp_ns, box, score, number in zip(
            frames.indices[reports.frames].tolist(), frames.stamps_ns[reports.frames].tolist(),
            reports.boxes_xyxy.tolist(), reports.scores.tolist(), reports.class_ids.tolist(),
        ):
            yield {
                'image_id': index + 1, 'category_id': number + 1, 'bbox': _xywh(box),
                'score': score, 'category': recording.labels[number], 'stamp_ns': stamp_ns,
            }


def _xywh(box: list[float]) -> list[float]:
    left, top, right, bottom = box
    return [left, top, right - left, bottom - top]
