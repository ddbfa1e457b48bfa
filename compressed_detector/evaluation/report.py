# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One self-contained HTML page about a run."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


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
