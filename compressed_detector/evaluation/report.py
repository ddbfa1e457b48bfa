# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One self-contained HTML page about a run."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def rows(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return metrics as rows of words and figures, for the page and for the terminal."""
    latency = metrics['latency_ms']
    return [
        ('frames published', str(metrics['frames_published'])),
        ('frames processed', str(metrics['frames_processed'])),
        ('frames answered with detections', str(metrics['frames_answered'])),
        ('frames replaced by newer ones', str(metrics['frames_replaced'])),
        ('frames undecodable', str(metrics['frames_undecodable'])),
        ('frames lost', str(metrics['frames_lost'])),
        ('latency p50, image to detections', f'{latency["p50"]:.1f} ms'),
        ('latency p99, image to detections', f'{latency["p99"]:.1f} ms'),
        (f'person recall, {metrics["annotated_people"]} people in '
         f'{metrics["annotated_frames"]} hand-drawn frames', f'{metrics["person_recall"]:.2f}'),
    ]


def render(
    title: str,
    facts: Mapping[str, str],
    metrics: Mapping[str, Any],
    pictures: Mapping[str, bytes],
    video: str,
) -> str:
    """
    Return the page: facts and figures as tables, PNG or JPEG pictures by caption, a video link.

    Everything but the video is inside the page; it opens without a network.
    """
    return page('live_report.html.j2', pictures, title=title, facts=facts, rows=rows(metrics),
                video=video)


def page(template: str, pictures: Mapping[str, bytes], **values: Any) -> str:
    """Return a page of the package's templates, with PNG or JPEG pictures by caption in it."""
    environment = Environment(
        loader=PackageLoader('compressed_detector.evaluation'), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )
    sources = {caption: _data_uri(data) for caption, data in pictures.items()}
    return environment.get_template(template).render(pictures=sources, **values)


def _data_uri(picture: bytes) -> str:
    kind = 'png' if picture.startswith(b'\x89PNG') else 'jpeg'
    return f'data:image/{kind};base64,{base64.b64encode(picture).decode()}'
