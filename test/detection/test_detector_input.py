# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a network is given: order of channels, normalization, quantization; what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tiny_detector import RED, black, detect, load, paint

from compressed_detector.detection.bundle import Bundle
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.tensors import Tensor, TensorInfo


@pytest.mark.parametrize(('color', 'class_id'), [('bgr', 2), ('rgb', 0)])
def test_channels_are_given_in_the_order_of_the_manifest(
    copied: Callable[..., Path], color: str, class_id: int
) -> None:
    found = detect(load(copied(input={'color': color})), paint(black(), (24, 16, 32, 24), RED))
    assert found.class_ids.tolist() == [class_id]
    np.testing.assert_allclose(found.boxes_xyxy, [(24, 16, 32, 24)], atol=1e-3)


def random_squares(seed: int, size: tuple[int, int]) -> np.ndarray:
    """Return a noisy image with lone squares on every other cell of stride 8."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 8, (64, 64, 3)).astype(np.uint8)
    for x, y in rng.permutation([(x, y) for x in (0, 16, 32, 48) for y in (16, 32)])[:5]:
        channel = int(rng.integers(3))
        paint(image, (x, y, x + 8, y + 8), channel, int(rng.integers(200, 256)))
    return image[:size[1], :size[0]]


@pytest.mark.parametrize('size', [(64, 64), (64, 48), (48, 64)])
@pytest.mark.parametrize('seed', range(5))
def test_raw_and_normalized_input_give_the_same_detections(
    copied: Callable[..., Path], tiny_models: Path, seed: int, size: tuple[int, int]
) -> None:
    image = random_squares(seed, size)
    raw = detect(load(copied(input={'color': 'rgb', 'pad_value': 9})), image)
    normalized = detect(load(copied('tiny_gfl_float', input={'pad_value': 9})), image)
    assert len(raw) >= 2
    np.testing.assert_array_equal(normalized.class_ids, raw.class_ids)
    np.testing.assert_allclose(normalized.scores, raw.scores, atol=1e-5)
    np.testing.assert_allclose(normalized.boxes_xyxy, raw.boxes_xyxy, atol=1e-3)


@pytest.mark.parametrize('seed', range(5))
def test_int8_network_gives_nearly_the_same_detections(tiny_models: Path, seed: int) -> None:
    image = random_squares(seed, (64, 64))
    floats = detect(load(tiny_models / 'tiny_gfl.json'), image, score_threshold=0.5)
    integers = detect(load(tiny_models / 'tiny_gfl_int8.json'), image, score_threshold=0.5)
    assert len(integers) == len(floats) == 5
    # A logit is known to 0.25, which may exchange the ranks of two squares.
    by_place = [np.lexsort(found.boxes_xyxy.T) for found in (floats, integers)]
    floats, integers = floats[by_place[0]], integers[by_place[1]]
    np.testing.assert_array_equal(integers.class_ids, floats.class_ids)
    np.testing.assert_allclose(integers.boxes_xyxy, floats.boxes_xyxy, atol=1e-3)
    np.testing.assert_allclose(integers.scores, floats.scores, atol=0.02)


class Recorder:
    """An interpreter that keeps what it is given to infer from, and sees nothing in it."""

    def __init__(self, info: TensorInfo, like: Detector) -> None:
        self.input = info
        self.outputs = like._interpreter.outputs
        self.given = np.zeros(info.shape, info.dtype)

    def run(self, fill: Callable[[np.ndarray], None]) -> dict[str, Tensor]:
        fill(self.given)
        return {
            info.name: Tensor(np.full(info.shape, -50, np.float32)) for info in self.outputs
        }


RESIZED = {
    # 64 x 32 pixels in 64 x 64: the rows that the picture fills.
    'letterbox': slice(16, 48),
    'letterbox_top_left': slice(0, 32),
}


@pytest.mark.parametrize(
    ('dtype', 'scale', 'zero_point'),
    [('float32', 1.0, 0), ('int8', 0.017, -9), ('uint8', 0.02, 110), ('uint8', 1.0, 0),
     ('int16', 0.001, 0)],
)
@pytest.mark.parametrize('color', ['bgr', 'rgb'])
@pytest.mark.parametrize('channels_first', [False, True])
@pytest.mark.parametrize('resize', RESIZED)
def test_network_is_given_normalized_and_quantized_pixels(
    copied: Callable[..., Path], tiny: Detector, dtype: str, scale: float, zero_point: int,
    color: str, channels_first: bool, resize: str,
) -> None:
    mean, std = [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]
    shape = (1, 3, 64, 64) if channels_first else (1, 64, 64, 3)
    bundle = Bundle.load(copied(input={
        'shape': list(shape), 'dtype': dtype, 'color': color, 'mean': mean, 'std': std,
        'pad_value': 114, 'resize': resize,
    }))
    recorder = Recorder(TensorInfo('image', shape, np.dtype(dtype), scale, zero_point), tiny)
    image = np.random.default_rng(0).integers(0, 256, (32, 64, 3), np.uint8)
    assert len(detect(Detector(bundle, recorder), image)) == 0
    pixels = np.full((64, 64, 3), 114, float)
    pixels[RESIZED[resize]] = image[..., ::-1] if color == 'rgb' else image
    stored = (pixels - mean) / std / scale + zero_point
    given = recorder.given[0].transpose(1, 2, 0) if channels_first else recorder.given[0]
    if dtype == 'float32':
        np.testing.assert_allclose(given, stored, atol=1e-6)
    else:
        limits = np.iinfo(dtype)
        clipped = np.clip(stored, limits.min, limits.max)
        assert np.all(np.abs(given - clipped) <= 0.5 + 1e-9)


def test_stretched_picture_fills_the_input(copied: Callable[..., Path], tiny: Detector) -> None:
    recorder = Recorder(tiny._interpreter.input, tiny)
    bundle = Bundle.load(copied(input={'resize': 'stretch', 'pad_value': 255}))
    image = np.random.default_rng(0).integers(0, 100, (32, 64, 3), np.uint8)
    detect(Detector(bundle, recorder), image)
    expected = cv2.resize(image, (64, 64), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(recorder.given[0], expected)


@pytest.mark.parametrize(
    ('dtype', 'mean', 'std', 'scale', 'zero_point', 'less'),
    [
        ('uint8', 0, 1, 1, 0, 0),
        ('uint8', 0, 255, 1 / 255, 0, 0),
        ('uint8', 128, 128, 1 / 128, 128, 0),  # MobileNet's quantized SSD
        ('int8', 0, 1, 1, -128, 128),  # what compress_model makes
        ('int8', 128, 128, 1 / 128, 0, 128),
    ],
)
def test_pixels_whose_bits_are_stored_go_straight_into_the_runtime(
    copied: Callable[..., Path], tiny: Detector, monkeypatch: pytest.MonkeyPatch, dtype: str,
    mean: float, std: float, scale: float, zero_point: int, less: int,
) -> None:
    bundle = Bundle.load(copied(
        input={'dtype': dtype, 'mean': [mean] * 3, 'std': [std] * 3, 'pad_value': 255}))
    info = TensorInfo('image', (1, 64, 64, 3), np.dtype(dtype), scale, zero_point)
    detector = Detector(bundle, recorder := Recorder(info, tiny))
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    monkeypatch.setattr(cv2, 'LUT', lambda *_: pytest.fail('it was looked up'))
    detect(detector, image)
    pixels = np.full((64, 64, 3), 255)
    pixels[8:56] = image
    np.testing.assert_array_equal(recorder.given[0], pixels - less)


@pytest.mark.parametrize('color', ['bgr', 'rgb'])
@pytest.mark.parametrize('shape', [(1, 64, 64, 3), (1, 3, 64, 64)])
def test_network_that_takes_pixels_is_given_them_untouched(
    copied: Callable[..., Path], tiny: Detector, color: str, shape: tuple[int, ...]
) -> None:
    recorder = Recorder(TensorInfo('image', shape, np.dtype('uint8')), tiny)
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    bundle = Bundle.load(copied(input={'color': color, 'shape': list(shape)}))
    detect(Detector(bundle, recorder), image)
    expected = image[..., ::-1] if color == 'rgb' else image
    given = recorder.given[0] if shape[3] == 3 else recorder.given[0].transpose(1, 2, 0)
    np.testing.assert_array_equal(given, expected)


@pytest.mark.parametrize(
    ('image', 'message'),
    [
        (np.zeros((64, 64), np.uint8), r'\(64, 64\) of uint8'),
        (np.zeros((64, 64, 1), np.uint8), r'\(64, 64, 1\) of uint8'),
        (np.zeros((64, 64, 4), np.uint8), r'\(64, 64, 4\) of uint8'),
        (np.zeros((64, 64, 3), np.float32), r'\(64, 64, 3\) of float32'),
        (np.zeros((64, 64, 3), np.int8), r'\(64, 64, 3\) of int8'),
        (np.zeros((1, 64, 64, 3), np.uint8), r'\(1, 64, 64, 3\) of uint8'),
    ],
)
def test_image_that_is_not_bgr_bytes_is_refused(
    tiny: Detector, image: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=rf'expected a BGR image .* of uint8, got {message}'):
        detect(tiny, image)


@pytest.mark.parametrize('shape', [(0, 64, 3), (64, 0, 3)])
def test_image_without_pixels_is_refused(tiny: Detector, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match='expected sizes of at least 1 pixel'):
        detect(tiny, np.zeros(shape, np.uint8))
