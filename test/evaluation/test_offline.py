# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The tiny model on a bag: every frame looked at, in the order of stamps, with what it took."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from camera_bags import calibration, images
from replay_bags import FIRST_NS, MS, write_bag
from tiny_detector import BLUE, TINY_MODELS, black, load, paint

from compressed_detector.config import DetectionSettings
from compressed_detector.detection.camera_model import CameraModel, Mounting
from compressed_detector.detection.types import Detections, Image
from compressed_detector.errors import EvaluationError, ImageError
from compressed_detector.evaluation.detector_run import Usage, compared, together
from compressed_detector.evaluation.ground_truth import GroundTruth, Objects
from compressed_detector.evaluation.offline import run_offline
from compressed_detector.evaluation.places import Geometry, places
from compressed_detector.evaluation.sources import BagFrames, Frame
from compressed_detector.process_figures import cpu_s

FRONT = '/front/image'
ROBOT, EVERYTHING = DetectionSettings(), DetectionSettings(score_threshold=0.2)


def cell(column: int) -> Image:
    """Return a picture in which the tiny model sees one object of 8 x 8 pixels."""
    return paint(black(), (8 * column, 16, 8 * column + 8, 24), BLUE, 200)


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    pictures = {FIRST_NS + 100 * MS * index: cell(index) for index in range(4)}
    return write_bag(tmp_path / 'bag', images(FRONT, pictures),
                     calibration('/front/camera_info', FIRST_NS, (64, 64), 50.0))


def truth(keys: list[int], keyed_by: str = 'index') -> GroundTruth:
    count = len(keys)
    unknown = np.full(count, np.nan)
    boxes = np.array([[8 * index, 16, 8 * index + 8, 24] for index in range(count)], np.float64)
    return GroundTruth(('first_channel',), keyed_by, np.array(keys), Objects(
        np.arange(count), boxes, np.zeros(count), np.full(count, 5), np.zeros(count),
        np.zeros(count), unknown, unknown))


def test_every_frame_is_looked_at(bag: Path) -> None:
    steps: list[tuple[int, int]] = []
    (run,), usage = run_offline('drive', BagFrames(bag), load(TINY_MODELS / 'tiny_gfl.json'),
                                ROBOT, EVERYTHING, lambda done, total: steps.append((done, total)))
    assert (run.source, run.camera, run.frame_id) == ('drive', FRONT, 'camera')
    assert run.frames.answered.all()
    assert run.frames.sizes_px.tolist() == [[64, 64]] * 4
    assert run.reports.frames.tolist() == [0, 1, 2, 3]
    assert run.reports.boxes_xyxy[2].tolist() == pytest.approx([16, 16, 24, 24], abs=1e-4)
    assert (run.frames.latencies_ms > 0).all()
    assert (run.frames.decode_ms > 0).all()
    assert np.isnan(run.frames.ages_ms).all()
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert usage.frames == 4
    assert usage.cpu_s_per_frame > 0
    assert 10 < usage.peak_rss_mb < 10_000


class Shuffled:
    """Frames that were recorded out of order, one of them damaged."""

    name, cameras, sequential, frame_count = 'film', ('a', 'b'), True, 4

    def frames(self) -> Iterator[Frame]:
        def damaged() -> Image:
            raise ImageError('jpeg', 'cut off')

        for stamp, index, camera in ((30, 0, 'a'), (10, 1, 'a'), (20, 2, 'a'), (10, 0, 'b')):
            decode = damaged if stamp == 20 else lambda column=index: cell(column)
            yield Frame(camera, stamp, index, decode)

    def calibration(self, camera: str) -> None:
        return None


class Counting:
    """Sees one object wherever it looks, with the score that is asked for, and counts."""

    labels, looks = ('thing',), 0

    def detect_each(
        self, image: Image, settings: Iterable[DetectionSettings]
    ) -> Iterator[Detections]:
        self.looks += 1
        for each in settings:
            yield Detections(np.array([[0, 0, self.looks, 1]]), np.full(1, each.score_threshold),
                             np.zeros(1))


