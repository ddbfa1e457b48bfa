# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Frames come one at a time, from bags, videos and folders alike."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from camera_bags import DELAY_NS, calibration, images
from replay_bags import FIRST_NS, MS, image_track, text_track, write_bag
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from compressed_detector.errors import BagError, EvaluationError, ImageError
from compressed_detector.evaluation.picture_sources import PictureFrames, VideoFrames
from compressed_detector.evaluation.sources import BagFrames

FRONT, REAR = '/front/image', '/rear/image/compressed'


def shades(count: int, first: int = 0, size: tuple[int, int] = (24, 32)) -> dict[int, np.ndarray]:
    """Return pictures by stamp, each of one grey value."""
    return {
        FIRST_NS + 100 * MS * index: np.full((*size, 3), first + index, np.uint8)
        for index in range(count)
    }


@pytest.mark.parametrize('storage', [StoragePlugin.SQLITE3, StoragePlugin.MCAP])
@pytest.mark.parametrize('compression', [CompressionMode.NONE, CompressionMode.FILE])
def test_a_bag_gives_raw_and_compressed_images_of_every_chosen_camera_in_order(
    tmp_path: Path, storage: StoragePlugin, compression: CompressionMode
) -> None:
    front, rear = shades(3), shades(2, first=100)
    bag = write_bag(tmp_path / 'bag', images(FRONT, front), images(REAR, rear, compressed=True),
                    text_track('/chatter'), storage=storage, compression=compression)
    source = BagFrames(bag, [FRONT, REAR])
    assert (source.name, source.cameras, source.frame_count) == ('bag', (FRONT, REAR), 5)
    frames = [(f.camera, f.stamp_ns, f.index, f.logged_ns - f.stamp_ns, int(f.decode()[0, 0, 0]))
              for f in source.frames()]
    assert sorted(frames) == sorted([
        *[(FRONT, ns, i, DELAY_NS, i) for i, ns in enumerate(front)],
        *[(REAR, ns, i, DELAY_NS, 100 + i) for i, ns in enumerate(rear)],
    ])
    assert [f[1] for f in frames] == sorted(f[1] for f in frames)
    assert len(list(source.frames())) == 5  # again


def test_the_only_camera_of_a_bag_needs_no_name(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', images(FRONT, shades(1)), text_track('/chatter'))
    assert BagFrames(bag).cameras == (FRONT,)
    assert BagFrames(bag / 'bag.mcap').cameras == (FRONT,)


def test_a_topic_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', images(FRONT, shades(1)), images(REAR, shades(1)),
                    text_track('/chatter'))
    with pytest.raises(BagError, match='has no topic /left; it holds /chatter .*, /front/image'):
        BagFrames(bag, ['/left'])
    with pytest.raises(BagError, match='topics with images, got /chatter; the bag holds .*/rear'):
        BagFrames(bag, ['/chatter'])
    with pytest.raises(BagError, match='expected one topic with images, got 2; choose.*/front'):
        BagFrames(bag)


def test_calibration_is_the_camera_info_beside_the_images(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', images(FRONT, shades(1)), images(REAR, shades(1)),
                    calibration('/front/camera_info', FIRST_NS, (32, 24), 40.0))
    source = BagFrames(bag, [FRONT, REAR])
    camera = source.calibration(FRONT)
    assert camera is not None
    assert (camera.width, camera.height, camera.fx) == (32, 24, 40.0)
    assert source.calibration(REAR) is None


def test_memory_does_not_grow_with_the_bag(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', image_track(count=40, size=500_000))
    source = BagFrames(bag)
    tracemalloc.start()
    try:
        assert sum(1 for _ in source.frames()) == 40
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 10e6  # of 20 MB


def test_an_image_is_decoded_when_asked_for_and_not_before(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', image_track(count=2))  # of noise, which is no JPEG
    first, second = BagFrames(bag).frames()
    with pytest.raises(ImageError):
        first.decode()
    assert second.index == 1


def test_a_folder_gives_its_pictures_by_name(tmp_path: Path) -> None:
    for index, name in enumerate(['b.png', 'a.PNG']):
        cv2.imwrite(str(tmp_path / name), np.full((8, 8, 3), index, np.uint8))
    (tmp_path / 'notes.txt').write_text('')
    source = PictureFrames(tmp_path)
    assert not source.sequential
    assert [(f.index, int(f.decode()[0, 0, 0])) for f in source.frames()] == [(0, 1), (1, 0)]
    assert [int(f.decode()[0, 0, 0]) for f in PictureFrames(tmp_path, ['b.png']).frames()] == [0]
    with pytest.raises(EvaluationError, match='1 of them are missing, first .*c.png'):
        PictureFrames(tmp_path, ['c.png'])
    (tmp_path / 'a.PNG').write_bytes(b'cut off')
    with pytest.raises(ImageError, match='cannot read it'):
        next(PictureFrames(tmp_path).frames()).decode()


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match='expected pictures .* or a rosbag2'):
        PictureFrames(tmp_path)


def test_a_video_gives_its_frames_with_the_times_of_the_film(tmp_path: Path) -> None:
    path = tmp_path / 'film.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 5, (64, 48))
    for value in (0, 100, 200):
        writer.write(np.full((48, 64, 3), value, np.uint8))
    writer.release()
    source = VideoFrames(path)
    assert (source.name, source.cameras, source.frame_count) == ('film', ('film.avi',), 3)
    frames = [(f.stamp_ns, f.index, int(f.decode().mean())) for f in source.frames()]
    assert [row[:2] for row in frames] == [(0, 0), (200 * MS, 1), (400 * MS, 2)]
    assert [row[2] for row in frames] == pytest.approx([0, 100, 200], abs=3)


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'film.mp4').write_bytes(b'nothing')
    with pytest.raises(EvaluationError, match='expected a video that OpenCV can decode'):
        VideoFrames(tmp_path / 'film.mp4')
