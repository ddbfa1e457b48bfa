# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Recipes: what to build, as a YAML file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from compressed_detector.compression import dense, files
from compressed_detector.compression.architectures import ARCHITECTURES, Architecture, imported
from compressed_detector.compression.naming import Design
from compressed_detector.compression.stages import STAGES, Stage
from compressed_detector.config import options
from compressed_detector.errors import CompressionError, ConfigError

REQUIRED = ('name', 'architecture', 'weights', 'input_size', 'stages')
KEYS = (*REQUIRED, 'classes')


@dataclass(frozen=True)
class Recipe:
    """A design, and the file of dense weights to start from."""

    design: Design
    weights: Path

    @property
    def name(self) -> str:
        """The name of the model that the recipe builds."""
        return self.design.name

    def with_seed(self, seed: int) -> Recipe:
        """Return the recipe with this seed in every stage that has one."""
        stages = tuple(
            dataclasses.replace(stage, seed=seed) if hasattr(stage, 'seed') else stage
            for stage in self.design.stages
        )
        return self.changed(stages=stages)

    def changed(self, **changes: Any) -> Recipe:
        """Return the recipe with other parts of the design, and so with another name."""
        return Recipe(dataclasses.replace(self.design, **changes), self.weights)


def load_recipe(path: Path) -> Recipe:
    """
    Read a recipe; raises CompressionError that names the file and the mistake.

    The path of the weights is relative to the recipe's folder.
    """
    text = files.read(path, 'recipe')
    try:
        return parse_recipe(yaml.safe_load(text), path.parent)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise CompressionError(f'{path}: expected YAML: {error}') from error
    except (CompressionError, ConfigError) as error:
        raise CompressionError(f'{path}: {error}') from error


def parse_recipe(values: Any, folder: Path) -> Recipe:
    """Return the recipe in a mapping; raises CompressionError or ConfigError."""
    _check_keys('recipe', values, KEYS, required=REQUIRED)
    for key, kind in (('name', str), ('architecture', str), ('weights', str),
                      ('input_size', int), ('stages', list)):
        if type(values[key]) is not kind:
            raise CompressionError(f'{key}: expected {kind.__name__}, got {values[key]!r}')
    weights = folder / values['weights']
    design = Design(
        values['architecture'], values['input_size'],
        tuple(_parse_stage(item) for item in values['stages']),
        _parse_classes(values.get('classes', [])),
        _imported(values['architecture'], weights),
    )
    if design.name != values['name']:
        raise CompressionError(
            f'name: expected {design.name!r}, which is what the recipe builds, '
            f'got {values["name"]!r}'
        )
    return Recipe(design, weights)


def _imported(name: str, weights: Path) -> Architecture | None:
    """Return a user's own architecture, which is described beside its weights."""
    if name in ARCHITECTURES or not weights.is_file():
        return None
    provenance = dense.read_provenance(weights.with_suffix('.json'))
    return imported.from_json(provenance) if imported.KEY in provenance else None


def _parse_classes(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CompressionError(f'classes: expected a list like [person, car], got {names!r}')
    return tuple(names)


def _parse_stage(item: Any) -> Stage:
    if not isinstance(item, dict) or len(item) != 1:
        raise CompressionError(
            f'stages: expected entries like "- quantize: {{format: wi8_ai8}}", got {item!r}'
        )
    ((kind, parameters),) = item.items()
    _check_keys('stages', item, STAGES)
    names = [option.name for option in options(STAGES[kind].parameters)]
    _check_keys(kind, parameters, names)
    try:
        stage: Stage = STAGES[kind].parameters(**parameters)
    except ConfigError as error:
        raise CompressionError(f'{kind}.{error}') from error
    return stage


def _check_keys(
    where: str, values: Any, known: Iterable[str], required: Iterable[str] = ()
) -> None:
    if not isinstance(values, Mapping):
        raise CompressionError(f'{where}: expected keys and values, got {values!r}')
    unknown = [key for key in values if key not in tuple(known)]
    if unknown:
        raise CompressionError(f'{where}: unknown keys {unknown}, known: {", ".join(known)}')
    missing = [key for key in required if key not in values]
    if missing:
        raise CompressionError(f'{where}: missing keys {missing}')
