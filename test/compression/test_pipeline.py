# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The shipped model can be built again from what the project ships."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from compressed_detector.compression import dense, pipeline
from compressed_detector.compression.naming import Design
from compressed_detector.compression.pictures import learning_images
from compressed_detector.compression.progress import silent
from compressed_detector.compression.quantize import Quantize
from compressed_detector.compression.recipe import load_recipe
from compressed_detector.config import DetectionSettings
from compressed_detector.detection.boxes import iou_matrix
from compressed_detector.detection.bundle import Bundle
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.detection.types import Detections, Image
from compressed_detector.errors import CompressionError
from compressed_detector.evaluation.sources import bag_images

ROOT = Path(__file__).parents[2]
MODELS = ROOT / 'models' / 'nanodet_g'
NAME = 'nanodet_g_416_wi8_ai8'
SEEN = DetectionSettings(score_threshold=0.4)
ALMOST_SEEN = DetectionSettings(score_threshold=0.3)


@pytest.fixture(scope='module')
def frames() -> list[Image]:
    bag = ROOT / 'test' / 'data' / 'pedestrians'
    return [image for _, image in bag_images(bag, '/camera/image/compressed')][::2]


@pytest.fixture(scope='module')
def pictures(frames: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('pictures')
    for index, frame in enumerate(frames[1:]):
        cv2.imwrite(str(folder / f'{index}.png'), frame)
    return folder


@pytest.fixture(scope='module')
def rebuilt(pictures: Path) -> Bundle:
    recipe = load_recipe(ROOT / 'config' / 'recipes' / f'{NAME}.yaml')
    return pipeline.run(recipe, pipeline.Order(pictures, silent))


def detector(bundle: Bundle) -> Detector:
    return Detector(bundle, LiteInterpreter(bundle.model, 2))


def assert_all_found(wanted: Detections, among: Detections, iou_threshold: float = 0.8) -> None:
    """Each detection has a counterpart of its class that overlaps it, score within 0.1."""
    overlap = iou_matrix(wanted.boxes_xyxy, among.boxes_xyxy)
    same = wanted.class_ids[:, None] == among.class_ids[None, :]
    close = np.abs(wanted.scores[:, None] - among.scores[None, :]) <= 0.1
    assert np.all(((overlap >= iou_threshold) & same & close).any(axis=1))


def test_rebuilt_model_sees_what_the_shipped_one_sees(
    rebuilt: Bundle, frames: list[Image]
) -> None:
    shipped = detector(Bundle.load(MODELS / f'{NAME}.json'))
    again = detector(rebuilt)
    seen = shipped.detect(frames[0], SEEN)
    assert np.count_nonzero(seen.class_ids == shipped.labels.index('person')) >= 3
    assert_all_found(seen, again.detect(frames[0], ALMOST_SEEN))
    assert_all_found(again.detect(frames[0], SEEN), shipped.detect(frames[0], ALMOST_SEEN))


def test_rebuilt_manifest_is_the_shipped_one_but_for_the_calibration(rebuilt: Bundle) -> None:
    shipped = Bundle.load(MODELS / f'{NAME}.json').manifest
    for key in ('name', 'file', 'input', 'outputs', 'head', 'head_options', 'labels'):
        assert getattr(rebuilt.manifest, key) == getattr(shipped, key)
    for key in ('architecture', 'dense', 'macs', 'params'):
        assert rebuilt.manifest.lineage[key] == shipped.lineage[key]


def test_int8_model_agrees_with_the_float_one(
    shipped: dense.DenseWeights, frames: list[Image]
) -> None:
    reference = detector(pipeline.run_design(
        Design('nanodet_g', 416), shipped, pipeline.Order(None, silent)))
    quantized = detector(Bundle.load(MODELS / f'{NAME}.json'))
    seen = reference.detect(frames[0], DetectionSettings(score_threshold=0.5))
    assert len(seen) >= 3
    assert_all_found(seen, quantized.detect(frames[0], ALMOST_SEEN), iou_threshold=0.5)


def test_shipped_model_is_small_enough() -> None:
    manifest = Bundle.load(MODELS / f'{NAME}.json').manifest
    assert manifest.lineage['size_bytes'] == (MODELS / manifest.file).stat().st_size < 4_000_000


def test_lineage_says_what_was_calibrated_on(rebuilt: Bundle, pictures: Path) -> None:
    (note,) = rebuilt.manifest.lineage['stages']
    assert note['quantize']['format'] == 'wi8_ai8'
    assert note['quantize']['calibration_images'] == len(learning_images(pictures))


def test_quantization_without_pictures_is_refused(shipped: dense.DenseWeights) -> None:
    design = Design('nanodet_g', 416, (Quantize(),))
    with pytest.raises(CompressionError, match='stage quantize needs pictures .*--images DIR'):
        pipeline.run_design(design, shipped, pipeline.Order(None, silent))
