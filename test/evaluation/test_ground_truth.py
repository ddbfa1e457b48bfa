# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The same truth in every format, and files that are no truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.coco_truth import load_coco_film, load_coco_pictures
from compressed_detector.evaluation.ground_truth import GroundTruth, Objects
from compressed_detector.evaluation.mot_truth import load_mot

CATEGORIES = [{'id': 3, 'name': 'person'}, {'id': 9, 'name': 'car'}]


def write(folder: Path, **content: Any) -> Path:
    path = folder / 'truth.json'
    path.write_text(json.dumps({'images': [], 'categories': CATEGORIES, 'annotations': [],
                                **content}))
    return path


def objects(*frames: int) -> Objects:
    """Return objects in these frames; each has its row as its track."""
    count = len(frames)
    return Objects(
        np.array(frames), np.zeros((count, 4)), np.zeros(count), np.arange(count),
        np.zeros(count), np.zeros(count), np.full(count, np.nan), np.full(count, np.nan),
    )


def test_truth_is_looked_up_by_frame_whatever_their_order() -> None:
    truth = GroundTruth(('a',), 'stamp_ns', np.array([10, 20, 30]), objects(0, 1, 1, 2))
    annotated, found = truth.of(np.array([30, 99, 20]), np.arange(3))
    assert annotated.tolist() == [True, False, True]
    assert list(zip(found.frames.tolist(), found.track_ids.tolist())) == [(2, 1), (2, 2), (0, 3)]


def test_truth_of_other_frames_annotates_none() -> None:
    truth = GroundTruth(('a',), 'index', np.array([5]), objects(0))
    for stamps in (np.array([5, 6]), np.zeros(0, np.int64)):
        annotated, found = truth.of(stamps, np.arange(len(stamps)))
        assert (annotated.any(), len(found)) == (False, 0)


def test_coco_says_what_is_ignored_which_track_and_how_far(tmp_path: Path) -> None:
    truth = load_coco_film(write(
        tmp_path,
        images=[{'id': 1, 'stamp_ns': 200}, {'id': 2, 'stamp_ns': 100}],
        annotations=[
            {'image_id': 1, 'category_id': 9, 'bbox': [1, 2, 3, 4], 'track_id': 7,
             'forward_m': 5.5, 'right_m': -1},
            {'image_id': 1, 'category_id': 3, 'bbox': [0, 0, 9, 9], 'iscrowd': 1},
            {'image_id': 2, 'category_id': 3, 'bbox': [0, 0, 1, 1], 'ignore': 1},
        ],
    ))
    assert (truth.labels, truth.keyed_by) == (('person', 'car'), 'stamp_ns')
    assert truth.keys.tolist() == [100, 200]
    found = truth.objects
    assert found.frames.tolist() == [1, 1, 0]
    assert found.class_ids.tolist() == [1, 0, 0]
    assert found.boxes_xyxy[0].tolist() == [1, 2, 4, 6]
    assert found.track_ids.tolist() == [7, -1, -1]
    assert found.ignored.tolist() == [False, True, True]
    assert found.crowd.tolist() == [False, True, False]
    assert (found.forward_m[0], found.right_m[0]) == (5.5, -1)
    assert np.isnan(found.forward_m[1:]).all()


@pytest.mark.parametrize('key', ['frame_index', 'bag_index'])
def test_coco_may_number_the_frames_instead(tmp_path: Path, key: str) -> None:
    truth = load_coco_film(write(tmp_path, images=[{'id': 1, key: 12}]))
    assert (truth.keyed_by, truth.keys.tolist()) == ('index', [12])


def test_coco_without_stamp_or_number_is_refused_for_a_film_but_not_for_pictures(
    tmp_path: Path
) -> None:
    path = write(tmp_path, images=[{'id': 4, 'file_name': 'b.png'}, {'id': 2, 'file_name': 'a'}],
                 annotations=[{'image_id': 2, 'category_id': 3, 'bbox': [0, 0, 1, 1]}])
    with pytest.raises(EvaluationError, match='expected every image to have stamp_ns .*frame_ind'):
        load_coco_film(path)
    names, truth = load_coco_pictures(path)
    assert names == ['a', 'b.png']
    assert truth.objects.frames.tolist() == [0]


