# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Fast DDS is given room for large messages when they are to be expected, and only then."""

import os
from pathlib import Path

import pytest

from compressed_detector.ros import large_messages

IMAGE, POINTS, INFO = (
    f'sensor_msgs/msg/{name}' for name in ('Image', 'PointCloud2', 'CameraInfo')
)


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in large_messages.SETTINGS:
        # Set first, so that what the code sets is undone as well.
        monkeypatch.setenv(name, '')
        monkeypatch.delenv(name)


def settings():
    return {name: os.environ[name] for name in large_messages.SETTINGS if name in os.environ}


@pytest.mark.parametrize('msgtypes', [[IMAGE], [INFO, POINTS]])
def test_large_types_get_the_profile_that_comes_with_the_package(msgtypes):
    large_messages.prepare_for(msgtypes)
    (path,) = settings().values()
    assert 'segment_size' in Path(path).read_text(encoding='utf-8')


def test_small_types_reserve_no_memory():
    large_messages.prepare_for([INFO])
    assert settings() == {}


@pytest.mark.parametrize('name', large_messages.SETTINGS)
def test_what_the_user_configured_is_left_alone(monkeypatch, name):
    monkeypatch.setenv(name, 'mine')
    large_messages.prepare_for([IMAGE])
    assert settings() == {name: 'mine'}
    assert not large_messages.may_be_lost(10**6)


def test_profiles_in_the_working_directory_count_as_configured(tmp_path):
    (tmp_path / 'DEFAULT_FASTDDS_PROFILES.xml').touch()
    large_messages.prepare_for([IMAGE])
    assert settings() == {}


@pytest.mark.parametrize(('size', 'lost'), [(512 * 1024, False), (512 * 1024 + 1, True)])
def test_half_a_megabyte_is_the_limit_of_an_unconfigured_fast_dds(monkeypatch, size, lost):
    monkeypatch.setattr(
        large_messages, 'get_rmw_implementation_identifier', lambda: 'rmw_fastrtps_cpp'
    )
    assert large_messages.may_be_lost(size) is lost


def test_other_middlewares_have_no_such_limit(monkeypatch):
    monkeypatch.setattr(
        large_messages, 'get_rmw_implementation_identifier', lambda: 'rmw_cyclonedds_cpp'
    )
    assert not large_messages.may_be_lost(10**7)
