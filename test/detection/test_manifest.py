# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The manifest survives its file, and whatever is not a valid one is refused with a reason."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressed_detector.detection.manifest import InputSpec, Manifest, OutputSpec
from compressed_detector.errors import ModelError

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
# Without NaN, which equals nothing, not even itself.
PLAIN_OBJECTS = st.dictionaries(
    st.text(), st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    | st.text() | st.lists(st.integers()), max_size=4,
)
BYTE_TRIPLES = st.tuples(*[st.floats(0, 255)] * 3)
INPUTS = st.builds(
    InputSpec,
    shape=st.tuples(st.just(1), st.integers(1, 4096), st.integers(1, 4096), st.just(3))
    | st.tuples(st.just(1), st.just(3), st.integers(1, 4096), st.integers(1, 4096)),
    dtype=st.sampled_from(['uint8', 'int8', 'float32']),
    color=st.sampled_from(['bgr', 'rgb']),
    resize=st.sampled_from(['letterbox', 'letterbox_top_left', 'stretch']),
    pad_value=st.integers(0, 255),
    mean=BYTE_TRIPLES,
    std=st.tuples(*[st.floats(1e-3, 255)] * 3),
)
OUTPUTS = st.builds(
    OutputSpec, role=st.text(), tensor=st.text(),
    shape=st.lists(st.integers(1, 100), max_size=5).map(tuple), dtype=st.text(),
)
MANIFESTS = st.builds(
    Manifest,
    name=st.text(),
    file=st.from_regex(r'[a-z0-9_.]+\.tflite', fullmatch=True),
    sha256=st.text(),
    input=INPUTS,
    outputs=st.lists(
        OUTPUTS, min_size=1, max_size=4, unique_by=(lambda o: o.role, lambda o: o.tensor)
    ).map(tuple),
    head=st.text(),
    labels=st.lists(st.text(), min_size=1, max_size=4).map(tuple),
    head_options=PLAIN_OBJECTS,
    lineage=PLAIN_OBJECTS,
)


