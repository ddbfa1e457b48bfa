# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Recordings find their ground truth: in a topic, in a file, or where it is by default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from camera_bags import calibration, flat_truth, images, spatial_truth
from replay_bags import FIRST_NS, MS, text_track, write_bag

from compressed_detector.detection.camera_model import Mounting
from compressed_detector.errors import BagError, EvaluationError
from compressed_detector.evaluation.scene import open_scene

FRONT, REAR, TRUTH = '/front/image', '/rear/image', '/truth'
SIZE, FOCAL_PX = (320, 240), 200.0
PICTURES = {FIRST_NS + i * 100 * MS: np.zeros((240, 320, 3), np.uint8) for i in range(2)}


def bag_with(folder: Path, *tracks: Any) -> Path:
    return write_bag(
        folder / 'bag', images(FRONT, PICTURES), images(REAR, PICTURES),
        calibration('/front/camera_info', FIRST_NS, SIZE, FOCAL_PX), text_track('/chatter'),
        *tracks,
    )


def coco(path: Path, **image: Any) -> Path:
    path.write_text(json.dumps({
        'images': [{'id': 1, **image}], 'categories': [{'id': 1, 'name': 'person'}],
        'annotations': [{'image_id': 1, 'category_id': 1, 'bbox': [1, 2, 3, 4]}],
    }))
    return path


def test_truth_from_a_topic_has_classes_and_tracks(tmp_path: Path) -> None:
    bag = bag_with(tmp_path, flat_truth(TRUTH, {
        FIRST_NS: [('person', 'b', (10, 20, 30, 60)), ('dog', 'a', (0, 0, 5, 5))],
        FIRST_NS + 100 * MS: [('person', 'b', (12, 20, 32, 60)), ('person', '', (0, 0, 5, 5))],
        FIRST_NS + 200 * MS: [],
    }))
    scene = open_scene(bag, [FRONT], [TRUTH])
    assert scene.labels == ('dog', 'person')
    truth = scene.truths[FRONT]
    assert len(truth.keys) == 3
    found = truth.objects
    assert found.frames.tolist() == [0, 0, 1, 1]
    assert found.class_ids.tolist() == [1, 0, 1, 1]
    assert found.track_ids.tolist() == [0, 1, 0, -1]
    assert found.boxes_xyxy[2].tolist() == [12, 20, 32, 60]


def test_truth_in_space_is_seen_where_the_camera_shows_it(tmp_path: Path) -> None:
    # A cube of 1 m, its near face 4 m ahead and its left side on the axis of the camera.
    bag = bag_with(tmp_path, spatial_truth(TRUTH, {FIRST_NS: [
        ('person', '1', (0.5, 0, 4.5), (1, 1, 1)),
        ('person', '2', (0, 0, -5), (1, 1, 1)),      # behind the camera
        ('person', '3', (50, 0, 5), (1, 1, 1)),      # beside the picture
    ]}))
    found = open_scene(bag, [FRONT], [TRUTH]).truths[FRONT].objects
    assert found.boxes_xyxy.tolist() == [pytest.approx([160, 95, 210, 145])]
    assert (found.forward_m.tolist(), found.right_m.tolist()) == ([4.0], [0.5])


def test_places_are_level_where_the_camera_is_tilted(tmp_path: Path) -> None:
    # A square of 1 m across the axis of a camera that looks down by 60 degrees: half as far over
    # the floor as along the axis, and its upper edge leans over by sin(60 degrees) / 2.
    bag = bag_with(tmp_path, spatial_truth(TRUTH, {FIRST_NS: [('a', '', (0, 0, 5), (1, 1, 0))]}))
    mounting = Mounting(1.0, pitch_rad=np.radians(60))
    found = open_scene(bag, [FRONT], [TRUTH], mounting).truths[FRONT].objects
    assert found.forward_m.tolist() == pytest.approx([2.5 - np.sin(np.radians(60)) / 2])


def test_what_stands_beside_a_distorting_lens_is_not_folded_into_its_picture(
    tmp_path: Path
) -> None:
    # 80 degrees off the axis, the polynomial of this lens has turned back to the middle.
    beside = {FIRST_NS: [('a', '', (5.5, 0, 1), (0.5, 0.5, 0.5))]}
    bag = write_bag(tmp_path / 'bag', images(FRONT, PICTURES), spatial_truth(TRUTH, beside),
                    calibration('/front/camera_info', FIRST_NS, SIZE, FOCAL_PX, -0.035))
    assert not len(open_scene(bag, [FRONT], [TRUTH]).truths[FRONT].objects)