@pytest.mark.parametrize('images', [[{'file_name': 'a'}], [{'id': 1}], [{'id': 1}, {'id': 'b'}]])
def test_pictures_need_an_id_and_a_file(tmp_path: Path, images: Any) -> None:
    with pytest.raises(EvaluationError, match='truth.json: expected'):
        load_coco_pictures(write(tmp_path, images=images))


IMAGE = {'id': 1, 'stamp_ns': 5, 'file_name': 'a'}
OBJECT = {'image_id': 1, 'category_id': 3, 'bbox': [0, 0, 1, 1]}


@pytest.mark.parametrize('content', [
    {'images': [IMAGE, {'id': 1, 'stamp_ns': 6}]},
    {'images': [IMAGE, {'id': 2, 'stamp_ns': 5}]},
    {'images': [IMAGE], 'categories': [*CATEGORIES, *CATEGORIES]},
    {'images': [IMAGE], 'annotations': [{**OBJECT, 'image_id': 2}]},
    {'images': [IMAGE], 'annotations': [{**OBJECT, 'category_id': 2}]},
    {'images': [IMAGE], 'annotations': [{**OBJECT, 'bbox': [0, 0, -1, 1]}]},
    {'images': [IMAGE], 'annotations': [{**OBJECT, 'bbox': [0, 0, 1]}]},
    {'images': [IMAGE], 'annotations': [{**OBJECT, 'bbox': [0, 0, 'inf', 1]}]},
    {'images': [{'id': 1, 'stamp_ns': 'soon'}]},
    {'images': 5}, {'annotations': ['a']}, {'categories': [{'id': 1}], 'images': [IMAGE]},
])
def test_coco_that_contradicts_itself_is_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(EvaluationError, match=r'truth.json: expected COCO JSON'):
        load_coco_film(write(tmp_path, **content))


def test_mot_counts_from_one_and_ignores_what_it_does_not_ask_for(tmp_path: Path) -> None:
    path = tmp_path / 'gt.txt'
    path.write_text(
        '2,7,11,21,10,20,1,1,1.0\n'
        '2,8,1,1,5,5,0,1,1.0\n'     # not to be considered
        '3,9,1,1,5,5,1,1,0.0\n'     # nothing of it is visible
        '3,5,1,1,5,5,1,12,1.0\n'    # a reflection
        '4,6,1,1,5,5,1,3,1.0\n'     # a car
    )
    truth = load_mot(path)
    assert (truth.labels, truth.keyed_by) == (('person',), 'index')
    assert truth.keys.tolist() == [0, 1, 2, 3]
    found = truth.objects
    assert found.frames.tolist() == [1, 1, 2, 2]
    assert found.track_ids.tolist() == [7, 8, 9, 5]
    assert found.boxes_xyxy[0].tolist() == [10, 20, 20, 40]
    assert found.ignored.tolist() == [False, True, True, True]


def test_rows_of_mot15_are_people(tmp_path: Path) -> None:
    path = tmp_path / 'gt.txt'
    path.write_text('1,1,5,5,10,20,1,-1,-1,-1\n')
    assert load_mot(path).objects.ignored.tolist() == [False]


@pytest.mark.parametrize('text', ['', '1,2,3\n', 'a,b\n', '0,1,1,1,5,5,1,1,1\n',
                                  '1,1,1,1,-5,5,1,1,1\n', '1,1,nan,1,5,5,1,1,1\n',
                                  '99999999999,1,1,1,5,5,1,1,1\n'])
@pytest.mark.filterwarnings('ignore:loadtxt')
def test_text_that_is_no_mot_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / 'gt.txt'
    path.write_text(text)
    with pytest.raises(EvaluationError, match='expected rows as in gt.txt of the MOT challenge'):
        load_mot(path)