@pytest.fixture
def values(tiny_text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(tiny_text)
    return loaded


@given(manifest=MANIFESTS)
def test_manifest_survives_its_file(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_manifest_of_the_tiny_model_is_read(tiny_text: str) -> None:
    manifest = Manifest.from_json(tiny_text)
    assert manifest.file == 'tiny_gfl.tflite'
    assert manifest.input == InputSpec((1, 64, 64, 3), 'uint8', 'bgr', 0)
    assert manifest.labels == ('first_channel', 'second_channel', 'third_channel')
    assert manifest.head_options == {'strides': [8, 16, 32], 'bins': 4}
    assert {output.role for output in manifest.outputs} == {'stride_8', 'stride_16', 'stride_32'}


def test_what_has_a_default_may_be_left_out(values: dict[str, Any]) -> None:
    values['input'] = {'shape': [1, 64, 64, 3], 'dtype': 'uint8'}
    del values['head_options'], values['lineage']
    manifest = Manifest.from_json(json.dumps(values))
    assert manifest.input == InputSpec(
        (1, 64, 64, 3), 'uint8', 'bgr', 0, (0, 0, 0), (1, 1, 1), 'letterbox'
    )
    assert (manifest.head_options, manifest.lineage) == ({}, {})


@pytest.mark.parametrize(
    ('shape', 'channels_first', 'size'),
    [
        ((1, 48, 64, 3), False, (64, 48)),
        ((1, 3, 48, 64), True, (64, 48)),
        ((1, 3, 64, 3), False, (64, 3)),  # the channels come last where both would do
    ],
)
def test_layout_of_the_input_is_told_by_its_shape(
    shape: tuple[int, int, int, int], channels_first: bool, size: tuple[int, int]
) -> None:
    spec = InputSpec(shape, 'float32')
    assert (spec.channels_first, spec.size) == (channels_first, size)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'manifest is not JSON: Expecting value'),
        ('{', 'manifest is not JSON'),
        ('[' * 100_000, 'manifest is not JSON'),
        ('9' * 100_000, 'manifest'),
        ('[]', 'manifest: expected a JSON object'),
        ('null', 'manifest: expected a JSON object'),
        ('{}', 'manifest format: expected 1, got None; build the model with this version'),
        ('{"format": 2}', 'manifest format: expected 1, got 2'),
        ('{"format": "1"}', "manifest format: expected 1, got '1'"),
        ('{"format": true}', 'manifest format: expected 1, got True'),
        ('{"format": 1}', 'input: expected a JSON object, got None'),
    ],
)
def test_text_that_is_no_manifest_is_refused(text: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Manifest.from_json(text)


def test_nesting_at_any_depth_raises_nothing_else(values: dict[str, Any]) -> None:
    # The reader's limit of recursion is not the one of the message that shows the value.
    values['name'] = 'X'
    text = json.dumps(values)
    for depth in range(1, 1200, 7):
        with pytest.raises(ModelError):
            Manifest.from_json(text.replace('"X"', '[' * depth + ']' * depth))


SOMEWHERE: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda v: v.update(scale=1), r"manifest: unknown keys \['scale'\], known: \['file', 'head'"),
    (lambda v: v['input'].update(size=1), r"input: unknown keys \['size'\], known: \['color'"),
    (lambda v: v['outputs'][1].update(x=1), r"outputs: unknown keys \['x'\], known: \['dtype'"),
    (lambda v: v.pop('sha256'), r"manifest: missing keys \['sha256'\]"),
    (lambda v: v.pop('head'), r"manifest: missing keys \['head'\]"),
    (lambda v: v['input'].pop('dtype'), r"input: missing keys \['dtype'\]"),
    (lambda v: v['outputs'][0].pop('role'), r"outputs: missing keys \['role'\]"),
    (lambda v: v.pop('outputs'), 'outputs: expected a list of at least one output'),
    (lambda v: v.update(outputs=[]), 'outputs: expected a list of at least one output'),
    (lambda v: v.update(outputs={'a': 1}), 'outputs: expected a list of at least one output'),
    (lambda v: v.update(outputs=[5]), 'outputs: expected a JSON object, got 5'),
    (lambda v: v.update(input=[1]), r'input: expected a JSON object, got \[1\]'),
    (lambda v: v.update(name=5), 'manifest.name: expected str, got 5'),
    (lambda v: v.update(labels='person'), r"manifest.labels: expected tuple.*, got 'person'"),
    (lambda v: v.update(labels=['person', 1]), r"manifest.labels: .*got \['person', 1\]"),
    (lambda v: v.update(labels=[]), 'labels: expected at least one class name'),
    (lambda v: v.update(head_options=[]), r'manifest.head_options: expected dict.*, got \[\]'),
    (lambda v: v.update(lineage='x'), "manifest.lineage: expected dict.*, got 'x'"),
    (lambda v: v['input'].update(shape=[1, 64, 64]), r'input.shape: .*got \[1, 64, 64\]'),
    (lambda v: v['input'].update(shape=[1, 64, 64.0, 3]), r'input.shape: .*64.0'),
    (lambda v: v['input'].update(shape=[1, 64, True, 3]), r'input.shape: .*True'),
    (lambda v: v['input'].update(shape=[2, 64, 64, 3]),
     r'input.shape: expected \(1, height, width, 3\) or \(1, 3, .*got \(2, 64, 64, 3\)'),
    (lambda v: v['input'].update(shape=[1, 64, 64, 1]), r'input.shape: .*got \(1, 64, 64, 1\)'),
    (lambda v: v['input'].update(shape=[1, 0, 64, 3]), r'input.shape: .*got \(1, 0, 64, 3\)'),
    (lambda v: v['input'].update(shape=[1, 64, -64, 3]), r'input.shape: .*got \(1, 64, -64, 3\)'),
    (lambda v: v['input'].update(shape=[1, 64, 3, 64]), r'input.shape: .*got \(1, 64, 3, 64\)'),
    (lambda v: v['input'].update(resize='crop'),
     r"input.resize: expected one of \('letterbox', .*, 'stretch'\), got 'crop'"),
    (lambda v: v['input'].update(resize=None), 'input.resize: expected str, got None'),
    (lambda v: v['input'].update(dtype=8), 'input.dtype: expected str, got 8'),
    (lambda v: v['input'].update(color='grey'), "input.color: expected bgr or rgb, got 'grey'"),
    (lambda v: v['input'].update(pad_value=256), 'input.pad_value: expected 0 to 255, got 256'),
    (lambda v: v['input'].update(pad_value=-1), 'input.pad_value: expected 0 to 255, got -1'),
    (lambda v: v['input'].update(pad_value=0.5), 'input.pad_value: expected int, got 0.5'),
    (lambda v: v['input'].update(mean=[0, 0]), r'input.mean: .*got \[0, 0\]'),
    (lambda v: v['input'].update(mean=[0, 0, 'x']), "input.mean: .*'x'"),
    (lambda v: v['input'].update(mean=[0, 0, math.nan]), 'input.mean: expected finite numbers'),
    (lambda v: v['input'].update(mean=[0, 0, 10**400]), 'input.mean: expected finite numbers'),
    (lambda v: v['input'].update(std=[1, 1, 0]), 'input.std: expected positive numbers, got'),
    (lambda v: v['input'].update(std=[1, 1, -1]), 'input.std: expected positive numbers, got'),
    (lambda v: v['input'].update(std=[1, 1, 1e-300]), 'input.std: expected positive numbers'),
    (lambda v: v['input'].update(std=[1, 1, math.inf]), 'input.std: expected positive numbers'),
    (lambda v: v['outputs'][0].update(shape=19), 'outputs.shape: expected tuple.*, got 19'),
    (lambda v: v['outputs'][0].update(tensor=None), 'outputs.tensor: expected str, got None'),
    (lambda v: v['outputs'][0].update(role='stride_16'), "outputs: .*two of role 'stride_16'"),
    (lambda v: v['outputs'][0].update(tensor='PartitionedCall:0'),
     "outputs: .*two of tensor 'PartitionedCall:0'"),
]


