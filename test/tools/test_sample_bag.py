# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The committed sample bag and its hand-drawn truth, and the script that writes such bags."""

import importlib.util
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import yaml
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore

ROOT = Path(__file__).parents[2]
BAG = ROOT / 'test' / 'data' / 'pedestrians'
IMAGE_TOPIC, INFO_TOPIC = '/camera/image/compressed', '/camera/camera_info'
START_NS, STEP_NS = 1_767_225_600_000_000_000, 100_000_000
# The newest store: what Humble's writes must be readable by the last release's definitions.
TYPE_STORE = get_typestore(Stores.ROS2_LYRICAL)

Messages = dict[str, list[tuple[int, Any]]]


def read(bag: Path) -> Messages:
    """Read (log time in ns, message) by topic."""
    messages: Messages = {}
    with Reader(bag) as reader:
        for connection, log_ns, data in reader.messages():
            message = TYPE_STORE.deserialize_cdr(data, connection.msgtype)
            messages.setdefault(connection.topic, []).append((log_ns, message))
    return messages


def stamp_ns(message: Any) -> int:
    return int(message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec)


def decode(message: Any) -> npt.NDArray[np.uint8]:
    pixels = cv2.imdecode(message.data, cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels, dtype=np.uint8)


@pytest.fixture(scope='module')
def messages() -> Messages:
    return read(BAG)


@pytest.fixture(scope='module')
def truth() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((BAG / 'ground_truth.json').read_text())
    return loaded


@pytest.fixture(scope='module')
def make_bag() -> Callable[..., int]:
    spec = importlib.util.spec_from_file_location('tool', ROOT / 'tools' / 'make_sample_bag.py')
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return lambda *arguments: tool.main([str(argument) for argument in arguments])


