# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The view from above shows what there is, where it is."""

import numpy as np
from camera_rig import Rig, Thing
from matplotlib.colors import to_rgb

from compressed_detector.config import RangingSettings
from compressed_detector.detection.obstacles import face_points, locate
from compressed_detector.detection.ranging import from_ground_plane
from compressed_detector.detection.scan import ScanSettings, ScanView, scan_ranges
from compressed_detector.evaluation.bird_view import BOX, CLAMPED, FREE, Moment, bird_view

GREY = 90


def picture_of(*things):
    rig = Rig(pitch_deg=10, height_m=0.6)
    seen = rig.see(things)
    ranges = from_ground_plane(seen.boxes_xyxy, rig.camera, rig.mounting, RangingSettings())
    obstacles = locate(seen, ranges, rig.camera, rig.mounting)
    view = ScanView.of(rig.camera, rig.mounting, ScanSettings())
    image = np.full((rig.height, rig.width, 3), GREY, np.uint8)
    moment = Moment(
        image, seen, obstacles, face_points(obstacles), view, scan_ranges(obstacles, view)
    )
    return bird_view(moment, ('person',), reach_m=5.0)


def pixels(picture, colour):
    """Return columns and rows of the pixels of a colour in the right part, from above."""
    bgr = np.round(np.array(to_rgb(colour)[::-1]) * 255)
    rows, columns = np.nonzero(np.abs(picture - bgr).max(axis=2) < 12)
    right = columns > picture.shape[1] * 0.55
    return columns[right], rows[right]


def test_without_obstacles_the_whole_view_is_free():
    picture = picture_of()
    assert picture.dtype == np.uint8
    assert len(pixels(picture, FREE)[0]) > 20_000
    assert len(pixels(picture, BOX)[0]) == 0
    # The frame is there, too.
    assert (picture[:, : picture.shape[1] // 2] == GREY).all(axis=2).sum() > 50_000


def test_an_obstacle_throws_a_shadow():
    assert len(pixels(picture_of(Thing(2.0)), FREE)[0]) < len(pixels(picture_of(), FREE)[0])


def test_left_is_left_and_near_is_below():
    left, _ = pixels(picture_of(Thing(3.0, y=0.7)), BOX)
    right, _ = pixels(picture_of(Thing(3.0, y=-0.7)), BOX)
    assert left.mean() < right.mean() - 50
    _, near = pixels(picture_of(Thing(1.7)), BOX)
    _, far = pixels(picture_of(Thing(4.0)), BOX)
    assert near.mean() > far.mean() + 50


def test_what_may_be_nearer_is_orange():
    picture = picture_of(Thing(0.8))
    assert len(pixels(picture, CLAMPED)[0]) > 20
    assert len(pixels(picture, BOX)[0]) == 0