def test_frames_are_sorted_by_stamp_and_damaged_ones_are_not_looked_at() -> None:
    detector = Counting()
    runs, usage = run_offline('film', Shuffled(), detector, ROBOT, EVERYTHING)
    assert [run.camera for run in runs] == ['a', 'b']
    first = runs[0]
    assert first.frames.stamps_ns.tolist() == [10, 20, 30]
    assert first.frames.indices.tolist() == [1, 2, 0]
    assert first.frames.answered.tolist() == [True, False, True]
    # The first picture is looked at twice, and only the second time counts.
    assert detector.looks == 4
    assert first.reports.frames.tolist() == [0, 2]
    assert first.reports.boxes_xyxy[:, 2].tolist() == [3, 2]
    # Timed as the robot has it, reported down to what precision is averaged over.
    assert first.reports.scores.tolist() == pytest.approx([0.2, 0.2])
    assert (usage.frames, usage.frames_undecodable) == (3, 1)


def test_truth_and_labels_of_both_sides_come_together(bag: Path) -> None:
    (run,), _ = run_offline('drive', BagFrames(bag), Counting(), ROBOT, EVERYTHING)
    film = compared(run, truth([0, 1]), None)
    assert film.labels == ('thing', 'first_channel')
    assert film.frames.annotated.tolist() == [True, True, False, False]
    assert film.objects.class_ids.tolist() == [1, 1]
    assert np.isnan(film.reports.forward_m).all()
    narrowed = film.restricted_to(('first_channel',))
    assert (len(narrowed.reports), narrowed.objects.class_ids.tolist()) == (0, [0, 0])


def test_truth_of_another_recording_is_refused(bag: Path) -> None:
    (run,), _ = run_offline('drive', BagFrames(bag), Counting(), ROBOT, EVERYTHING)
    with pytest.raises(EvaluationError, match=r'got 1 frames by stamp_ns from 5 on, .* theirs are '
                       f'from {FIRST_NS} on'):
        compared(run, truth([5], 'stamp_ns'), None)
    assert not compared(run, None, None).frames.annotated.any()


def test_boxes_are_placed_on_the_floor(bag: Path) -> None:
    source, detector = BagFrames(bag), load(TINY_MODELS / 'tiny_gfl.json')
    (run,), _ = run_offline('drive', source, detector, ROBOT, EVERYTHING)
    camera = source.calibration(FRONT)
    assert camera is not None
    geometry = Geometry(camera, Mounting(1.0, pitch_rad=0.5))
    film = compared(run, truth([0, 1, 2, 3]), geometry)
    # The bottom at row 24 is 8 pixels above the middle at a focal length of 50.
    angle = 0.5 + math.atan(-8 / 50)
    assert film.reports.forward_m.tolist() == pytest.approx([1 / math.tan(angle)] * 4, rel=1e-5)
    # Their middles, 12 pixels above the axis and 28, 20, 12 and 4 left of it, on upright faces.
    along = math.cos(0.5) + 12 / 50 * math.sin(0.5)
    expected = [-pixels / 50 / along / math.tan(angle) for pixels in (28, 20, 12, 4)]
    assert film.reports.right_m.tolist() == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(film.objects.forward_m, film.reports.forward_m, rtol=1e-5)
    assert not film.ranges_measured


def test_of_an_image_whose_size_is_not_known_the_calibration_has_the_size() -> None:
    geometry = Geometry(CameraModel(64, 64, 50, 50, 31.5, 31.5), Mounting(1.0))
    box = np.array([[56.0, 60, 72, 84], [28, 30, 36, 42]])
    forward, right = places(box, np.array([[128, 128], [0, 0]]), geometry)
    assert forward.tolist() == pytest.approx([5, 5])
    assert right.tolist() == pytest.approx([0, 0], abs=1e-6)


def test_usages_add_up() -> None:
    both = together([Usage(1, 0.4, 100, 2), Usage(3, 0.2, 80, 1), Usage(0, math.nan, 50, 0)])
    assert (both.frames, both.peak_rss_mb, both.frames_undecodable) == (4, 100, 3)
    assert both.cpu_s_per_frame == pytest.approx(0.25)


def test_the_peak_of_memory_begins_anew() -> None:
    # In a process of its own: one that has done much already may keep what it is given back.
    script = (
        'import numpy as np\n'
        'from compressed_detector.process_figures import peak_rss_bytes, reset_peak\n'
        'block = np.ones(50_000_000, np.uint8)\n'
        'high = peak_rss_bytes()\n'
        'del block\n'
        'reset_peak()\n'
        'print(high - peak_rss_bytes())\n'
    )
    fallen = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True, timeout=60, check=True)
    assert int(fallen.stdout) > 30_000_000


def test_processor_time_of_a_process_is_known_by_its_id() -> None:
    assert cpu_s(os.getpid()) > 0
