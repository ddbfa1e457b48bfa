# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What an option is, and how a dataclass declares and checks its options."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from compressed_detector.errors import ConfigError

ConfigT = TypeVar('ConfigT')
Strings = tuple[str, ...]
Value = bool | int | float | str | Strings


@dataclass(frozen=True)
class Option:
    """
    One tunable: what it means and what it may be.

    A ``live`` one may change between two frames, a ``fixed`` one only with a new start of the
    process, the others while the node is not configured.
    """

    name: str
    type: Any
    default: Value
    description: str
    unit: str = ''
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False
    fixed: bool = False

    @property
    def is_list(self) -> bool:
        """Whether the option holds any number of strings."""
        return bool(self.type == Strings)

    @property
    def constraint(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return 'one of ' + ', '.join(self.choices)
        if self.is_list:
            return 'list of strings'
        if self.minimum is not None and self.maximum is not None:
            return f'{self.type.__name__} from {self.minimum} to {self.maximum}'
        return str(self.type.__name__)

    def check(self, value: Any) -> Value:
        """Return the value as this option's type, or raise ConfigError saying why not."""
        if not self._fits(value):
            raise ConfigError(f'{self.name}: expected {self.constraint}, got {value!r}')
        if self.is_list:
            # ROS 2 cannot write an empty list in YAML: [''] stands for it.
            return tuple(item for item in value if item)
        checked: Value = self.type(value)  # not a NumPy scalar that passes for a float
        return checked

    def _fits(self, value: Any) -> bool:
        if self.is_list:
            return isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)
        # bool is an int in Python, but `true` where a number belongs is a mistake.
        if isinstance(value, bool) and self.type is not bool:
            return False
        if not isinstance(value, (int, float) if self.type is float else self.type):
            return False
        return bool(
            (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
            and (not self.choices or value in self.choices)
        )


class Options:
    """Base of frozen dataclasses of options: refuses bad values when it is made."""

    def __post_init__(self) -> None:
        for item in options(type(self)):
            object.__setattr__(self, item.name, item.check(getattr(self, item.name)))


def option(default: Value, description: str, **limits: Any) -> Any:
    """Declare an option as a field of a dataclass."""
    return field(default=default, metadata={'description': description, **limits})


def options(config: type) -> Iterator[Option]:
    """Yield the options of a configuration class in the order of their declaration."""
    types = get_type_hints(config)
    for item in dataclasses.fields(config):
        default: Any = item.default
        yield Option(name=item.name, type=types[item.name], default=default, **item.metadata)


def from_mapping(config: type[ConfigT], values: Mapping[str, Any]) -> ConfigT:
    """Return a configuration with the given values; unknown keys and bad values raise."""
    known = [item.name for item in options(config)]
    for key in values:
        if key not in known:
            raise ConfigError(unknown_key(key, known))
    return config(**values)


def unknown_key(key: str, known: list[str]) -> str:
    """Return the message for a key that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(str(key), known, n=1)
    hint = f'did you mean {near[0]!r}?' if near else 'known: ' + ', '.join(known)
    return f'unknown parameter {key!r}; {hint}'
