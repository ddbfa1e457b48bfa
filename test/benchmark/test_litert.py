# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Models ready to be measured: batches, inputs, memory and profile, with the real runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from harness import picture
from tiny_detector import TINY_MODELS

from compressed_detector.benchmark import subjects
from compressed_detector.benchmark.child import ask
from compressed_detector.benchmark.litert import LiteRt, batched
from compressed_detector.benchmark.profile import LIBRARY, Step, steps_of
from compressed_detector.errors import BenchmarkError, ModelError

TINY = TINY_MODELS / 'tiny_gfl.tflite'
SSD = TINY_MODELS.parent / 'tiny_heads' / 'tiny_ssd.tflite'


def pixels(seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (1, 64, 64, 3)).astype(np.float32)


def test_batch_computes_every_image_as_if_it_were_alone() -> None:
    alone, both = LiteRt(TINY.read_bytes(), 1), batched(TINY.read_bytes(), 1, 2)
    images = [pixels(0), pixels(1)]
    both.set_pixels(np.concatenate(images))
    together = both.outputs()
    for number, image in enumerate(images):
        alone.set_pixels(image)
        for name, values in alone.outputs().items():
            np.testing.assert_allclose(together[name][number], values[0], atol=1e-5)


def test_model_of_a_fixed_number_of_images_says_so() -> None:
    with pytest.raises(BenchmarkError, match='its number of images at a time is fixed'):
        batched(SSD.read_bytes(), 1, 2)


def test_pixels_are_quantized_as_the_model_stores_them() -> None:
    network = LiteRt((TINY_MODELS / 'tiny_gfl_int8.tflite').read_bytes(), 1)
    network.set_pixels(picture()[None].astype(np.float32))
    logits = max(network.outputs().values(), key=np.size)  # that of 8 x 8 cells
    # The square's value is 200; logits are known to half a step.
    assert logits.max() == pytest.approx(200 / 16 - 8, abs=0.2)
    assert (logits[..., 0] > -8 + 0.2).sum() == 1


def test_memory_grows_when_a_model_is_opened() -> None:
    found = ask('memory', TINY, 1)
    assert 5e6 < found['before'] < found['steady'] <= found['peak'] < 1e9


def test_profile_lists_what_the_runtime_computes() -> None:
    pytest.importorskip('ai_edge_litert', reason=f'{LIBRARY} comes with it')
    steps = ask('profile', TINY)['steps']
    names = ' '.join(name for name, _ in steps)
    assert 'Convolution' in names
    assert all(microseconds >= 0 for _, microseconds in steps)


def test_step_takes_the_median_of_its_runs() -> None:
    runs = [[('a', 1), ('b', 5)], [('a', 9), ('b', 5)], [('a', 2), ('b', 6)]]
    assert steps_of(runs) == [Step('a', 2), Step('b', 5)]


@pytest.mark.parametrize('runs', [[[('a', 1)], [('b', 1)]], [[('a', 1)], []], [[]], []])
def test_runs_of_different_operators_are_no_profile(runs: list[list[tuple[str, int]]]) -> None:
    with pytest.raises(BenchmarkError, match='expected the same operators in every run'):
        steps_of(runs)


def test_task_that_fails_says_why() -> None:
    with pytest.raises(BenchmarkError, match='memory: ended with 1 and said: .*cannot read'):
        ask('memory', 'nowhere.tflite', 1)


def test_models_are_found_by_name_by_manifest_and_as_files(tmp_path: Path) -> None:
    found = subjects.find(['balanced', str(TINY_MODELS / 'tiny_gfl.json'), str(SSD)])
    assert [item.name for item in found] == ['nanodet_g_416_wi8_ai8', 'tiny_gfl', 'tiny_ssd']
    assert 0.2 < found[0].metrics['ap'] < 0.3
    assert found[2].manifest is None
    assert not found[2].metrics


def test_models_of_one_name_and_damaged_figures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="different names, got .'tiny_ssd'."):
        subjects.find([str(SSD), str(SSD)])
    with pytest.raises(ModelError, match='cannot read the model'):
        subjects.find([str(tmp_path / 'no.tflite')])
    for name in ('tiny_gfl.json', 'tiny_gfl.tflite'):
        (tmp_path / name).write_bytes((TINY_MODELS / name).read_bytes())
    (tmp_path / 'tiny_gfl.metrics.json').write_text('[1]')
    with pytest.raises(BenchmarkError, match='expected the figures of a build'):
        subjects.find([str(tmp_path / 'tiny_gfl.json')])
