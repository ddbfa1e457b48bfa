# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ranges of real objects against a laser scanner, and how these are read and scored."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from kitti_folder import LABELS, P2, make_folder

from compressed_detector.config import RangingSettings
from compressed_detector.detection.camera_model import CameraModel
from compressed_detector.detection.ranging import Ranges
from compressed_detector.detection.types import Detections, Image
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation import kitti
from compressed_detector.evaluation.kitti_numbers import read_numbers, write_numbers
from compressed_detector.evaluation.range_scores import RangeScore, score_ranges

NUMBERS = Path(__file__).parents[1] / 'data' / 'kitti_ranges.json'
CAR, PERSON, _ = kitti.SUBJECTS


@pytest.fixture(scope='module')
def objects() -> list[kitti.KittiObject]:
    return read_numbers(NUMBERS)


@pytest.fixture(scope='module')
def ranges(objects: list[kitti.KittiObject]) -> Ranges:
    boxes = [item.box_xyxy for item in objects]
    return kitti.range_objects(objects, boxes, RangingSettings())


def score(
    objects: list[kitti.KittiObject], ranges: Ranges, subject: kitti.Subject
) -> RangeScore:
    rows, distances_m = kitti.clear_distances(objects, subject, (3.0, 30.0))
    return score_ranges(ranges[rows], distances_m)


def test_cars_are_ranged_within_five_percent_of_their_near_face(
    objects: list[kitti.KittiObject], ranges: Ranges
) -> None:
    cars = score(objects, ranges, CAR)
    assert (cars.count, cars.unknown) == (39, 0)
    assert abs(cars.median_error) <= 0.05


def test_people_are_ranged_within_ten_percent_of_their_centre(
    objects: list[kitti.KittiObject], ranges: Ranges
) -> None:
    people = score(objects, ranges, PERSON)
    assert (people.count, people.unknown) == (14, 0)
    assert abs(people.median_error) <= 0.10


def test_standard_deviations_of_real_objects_are_honest(
    objects: list[kitti.KittiObject], ranges: Ranges
) -> None:
    both = [score(objects, ranges, subject) for subject in (CAR, PERSON)]
    covered = sum(item.count * item.coverage for item in both) / sum(item.count for item in both)
    # 51 of 53: neither too small, nor so large that they say nothing.
    assert 0.95 <= covered < 1.0


def test_objects_cut_by_the_image_bottom_are_flagged_and_seldom_nearer_than_placed(
    objects: list[kitti.KittiObject], ranges: Ranges
) -> None:
    rows, distances_m = kitti.cut_distances(objects)
    cut = score_ranges(ranges[rows], distances_m)
    assert (cut.count, cut.unknown) == (13, 0)
    assert ranges[rows].clamped.all()
    assert cut.too_far <= 0.1
    assert cut.coverage >= 0.9


def test_labels_become_boxes_and_distances_in_the_frame_of_the_picture(tmp_path: Path) -> None:
    car, person, cut = kitti.load_folder(make_folder(tmp_path))
    # Half of it reaches 2 m sin 30 + 1 m cos 30 ahead; camera 2 sits 1 cm behind camera 0.
    assert car.centre_m == pytest.approx(20.01)
    assert car.near_m == pytest.approx(20.01 - 1.0 - math.sqrt(0.75))
    assert car.camera == CameraModel(1242, 375, 700.0, 700.0, 600.0, 180.0)
    assert car.box_xyxy == (500.5, 150.5, 600.5, 260.5)  # from pixel centres to corners
    assert (person.near_m, person.class_name) == (pytest.approx(9.71), 'Pedestrian')
    assert [item.clear for item in (car, person, cut)] == [True, True, False]
    assert [item.cut_below for item in (car, person, cut)] == [False, False, True]


def test_exported_numbers_are_read_back(tmp_path: Path) -> None:
    objects = kitti.load_folder(make_folder(tmp_path / 'kitti'))
    write_numbers(tmp_path / 'numbers.json', objects)
    again = read_numbers(tmp_path / 'numbers.json')
    assert [item.box_xyxy for item in again] == [item.box_xyxy for item in objects]
    assert [item.camera for item in again] == [item.camera for item in objects]
    assert [item.near_m for item in again] == pytest.approx(
        [item.near_m for item in objects], abs=0.0006
    )


