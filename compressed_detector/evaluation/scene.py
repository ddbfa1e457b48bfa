# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A recording with what is truly in it: which files and topics belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from compressed_detector.bags import BagSource
from compressed_detector.detection.camera_model import Mounting
from compressed_detector.detection.obstacles import level_axes
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.coco_truth import load_coco_film, load_coco_pictures
from compressed_detector.evaluation.ground_truth import GroundTruth
from compressed_detector.evaluation.mot_truth import load_mot
from compressed_detector.evaluation.picture_sources import VIDEOS, PictureFrames, VideoFrames
from compressed_detector.evaluation.sources import BagFrames, FrameSource
from compressed_detector.evaluation.topic_truth import load_topic

METADATA, BAG_FILES = 'metadata.yaml', ('.mcap', '.db3')
# Beside the recording, where nothing else was said.
TRUTH_FILE = 'ground_truth.json'


@dataclass(frozen=True, eq=False)
class Scene:
    """A recording, and the truth about each of its cameras that has one."""

    source: FrameSource
    truths: Mapping[str, GroundTruth]

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes of the ground truth."""
        return tuple(dict.fromkeys(label for truth in self.truths.values()
                                   for label in truth.labels))


def open_scene(
    path: Path, topics: Sequence[str] = (), truths: Sequence[str] = (),
    mounting: Mounting | None = None,
) -> Scene:
    """
    Open a rosbag2, a video, or a folder of pictures, with its ground truth.

    ``topics``: the image topics of a bag. ``truths``: for each topic, or one for all, a topic of
    the bag, or a file (COCO JSON or MOT text), sought in the bag or folder first; by default its
    ground_truth.json, if there is one. Raises EvaluationError and BagError.
    """
    if _is_pictures(path):
        return _open_pictures(path, truths)
    source = open_source(path, topics, truths)
    return Scene(source, _truths(path, source, truths, mounting))


def open_source(path: Path, topics: Sequence[str] = (), truths: Sequence[str] = ()) -> FrameSource:
    """Open the frames of a scene alone; see open_scene."""
    if _is_pictures(path):
        return _open_pictures(path, truths).source
    if path.suffix.lower() in VIDEOS:
        return VideoFrames(path)
    if path.is_dir() or path.suffix in BAG_FILES or not path.exists():
        return BagFrames(path, topics)
    raise EvaluationError(
        f'{path}: expected a rosbag2 (a folder with metadata.yaml, .mcap or .db3), a video '
        f'({", ".join(VIDEOS)}) or a folder of pictures'
    )


def is_bag_folder(folder: Path) -> bool:
    """Return whether a folder is a rosbag2, or what is left of one."""
    return any(item.name == METADATA or item.suffix in BAG_FILES for item in folder.iterdir())


def truth_files(path: Path, truths: Sequence[str]) -> list[Path]:
    """Return the files with ground truth that open_scene would read."""
    found = [_file(path, spec) for spec in truths] if truths else [_default(path)]
    return [file for file in found if file is not None]


def _is_pictures(path: Path) -> bool:
    return path.is_dir() and not is_bag_folder(path)


def _open_pictures(folder: Path, truths: Sequence[str]) -> Scene:
    if len(truths) > 1:
        raise EvaluationError(f'{folder}: expected one file of annotations for a folder of '
                              f'pictures, got {len(truths)}')
    path = _file(folder, truths[0]) if truths else _default(folder)
    if path is None and truths:
        raise EvaluationError(f'{folder}: expected annotations in COCO format in {truths[0]}, '
                              'there is no such file')
    if path is None:
        return Scene(PictureFrames(folder), {})
    names, truth = load_coco_pictures(path)
    source = PictureFrames(folder, names)
    return Scene(source, {source.cameras[0]: truth})


def _truths(
    path: Path, source: FrameSource, specs: Sequence[str], mounting: Mounting | None
) -> dict[str, GroundTruth]:
    if not specs:
        default = _default(path)
        specs = [str(default.absolute())] if default else []
    if len(specs) not in (0, 1, len(source.cameras)):
        raise EvaluationError(
            f'{path}: expected one ground truth, or one for each of {len(source.cameras)} '
            f'cameras ({", ".join(source.cameras)}), got {len(specs)}'
        )
    if len(specs) == 1 and len(source.cameras) > 1:
        raise EvaluationError(
            f'{path}: expected a ground truth for each of {", ".join(source.cameras)}, in this '
            f'order, got {specs[0]} alone; what is in one camera is not in another'
        )
    return {camera: _load(path, source, camera, spec, mounting)
            for camera, spec in zip(source.cameras, specs)}


def _load(
    path: Path, source: FrameSource, camera: str, spec: str, mounting: Mounting | None
) -> GroundTruth:
    file = _file(path, spec)
    if file is not None:
        return load_mot(file) if file.suffix == '.txt' else load_coco_film(file)
    if isinstance(source, BagFrames):
        with BagSource(path) as bag:
            known = [topic.name for topic in bag.topics]
            if spec not in known:
                raise EvaluationError(
                    f'{path}: expected a file or a topic with ground truth, got {spec}, which is '
                    f'neither; the bag holds {bag.describe()}'
                )
        return load_topic(path, spec, lambda: source.calibration(camera), level_axes(mounting))
    raise EvaluationError(f'{path}: expected a file with ground truth, there is no {spec}')


def _default(folder: Path) -> Path | None:
    path = folder / TRUTH_FILE
    return path if path.is_file() else None


def _file(path: Path, spec: str) -> Path | None:
    """Return the file that is meant: in the folder of the recording, or else as it is."""
    folder = path if path.is_dir() else path.parent
    return next((file for file in (folder / spec, Path(spec)) if file.is_file()), None)