@pytest.fixture(scope='module')
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write six grey frames of 64x48 at 10 fps, of levels 20, 60, 100, ..."""
    path = tmp_path_factory.mktemp('video') / 'grey.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 10.0, (64, 48))
    for index in range(6):
        writer.write(np.full((48, 64, 3), 20 + 40 * index, np.uint8))
    writer.release()
    return path


def test_bag_holds_80_images_and_camera_infos_100_ms_apart(messages: Messages) -> None:
    expected = [START_NS + index * STEP_NS for index in range(80)]
    assert messages.keys() == {IMAGE_TOPIC, INFO_TOPIC}
    for pairs in messages.values():
        assert [log_ns for log_ns, _ in pairs] == expected
        assert [stamp_ns(message) for _, message in pairs] == expected


def test_every_image_decodes_to_the_size_its_camera_info_states(messages: Messages) -> None:
    for (_, image), (_, info) in zip(messages[IMAGE_TOPIC], messages[INFO_TOPIC], strict=True):
        assert decode(image).shape == (576, 768, 3) == (info.height, info.width, 3)
        assert image.format == 'bgr8; jpeg compressed bgr8'
        assert image.header.frame_id == info.header.frame_id == 'camera_optical_frame'


def test_camera_info_is_an_ideal_camera_of_36_degrees(messages: Messages) -> None:
    _, info = messages[INFO_TOPIC][0]
    focal = 384 / math.tan(math.radians(18))
    assert info.k == pytest.approx([focal, 0, 383.5, 0, focal, 287.5, 0, 0, 1])
    assert info.p == pytest.approx([focal, 0, 383.5, 0, 0, focal, 287.5, 0, 0, 0, 1, 0])
    assert info.distortion_model == 'plumb_bob'
    assert info.d.tolist() == [0.0] * 5


def test_bag_is_at_most_4_mb() -> None:
    size_bytes = sum((BAG / name).stat().st_size for name in ('metadata.yaml', 'pedestrians.mcap'))
    assert size_bytes <= 4_000_000


def test_metadata_keeps_the_form_that_humble_reads() -> None:
    metadata = yaml.safe_load((BAG / 'metadata.yaml').read_text())
    information = metadata['rosbag2_bagfile_information']
    assert information['version'] == 8
    assert information['storage_identifier'] == 'mcap'
    assert information['relative_file_paths'] == ['pedestrians.mcap']
    for topic in information['topics_with_message_count']:
        # Humble takes the profiles as a string of YAML with numbers, and nothing else.
        (profile,) = yaml.safe_load(topic['topic_metadata']['offered_qos_profiles'])
        assert (profile['history'], profile['depth']) == (1, 10)  # keep last
        assert (profile['reliability'], profile['durability']) == (1, 2)  # reliable, volatile
        assert profile['lifespan'] == profile['deadline'] == {'sec': 0, 'nsec': 0}


def test_truth_covers_the_whole_bag_evenly(truth: dict[str, Any]) -> None:
    indices = [image['bag_index'] for image in truth['images']]
    assert len(indices) >= 12
    assert indices == list(range(0, 80, 6))


def test_truth_images_are_in_the_bag(truth: dict[str, Any], messages: Messages) -> None:
    stamps = [stamp_ns(message) for _, message in messages[IMAGE_TOPIC]]
    for image in truth['images']:
        assert stamps[image['bag_index']] == image['stamp_ns']
        assert (image['width'], image['height']) == (768, 576)


def test_truth_boxes_are_whole_pixels_inside_the_image(truth: dict[str, Any]) -> None:
    for annotation in truth['annotations']:
        x, y, width, height = annotation['bbox']
        assert all(isinstance(value, int) for value in annotation['bbox'])
        assert 0 <= x < x + width <= 768
        assert 0 <= y < y + height <= 576
        assert annotation['area'] == width * height
        touches_border = x == 0 or y == 0 or x + width == 768 or y + height == 576
        assert annotation['truncated'] == touches_border


def test_truth_is_consistent_coco(truth: dict[str, Any]) -> None:
    image_ids = [image['id'] for image in truth['images']]
    annotation_ids = [annotation['id'] for annotation in truth['annotations']]
    assert len(set(image_ids)) == len(image_ids)
    assert len(set(annotation_ids)) == len(annotation_ids)
    assert {annotation['image_id'] for annotation in truth['annotations']} == set(image_ids)
    assert {annotation['category_id'] for annotation in truth['annotations']} == {1}
    assert [category['name'] for category in truth['categories']] == ['person']


def test_truth_includes_far_near_and_half_hidden_people(truth: dict[str, Any]) -> None:
    people = [annotation for annotation in truth['annotations'] if not annotation['iscrowd']]
    heights_px = [annotation['bbox'][3] for annotation in people]
    assert len(people) >= 80
    assert min(heights_px) < 65
    assert max(heights_px) > 150
    assert sum(annotation['occluded'] >= 0.5 for annotation in people) >= 5


def test_script_takes_the_frames_asked_for(
    make_bag: Callable[..., int], video: Path, tmp_path: Path
) -> None:
    bag = tmp_path / 'grey'
    assert make_bag(video, '--output', bag, '--first', 2, '--frames', 3, '--hfov-deg', 90) == 0
    messages = read(bag)
    levels = [np.mean(decode(image)) for _, image in messages[IMAGE_TOPIC]]
    assert levels == pytest.approx([100, 140, 180], abs=4)
    assert [stamp_ns(image) - START_NS for _, image in messages[IMAGE_TOPIC]] == [
        0, STEP_NS, 2 * STEP_NS,
    ]
    # Half of 64 columns at 45 degrees: a focal length of 32 pixels.
    assert messages[INFO_TOPIC][0][1].k == pytest.approx([32, 0, 31.5, 0, 32, 23.5, 0, 0, 1])


def test_two_runs_give_the_same_bytes(
    make_bag: Callable[..., int], video: Path, tmp_path: Path
) -> None:
    for run in ('one', 'two'):
        assert make_bag(video, '--output', tmp_path / run / 'grey', '--frames', 6) == 0
    for name in ('metadata.yaml', 'grey.mcap'):
        first, second = ((tmp_path / run / 'grey' / name).read_bytes() for run in ('one', 'two'))
        assert first == second


def test_an_existing_bag_is_replaced_only_with_force(
    make_bag: Callable[..., int], video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = tmp_path / 'grey'
    note = bag / 'README.md'
    bag.mkdir()
    note.write_text('kept')
    assert make_bag(video, '--output', bag, '--frames', 1) == 0
    assert make_bag(video, '--output', bag, '--frames', 2) == 2
    assert 'error: ' in (message := capsys.readouterr().err)
    assert 'exists; give --force' in message
    assert len(read(bag)[IMAGE_TOPIC]) == 1
    assert make_bag(video, '--output', bag, '--frames', 2, '--force') == 0
    assert len(read(bag)[IMAGE_TOPIC]) == 2
    assert note.read_text() == 'kept'


def test_a_video_that_is_too_short_is_refused(
    make_bag: Callable[..., int], video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = tmp_path / 'grey'
    assert make_bag(video, '--output', bag, '--first', 4, '--frames', 3) == 2
    assert 'has 6 frames, but frames 4 to 6 were asked for' in capsys.readouterr().err
    assert not bag.exists()


@pytest.mark.parametrize('content', [None, b'not a video'], ids=['missing', 'no video'])
def test_a_file_that_is_no_video_is_refused(
    make_bag: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    content: bytes | None,
) -> None:
    path = tmp_path / 'clip.avi'
    if content is not None:
        path.write_bytes(content)
    assert make_bag(path, '--output', tmp_path / 'bag') == 2
    assert f'error: {path} is no ' in capsys.readouterr().err