@pytest.mark.parametrize(('spoil', 'message'), SOMEWHERE)
def test_fault_anywhere_is_refused_with_its_place(
    values: dict[str, Any], spoil: Callable[[dict[str, Any]], Any], message: str
) -> None:
    Manifest.from_json(json.dumps(values))
    spoil(values)
    with pytest.raises(ModelError, match=message):
        Manifest.from_json(json.dumps(values))


@pytest.mark.parametrize(
    'file',
    ['', '.', '..', '/etc/passwd', '../secret.tflite', 'a/b.tflite', 'a/', './a.tflite',
     'nul\0.tflite', 'line\n.tflite', 'half a pair \ud800.tflite'],
)
def test_file_that_is_not_a_plain_name_beside_the_manifest_is_refused(
    values: dict[str, Any], file: str
) -> None:
    values['file'] = file
    with pytest.raises(ModelError, match='file: expected the name of a file beside the manifest'):
        Manifest.from_json(json.dumps(values))


@given(value=JSON_VALUES)
def test_any_json_is_refused_with_a_model_error(value: Any) -> None:
    with pytest.raises(ModelError):
        Manifest.from_json(json.dumps(value))


@given(text=st.text())
def test_any_text_is_refused_with_a_model_error(text: str) -> None:
    with pytest.raises(ModelError):
        Manifest.from_json(text)


def places(values: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) inside a JSON value."""
    items = (values.items() if isinstance(values, dict)
             else enumerate(values) if isinstance(values, list) else ())
    return [place for key, value in items for place in [(values, key), *places(value)]]


@settings(max_examples=300)
@given(data=st.data(), value=JSON_VALUES)
def test_valid_manifest_with_one_value_replaced_is_valid_or_refused(
    tiny_text: str, data: Any, value: Any
) -> None:
    values = json.loads(tiny_text)
    container, key = data.draw(st.sampled_from(places(values)))
    container[key] = value
    text = json.dumps(values)
    try:
        manifest = Manifest.from_json(text)
    except ModelError:
        return
    again = Manifest.from_json(manifest.to_json())
    assert again.to_json() == manifest.to_json()


@settings(max_examples=300)
@given(data=st.data())
def test_damaged_text_of_a_manifest_is_valid_or_refused(tiny_text: str, data: Any) -> None:
    position = data.draw(st.integers(0, len(tiny_text) - 1))
    length = data.draw(st.integers(0, 40))
    text = tiny_text[:position] + data.draw(st.text(max_size=3)) + tiny_text[position + length:]
    with contextlib.suppress(ModelError):
        Manifest.from_json(text)
