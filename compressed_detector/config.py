# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Every tunable of the node, once: default, unit, bounds and description.

The parameter YAML, the ROS parameter descriptors, the README's table and the command lines
are derived from these dataclasses; nothing else in the project states a default.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from compressed_detector.errors import ConfigError

ConfigT = TypeVar('ConfigT')
Value = bool | int | float | str


@dataclass(frozen=True)
class Option:
    """One tunable: what it means and what it may be."""

    name: str
    type: type
    default: Value
    description: str
    unit: str = ''
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False

    @property
    def constraint(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return 'one of ' + ', '.join(self.choices)
        if self.minimum is not None and self.maximum is not None:
            return f'{self.type.__name__} from {self.minimum} to {self.maximum}'
        return self.type.__name__

    def check(self, value: Any) -> Value:
        """Return the value as this option's type, or raise ConfigError saying why not."""
        # bool is an int in Python, but `true` where a number belongs is a mistake.
        right_type = isinstance(value, self.type) and not (
            isinstance(value, bool) and self.type is not bool
        )
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            right_type = True
        within = right_type and (
            (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
            and (not self.choices or value in self.choices)
        )
        if not within:
            raise ConfigError(f'{self.name}: expected {self.constraint}, got {value!r}')
        checked: Value = self.type(value)  # not a NumPy scalar that passes for a float
        return checked


def _option(default: Value, description: str, **limits: Any) -> Any:
    return field(default=default, metadata={'description': description, **limits})


@dataclass(frozen=True)
class DetectionSettings:
    """How raw network outputs become detections; may change between two frames."""

    score_threshold: float = _option(
        0.35, 'Detections with a lower score are dropped.', minimum=0.01, maximum=1.0, live=True
    )
    nms_iou_threshold: float = _option(
        0.6,
        'Of two boxes of one class that overlap by more than this, the weaker is dropped.',
        minimum=0.0,
        maximum=1.0,
        live=True,
    )
    max_detections: int = _option(
        100, 'At most this many detections per image, best first.', minimum=1, maximum=1000,
        live=True,
    )

    def __post_init__(self) -> None:
        for option in options(type(self)):
            object.__setattr__(self, option.name, option.check(getattr(self, option.name)))


@dataclass(frozen=True)
class NodeConfig(DetectionSettings):
    """The parameters of the detector node."""

    model: str = _option(
        'nanodet_g_416_wi8_ai8',
        'Name of an installed model, or the path of a model manifest (.json).',
    )
    num_threads: int = _option(
        2, 'CPU threads for inference; leave cores for the rest of the robot.', minimum=1,
        maximum=64,
    )
    image_transport: str = _option(
        'raw', 'How images arrive: on the topic `image`, or on `image/compressed`.',
        choices=('raw', 'compressed'),
    )
    image_timeout: float = _option(
        3.0, 'Warn when a camera publishes but no image has arrived for this long.', unit='s',
        minimum=0.1, maximum=3600.0, live=True,
    )
    autostart: bool = _option(
        True, 'Configure and activate at start; false leaves it to a lifecycle manager.'
    )


def options(config: type) -> Iterator[Option]:
    """Yield the options of a configuration class in the order of their declaration."""
    types = get_type_hints(config)
    for item in dataclasses.fields(config):
        default: Any = item.default
        yield Option(name=item.name, type=types[item.name], default=default, **item.metadata)


def from_mapping(config: type[ConfigT], values: Mapping[str, Any]) -> ConfigT:
    """Return a configuration with the given values; unknown keys and bad values raise."""
    known = [option.name for option in options(config)]
    for key in values:
        if key not in known:
            raise ConfigError(unknown_key(key, known))
    return config(**values)


def unknown_key(key: object, known: list[str]) -> str:
    """Return the message for a key that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(str(key), known, n=1)
    hint = f'did you mean {near[0]!r}?' if near else 'known: ' + ', '.join(known)
    return f'unknown parameter {key!r}; {hint}'
