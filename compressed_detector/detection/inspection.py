# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a .tflite file says about itself: tensors, operators, and labels if it carries any."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compressed_detector.detection.bundle import read_model
from compressed_detector.detection.interpreter import LiteInterpreter, Operator
from compressed_detector.detection.tensors import TensorInfo
from compressed_detector.errors import ModelError

# Bounds what an attachment may unpack to: a label file is some kilobytes.
MAX_ATTACHED_BYTES = 2**20
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class Inspection:
    """A model without a manifest; ``labels`` are those attached to the file, or none."""

    file: str
    size_bytes: int
    sha256: str
    input: TensorInfo
    outputs: tuple[TensorInfo, ...]
    operators: tuple[Operator, ...]
    labels: tuple[str, ...] = ()

    @property
    def operator_counts(self) -> Mapping[str, int]:
        """How often each operator occurs, the commonest first."""
        return dict(Counter(operator.name for operator in self.operators).most_common())


def inspect(path: Path) -> Inspection:
    """Open a model and return what it is; raises ModelError for what no runtime can open."""
    model = read_model(path)
    interpreter = LiteInterpreter(model, num_threads=1)
    return Inspection(
        file=path.name,
        size_bytes=len(model),
        sha256=hashlib.sha256(model).hexdigest(),
        input=interpreter.input,
        outputs=interpreter.outputs,
        operators=interpreter.operators(),
        labels=attached_labels(model),
    )


def attached_labels(model: bytes) -> tuple[str, ...]:
    """
    Return the class names that the exporter appended to the model, or none.

    TFLite's metadata tools append a zip archive with a label file, Ultralytics one with a
    dictionary that has ``names``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(model)) as archive:
            small = [item for item in archive.infolist() if item.file_size <= MAX_ATTACHED_BYTES]
            texts = {item.filename: archive.read(item).decode('utf-8') for item in small}
    except UNREADABLE:
        return ()
    found = [_labels_in(name, text) for name, text in texts.items()]
    return next((labels for labels in found if labels), ())


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the class names of a text file, one a line; raises ModelError."""
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f'{path}: cannot read the labels: {error}') from error
    labels = _lines(text)
    if not labels:
        raise ModelError(f'{path}: expected class names, one a line, got none')
    return labels


def _labels_in(name: str, text: str) -> tuple[str, ...]:
    values = _dictionary(text)
    if values is None:
        return _lines(text) if 'label' in name.lower() else ()
    names = values.get('names')
    if isinstance(names, str):  # the oldest exports wrote it as text inside the text
        names = _dictionary(names)
    if isinstance(names, Mapping):
        by_id = {str(key): value for key, value in names.items()}
        names = [by_id.get(str(class_id)) for class_id in range(len(by_id))]
    whole = isinstance(names, list) and all(isinstance(item, str) for item in names)
    return tuple(names) if whole and names else ()


def _dictionary(text: str) -> dict[Any, Any] | None:
    """Return the dictionary that a text spells in JSON or in Python, or None."""
    for read in (json.loads, ast.literal_eval):
        try:
            values = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        return values if isinstance(values, dict) else None
    return None


def _lines(text: str) -> tuple[str, ...]:
    # A blank line inside would be a class without a name, and keeps the ids of those below it.
    return tuple(line.strip() for line in text.rstrip().splitlines())
