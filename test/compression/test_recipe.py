# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A recipe says what to build; a mistake in it is found before anything is built."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.compression.naming import decode
from compressed_detector.compression.quantize import Quantize
from compressed_detector.compression.recipe import load_recipe, parse_recipe
from compressed_detector.errors import CompressionError, ConfigError

RECIPES = Path(__file__).parents[2] / 'config' / 'recipes'


def values(**changes: Any) -> dict[str, Any]:
    return {
        'name': 'nanodet_g_416_wi8_ai8', 'architecture': 'nanodet_g', 'weights': 'dense.npz',
        'input_size': 416, 'stages': [{'quantize': {}}], **changes,
    }


def write(folder: Path, content: Any) -> Path:
    path = folder / 'recipe.yaml'
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


@pytest.mark.parametrize('path', sorted(RECIPES.glob('*.yaml')), ids=lambda path: path.stem)
def test_shipped_recipes_are_named_like_their_files_and_find_their_weights(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    assert ([type(stage) for stage in decode(path.stem).stages]
            == [type(stage) for stage in recipe.design.stages])
    assert recipe.weights.is_file()


def test_parameters_are_read_and_the_others_have_defaults(tmp_path: Path) -> None:
    stage = {'quantize': {'calibration_images': 7}}
    recipe = load_recipe(write(tmp_path, values(stages=[stage])))
    assert recipe.design.stages == (Quantize(calibration_images=7, seed=0),)
    assert recipe.weights == tmp_path / 'dense.npz'


def test_no_stage_is_the_float_model() -> None:
    recipe = parse_recipe(values(name='nanodet_g_416_fp32', stages=[]), Path())
    assert recipe.design.stages == ()


@pytest.mark.parametrize(('changes', 'message'), [
    ({'weight': 'x'}, r"unknown keys \['weight'\], known: name, architecture, weights"),
    ({'stages': [{'shrink': {}}]}, r"stages: unknown keys \['shrink'\], known: .*quantize"),
    ({'stages': [{'quantize': {'bits': 8}}]},
     r"quantize: unknown keys \['bits'\], known: calibration_images, positions"),
    ({'stages': [{'quantize': {'format': 'wi4'}}]},
     "quantize.format: expected one of wi8_ai8, .*, got 'wi4'"),
    ({'stages': [{'quantize': {'seed': True}}]}, 'quantize.seed: expected int .* got True'),
    ({'stages': [{'quantize': {'calibration_images': 0}}]}, 'expected int from 1 to 10000'),
    ({'stages': [{'quantize': None}]}, 'quantize: expected keys and values, got None'),
    ({'stages': ['quantize']}, "expected entries like .*, got 'quantize'"),
    ({'stages': [{'quantize': {}, 'x': {}}]}, 'expected entries like'),
    ({'stages': {'quantize': {}}}, 'stages: expected list'),
    ({'stages': []}, "name: expected 'nanodet_g_416_fp32', .* got 'nanodet_g_416_wi8_ai8'"),
    ({'input_size': 320}, "expected 'nanodet_g_320_wi8_ai8'"),
    ({'input_size': 100}, 'expected a multiple of 32'),
    ({'input_size': '416'}, "input_size: expected int, got '416'"),
    ({'classes': 'person'}, "classes: expected a list like .*, got 'person'"),
    ({'classes': ['persn']}, "classes: .*got 'persn'; did you mean 'person'"),
    ({'classes': ['person']}, "expected 'nanodet_g_416_only-person_wi8_ai8'"),
    ({'architecture': 'yolo'}, "expected one of .*, got 'yolo'"),
])
def test_mistake_is_named_with_the_file(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(CompressionError, match=f'recipe.yaml: .*{message}'):
        load_recipe(write(tmp_path, values(**changes)))


def test_missing_keys_are_named(tmp_path: Path) -> None:
    content = values()
    del content['weights']
    with pytest.raises(CompressionError, match=r"missing keys \['weights'\]"):
        load_recipe(write(tmp_path, content))


@pytest.mark.parametrize('text', ['', '[]', '- a', 'a: [', '\x00', '!!python/object:os.system {}'])
def test_text_that_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CompressionError, match='recipe.yaml: '):
        load_recipe(write(tmp_path, text))


def test_recipe_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match='cannot read recipe .*absent.yaml'):
        load_recipe(tmp_path / 'absent.yaml')


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
NESTED = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3)
)


@given(key=st.sampled_from([*values(), 'quantize']), value=NESTED)
def test_any_value_is_accepted_or_refused_as_a_mistake_of_the_user(key: str, value: Any) -> None:
    changed = values(stages=[{'quantize': value}]) if key == 'quantize' else values(**{key: value})
    with contextlib.suppress(CompressionError, ConfigError):
        parse_recipe(changed, Path())
