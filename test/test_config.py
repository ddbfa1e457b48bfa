# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Every parameter is declared once, described and bounded; what does not fit is refused."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.config import (
    CameraSettings,
    DetectionSettings,
    NodeConfig,
    Option,
    from_mapping,
    options,
)
from compressed_detector.errors import ConfigError

NODE_OPTIONS = list(options(NodeConfig))
CAMERA_OPTIONS = list(options(CameraSettings))
ALL_OPTIONS = [*NODE_OPTIONS, *CAMERA_OPTIONS]
OPTION = {option.name: option for option in NODE_OPTIONS}
NUMBERS = [option for option in ALL_OPTIONS if option.type in (int, float)]


def by_name(option: Option) -> str:
    return option.name


def test_options_are_the_fields_in_order_of_declaration() -> None:
    assert [option.name for option in NODE_OPTIONS] == [
        item.name for item in dataclasses.fields(NodeConfig)
    ]
    assert [option.name for option in NODE_OPTIONS][:3] == [
        'score_threshold', 'class_thresholds', 'classes'
    ]


def test_no_name_is_used_for_the_node_and_for_its_cameras() -> None:
    names = [option.name for option in ALL_OPTIONS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize('option', ALL_OPTIONS, ids=by_name)
def test_option_is_described_and_its_default_is_valid(option: Option) -> None:
    assert option.description.endswith('.')
    assert option.is_list or option.type in (bool, int, float, str)
    assert type(option.default) is (tuple if option.is_list else option.type)
    assert option.check(option.default) == option.default


@pytest.mark.parametrize('option', NUMBERS, ids=by_name)
def test_number_has_bounds_that_are_inclusive(option: Option) -> None:
    assert option.minimum is not None
    assert option.maximum is not None
    for edge, outward in ((option.minimum, -math.inf), (option.maximum, math.inf)):
        assert option.check(option.type(edge)) == edge
        beyond = math.nextafter(edge, outward) if option.type is float else (
            int(edge) + (1 if outward > 0 else -1)
        )
        with pytest.raises(ConfigError, match=f'{option.name}: expected .* from .* to '):
            option.check(beyond)


@pytest.mark.parametrize('option', NUMBERS, ids=by_name)
def test_not_a_number_and_infinity_are_refused(option: Option) -> None:
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(ConfigError, match=option.name):
            option.check(value)


def test_live_options_are_those_that_need_no_new_model() -> None:
    assert {option.name for option in NODE_OPTIONS if not option.live} == {
        'model', 'num_threads', 'nice', 'cameras', 'lazy', 'autostart'
    }
    assert {option.name for option in CAMERA_OPTIONS if not option.live} == {
        'image_topic', 'image_transport', 'camera_info_topic', 'images_rectified', 'depth_topic',
        'base_frame', 'scan_frame',
    }


def test_node_has_the_detection_settings() -> None:
    node = NodeConfig(score_threshold=0.5)
    assert isinstance(node, DetectionSettings)
    for option in options(DetectionSettings):
        assert option == OPTION[option.name]


def test_configuration_cannot_be_changed_behind_its_checks() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        NodeConfig().num_threads = 0  # type: ignore[misc]


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('score_threshold', '0.5', r"score_threshold: expected float from 0.01 to 1.0, got '0.5'"),
        ('score_threshold', True, 'got True'),
        ('max_detections', True, 'expected int from 1 to 1000, got True'),
        ('max_detections', 3.0, 'got 3.0'),
        ('max_detections', None, 'got None'),
        ('autostart', 1, 'autostart: expected bool, got 1'),
        ('autostart', 'true', "got 'true'"),
        ('model', 5, 'model: expected str, got 5'),
        ('classes', 'person', "classes: expected list of strings, got 'person'"),
        ('classes', ['person', 5], 'expected list of strings'),
        ('class_thresholds', ['person'], 'expected entries such as "person:0.25"'),
        ('class_thresholds', ['person:2'], "from 0.01 to 1.0, got 'person:2'"),
        ('class_thresholds', [':0.5'], "got ':0.5'"),
    ],
)
def test_wrong_value_is_refused_with_what_was_expected(
    name: str, value: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        from_mapping(NodeConfig, {name: value})


def test_integer_is_accepted_where_a_float_belongs() -> None:
    node = from_mapping(NodeConfig, {'score_threshold': 1})
    assert (node.score_threshold, type(node.score_threshold)) == (1.0, float)


def test_values_are_plain_python_numbers() -> None:
    # A float64 scalar would pull float32 arrays up to float64 where it is compared with them.
    settings = DetectionSettings(nms_iou_threshold=np.float64(0.6))
    assert type(settings.nms_iou_threshold) is float


@pytest.mark.parametrize('choice', ['raw', 'compressed'])
def test_every_choice_is_accepted(choice: str) -> None:
    assert from_mapping(CameraSettings, {'image_transport': choice}).image_transport == choice


@pytest.mark.parametrize('value', ['theora', ['raw'], ''])
def test_what_is_no_choice_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match='image_transport: expected one of raw, compressed'):
        from_mapping(CameraSettings, {'image_transport': value})


def test_the_empty_string_of_ros_stands_for_an_empty_list() -> None:
    assert NodeConfig(cameras=['']).cameras == ()
    assert NodeConfig(classes=['person', '']).classes == ('person',)


def test_thresholds_of_classes_are_read_by_name() -> None:
    settings = DetectionSettings(class_thresholds=['traffic light:0.5', 'a:b:0.25'])
    assert settings.thresholds_by_class == {'traffic light': 0.5, 'a:b': 0.25}


def test_ranges_must_be_in_order() -> None:
    with pytest.raises(ConfigError, match='range_min: expected less than range_max'):
        CameraSettings(range_min=5.0, range_max=4.0)


def test_mapping_fills_in_defaults() -> None:
    node = from_mapping(NodeConfig, {'num_threads': 4})
    assert node == NodeConfig(num_threads=4)
    assert from_mapping(NodeConfig, {}) == NodeConfig()


def test_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match="'score_treshold'; did you mean 'score_threshold'?"):
        from_mapping(NodeConfig, {'score_treshold': 0.5})


@pytest.mark.parametrize('key', ['zzz', '', 7, None])
def test_unknown_key_without_a_near_one_lists_what_is_known(key: Any) -> None:
    with pytest.raises(ConfigError, match=rf'unknown parameter {key!r}; known: score_threshold,'):
        from_mapping(NodeConfig, {key: 0.5})


def test_parameters_of_the_node_alone_are_unknown_to_the_detection_settings() -> None:
    with pytest.raises(ConfigError, match="unknown parameter 'autostart'"):
        from_mapping(DetectionSettings, {'autostart': True})


@given(name=st.sampled_from(sorted(OPTION)), value=st.none() | st.booleans() | st.integers()
       | st.floats() | st.text() | st.binary() | st.lists(st.integers()) | st.lists(st.text()))
def test_any_value_is_either_refused_or_kept(name: str, value: Any) -> None:
    try:
        kept = getattr(from_mapping(NodeConfig, {name: value}), name)
    except ConfigError:
        return
    if OPTION[name].is_list:
        assert kept == tuple(item for item in value if item)
    else:
        assert kept == value
        assert type(kept) is OPTION[name].type
    assert OPTION[name].check(kept) == kept