def test_truth_in_space_needs_a_calibration(tmp_path: Path) -> None:
    bag = bag_with(tmp_path, spatial_truth(TRUTH, {FIRST_NS: []}))
    with pytest.raises(EvaluationError, match='expected a camera_info beside the image topic'):
        open_scene(bag, [REAR], [TRUTH])


def test_a_truth_that_is_not_there_is_refused_with_the_topics_that_are(tmp_path: Path) -> None:
    bag = bag_with(tmp_path)
    with pytest.raises(EvaluationError, match='got /truth, which is neither; the bag holds /chat'):
        open_scene(bag, [FRONT], [TRUTH])
    with pytest.raises(EvaluationError, match='of type .*Detection3DArray on /chatter, got std_'):
        open_scene(bag, [FRONT], ['/chatter'])


def test_each_camera_has_a_truth_of_its_own(tmp_path: Path) -> None:
    bag = bag_with(tmp_path, flat_truth('/a', {FIRST_NS: [('person', '', (1, 1, 9, 9))]}),
                   flat_truth('/b', {FIRST_NS: [('dog', '', (1, 1, 9, 9))]}))
    scene = open_scene(bag, [FRONT, REAR], ['/a', '/b'])
    assert (scene.truths[FRONT].labels, scene.truths[REAR].labels) == (('person',), ('dog',))
    with pytest.raises(EvaluationError, match='a ground truth for each of /front/image, /rear'):
        open_scene(bag, [FRONT, REAR], ['/a'])
    with pytest.raises(EvaluationError, match='one for each of 2 cameras .*, got 3'):
        open_scene(bag, [FRONT, REAR], ['/a', '/b', '/a'])


def test_ground_truth_json_in_a_bag_is_found_and_a_relative_file_too(tmp_path: Path) -> None:
    bag = bag_with(tmp_path)
    assert open_scene(bag, [FRONT]).truths == {}
    coco(bag / 'ground_truth.json', stamp_ns=FIRST_NS)
    coco(bag / 'other.json', bag_index=1)
    assert open_scene(bag, [FRONT]).truths[FRONT].keyed_by == 'stamp_ns'
    assert open_scene(bag, [FRONT], ['other.json']).truths[FRONT].keyed_by == 'index'
    elsewhere = coco(tmp_path / 'elsewhere.json', frame_index=0)
    assert open_scene(bag, [FRONT], [str(elsewhere)]).truths[FRONT].keyed_by == 'index'


def test_text_is_read_as_mot(tmp_path: Path) -> None:
    bag = bag_with(tmp_path)
    (bag / 'gt.txt').write_text('1,1,5,5,10,20,1,1,1\n')
    assert len(open_scene(bag, [FRONT], ['gt.txt']).truths[FRONT].objects) == 1


def test_a_folder_of_pictures_takes_those_that_are_annotated(tmp_path: Path) -> None:
    for name in ('a.png', 'b.png'):
        cv2.imwrite(str(tmp_path / name), np.zeros((8, 8, 3), np.uint8))
    assert open_scene(tmp_path).source.frame_count == 2
    path = coco(tmp_path / 'ground_truth.json', file_name='b.png')
    for truths in ([], ['ground_truth.json'], [str(path)]):
        scene = open_scene(tmp_path, truths=truths)
        assert (scene.source.frame_count, scene.labels) == (1, ('person',))
    with pytest.raises(EvaluationError, match='nowhere.json, there is no such file'):
        open_scene(tmp_path, truths=['nowhere.json'])


@pytest.mark.parametrize(('name', 'error', 'message'), [
    ('nowhere', BagError, 'does not exist'),
    ('notes.md', EvaluationError, r'expected a rosbag2 \(.*\), a video'),
    ('cut_off', BagError, 'no metadata.yaml; .*ros2 bag reindex'),
    ('cut.mcap', BagError, 'cannot be read'),
])
def test_what_is_no_recording_is_refused_in_words(
    tmp_path: Path, name: str, error: type[Exception], message: str
) -> None:
    (tmp_path / 'notes.md').write_text('hello')
    (tmp_path / 'cut.mcap').write_bytes(b'\x89MCAP0')
    (tmp_path / 'cut_off').mkdir()
    (tmp_path / 'cut_off' / 'cut_off_0.mcap').write_bytes(b'')
    with pytest.raises(error, match=message):
        open_scene(tmp_path / name)
