# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The manifest of a model: the contract between the workshop and the node."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.errors import ModelError

FORMAT = 1
# The picture keeps its shape in the middle of the input or in its top left corner, or it fills
# the input whatever its shape.
RESIZE_MODES = ('letterbox', 'letterbox_top_left', 'stretch')
LARGEST, SMALLEST = float(np.finfo(np.float32).max), float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class InputSpec:
    """
    How an image becomes the network's input.

    The image is fitted into ``shape``, (1, height, width, 3) or (1, 3, height, width), as
    ``resize`` says (letterbox, letterbox_top_left or stretch; padding ``pad_value``). In the
    channel order ``color`` (bgr or rgb) it is normalized to (pixel - mean) / std per channel,
    unless the network does that itself: then mean is 0 and std is 1.
    """

    shape: tuple[int, int, int, int]
    dtype: str
    color: str = 'bgr'
    pad_value: int = 0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    resize: str = 'letterbox'

    def __post_init__(self) -> None:
        require(len(self.shape) == 4 and self.shape[0] == 1 and 3 in self.shape[1::2]
                 and min(self.shape) > 0,
                 'input.shape: expected (1, height, width, 3) or (1, 3, height, width), '
                 f'got {self.shape}')
        require(self.resize in RESIZE_MODES,
                 f'input.resize: expected one of {RESIZE_MODES}, got {self.resize!r}')
        require(self.color in ('bgr', 'rgb'),
                 f'input.color: expected bgr or rgb, got {self.color!r}')
        require(0 <= self.pad_value <= 255,
                 f'input.pad_value: expected 0 to 255, got {self.pad_value}')
        require(all(-LARGEST <= value <= LARGEST for value in self.mean),
                 f'input.mean: expected finite numbers, got {self.mean}')
        require(all(SMALLEST <= value <= LARGEST for value in self.std),
                 f'input.std: expected positive numbers, got {self.std}')

    @property
    def channels_first(self) -> bool:
        """Whether the network takes (1, 3, height, width), as exports from PyTorch may."""
        return self.shape[3] != 3

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.shape[2:] if self.channels_first else self.shape[1:3]
        return width, height


@dataclass(frozen=True)
class OutputSpec:
    """One output tensor: what role it plays for the head, and how to recognise it."""

    role: str
    tensor: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Manifest:
    """
    The contract between the workshop that built a model and the node that runs it.

    ``head`` names the output convention (see detection/heads) and ``head_options`` its
    numbers; ``labels`` are the class names by class id; ``lineage`` is free: recipe, source,
    figures of the build.
    """

    name: str
    file: str
    sha256: str
    input: InputSpec
    outputs: tuple[OutputSpec, ...]
    head: str
    labels: tuple[str, ...]
    head_options: dict[str, Any] = field(default_factory=dict)
    lineage: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the manifest as the text of its file."""
        return json.dumps({'format': FORMAT, **dataclasses.asdict(self)}, indent=2) + '\n'

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Return the manifest in a text; raises ModelError when it is not a valid one."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelError(f'manifest is not JSON: {error}') from error
        require(isinstance(values, dict), 'manifest: expected a JSON object')
        found = values.pop('format', None)
        require(found == FORMAT and found is not True,
                 f'manifest format: expected {FORMAT}, got {found!r}; '
                 'build the model with this version of compress_model')
        values['input'] = _build(InputSpec, 'input', values.get('input'))
        outputs = values.get('outputs')
        require(isinstance(outputs, list) and bool(outputs),
                 'outputs: expected a list of at least one output')
        values['outputs'] = tuple(_build(OutputSpec, 'outputs', item) for item in outputs)
        manifest: Manifest = _build(cls, 'manifest', values)
        return manifest

    def __post_init__(self) -> None:
        require(bool(self.labels), 'labels: expected at least one class name')
        # A NUL or half a surrogate pair would reach the file system as a ValueError.
        require(Path(self.file).name == self.file and self.file not in ('', '..')
                 and self.file.isprintable(),
                 f'file: expected the name of a file beside the manifest, got {self.file!r}')
        _require_different('role', (output.role for output in self.outputs))
        _require_different('tensor', (output.tensor for output in self.outputs))


def require(condition: bool, message: str) -> None:
    """Raise ModelError with the message unless the condition holds."""
    if not condition:
        raise ModelError(message)


def _require_different(what: str, names: Iterable[str]) -> None:
    counts = Counter(names)
    twice = [name for name, count in counts.items() if count > 1]
    require(not twice, f'outputs: expected one of each {what}, got two of {what} '
             + ', '.join(map(repr, twice)))


def _build(kind: Any, where: str, values: Any) -> Any:
    require(isinstance(values, dict), f'{where}: expected a JSON object, got {values!r}')
    fields = {item.name: item for item in dataclasses.fields(kind)}
    unknown = sorted(set(values) - set(fields))
    require(not unknown, f'{where}: unknown keys {unknown}, known: {sorted(fields)}')
    missing = sorted(
        name for name, item in fields.items()
        if name not in values and item.default is dataclasses.MISSING
        and item.default_factory is dataclasses.MISSING
    )
    require(not missing, f'{where}: missing keys {missing}')
    for name, item in fields.items():
        if name in values:
            require(_matches(str(item.type), values[name]),
                     f'{where}.{name}: expected {item.type}, got {values[name]!r}')
    return kind(**{
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    })


def _matches(annotation: str, value: Any) -> bool:
    """Whether a JSON value fits a field's annotation, as far as JSON can tell."""
    if annotation.startswith('tuple['):
        element = annotation[len('tuple['):].split(',')[0]
        length = None if '...' in annotation else annotation.count(',') + 1
        return isinstance(value, (list, tuple)) and length in (None, len(value)) and all(
            _matches(element, item) for item in value
        )
    kinds: dict[str, Any] = {'str': str, 'int': int, 'float': (int, float), 'dict': dict}
    kind = kinds.get(annotation.split('[')[0])
    return kind is None or (isinstance(value, kind) and not isinstance(value, bool))