def test_committed_numbers_are_as_exporting_them_leaves_them(
    tmp_path: Path, objects: list[kitti.KittiObject]
) -> None:
    write_numbers(tmp_path / 'again.json', objects)
    assert (tmp_path / 'again.json').read_bytes() == NUMBERS.read_bytes()


def test_every_object_is_ranged_by_its_own_camera() -> None:
    boxes = [(100, 50, 140, 200), (100, 50, 140, 200), (100, 50, 140, 90)]
    cameras = [CameraModel(640, 480, focal, focal, 320.0, 99.5) for focal in (400.0, 800.0)]
    items = [
        kitti.KittiObject('1', 'Car', cameras[index], 0.0, 0, box, 1.0, 1.0)
        for index, box in zip((1, 0, 1), boxes)
    ]
    ranges = kitti.range_objects(items, boxes, RangingSettings())
    # 100 px below the horizon: 1.65 m after 8 and 4 times as much; the last is above it.
    np.testing.assert_allclose(ranges.forward_m, [13.2, 6.6, math.nan], rtol=1e-6)


def test_objects_are_found_by_boxes_of_their_class_that_overlap_them(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    objects = kitti.load_folder(folder)
    near_person = (101.0, 100.0, 141.0, 300.0)

    def detect(image: Image) -> Detections:
        assert image.shape == (375, 1242, 3)
        boxes = [near_person, (500, 150, 600, 260), (800, 100, 840, 300)]
        return Detections(  # type: ignore[arg-type]
            np.array(boxes, np.float32), [0.9, 0.9, 0.9], [0, 0, 0]
        )

    rows, boxes = kitti.detect_objects(objects, folder, detect, ['person', 'car'])
    assert rows.tolist() == [1]  # the box on the car says person
    np.testing.assert_array_equal(boxes, [near_person])


def test_score_counts_what_it_says() -> None:
    ranges = Ranges(  # type: ignore[arg-type]
        [11.0, 10.0, 18.0, math.nan], [0.4, 1.0, 1.0, math.nan], [2, 2, 2, 0], [False] * 4
    )
    # Errors +10 %, 0, -10 %; the first is 2.5 standard deviations off, the last exactly two.
    assert score_ranges(ranges, [10.0, 10.0, 20.0, 5.0]) == RangeScore(
        count=3, unknown=1, median_error=0.0, mad=pytest.approx(0.1),
        p90_abs_error=pytest.approx(0.1), coverage=pytest.approx(2 / 3),
        too_far=pytest.approx(1 / 3),
    )


@pytest.mark.parametrize('count', [0, 2])
def test_score_of_nothing_known_is_no_number(count: int) -> None:
    result = score_ranges(Ranges.unknown(count), np.ones(count))
    assert (result.count, result.unknown) == (0, count)
    assert math.isnan(result.median_error)
    assert math.isnan(result.coverage)


@pytest.mark.parametrize(
    ('labels', 'calibration', 'message'),
    [
        ('Car 0.00 0 0.1 500 150 600', P2, 'KITTI labels with 15 columns'),
        ('Car 0.00 0 0.1 500 150 left 260 1.5 2 4 1 1.65 20 0', P2, "ValueError.*'left'"),
        (LABELS, 'P3: 1 2 3\n', 'with a row P2'),
        (LABELS, 'P2: 1 2 3\n', 'with a row P2'),
    ],
)
def test_folder_with_a_broken_file_names_it(
    tmp_path: Path, labels: str, calibration: str, message: str
) -> None:
    with pytest.raises(EvaluationError, match=f'(?s)000007.txt.*{message}'):
        kitti.load_folder(make_folder(tmp_path, labels, calibration))


def test_missing_picture_is_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    (folder / 'image_2' / '000007.png').unlink()
    with pytest.raises(EvaluationError, match='picture image_2/000007.png or .jpg'):
        kitti.load_folder(folder)
