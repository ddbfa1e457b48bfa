# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The real runtime behind the protocol: tensors, threads, copies, and every refusal."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import compressed_detector
from compressed_detector.detection.interpreter import RUNTIMES, LiteInterpreter
from compressed_detector.errors import ModelError

ROOT = Path(compressed_detector.__file__).parents[1]


@pytest.fixture
def lookup(tiny_models: Path) -> LiteInterpreter:
    """Return a network that maps pixels 0..3 to 10..13 and stops at larger ones."""
    return LiteInterpreter((tiny_models / 'lookup.tflite').read_bytes(), num_threads=1)


def filled(value: int) -> Any:
    def fill(array: np.ndarray) -> None:
        array[...] = value

    return fill


def test_tensors_are_described(tiny_models: Path) -> None:
    model = (tiny_models / 'tiny_gfl_int8.tflite').read_bytes()
    interpreter = LiteInterpreter(model, num_threads=2)
    info = interpreter.input
    # Calibrated on 0 to 255: an int8 pixel is the pixel less 128.
    assert (info.shape, info.dtype, info.quantized) == ((1, 64, 64, 3), np.int8, True)
    assert (info.scale, info.zero_point) == (1.0, -128)
    assert {output.shape for output in interpreter.outputs} == {
        (1, 8, 8, 19), (1, 4, 4, 19), (1, 2, 2, 19)
    }
    # Their ranges differ by what was seen; all hold, to the nearest, the logits from -16 to 7.9.
    for output in interpreter.outputs:
        assert output.dtype == np.int8
        assert -16 / output.scale + output.zero_point > -128.5
        assert 7.9 / output.scale + output.zero_point < 127.5


def test_float_tensor_has_the_identity_for_its_scale(tiny_models: Path) -> None:
    interpreter = LiteInterpreter((tiny_models / 'tiny_gfl_float.tflite').read_bytes(), 1)
    for info in (interpreter.input, *interpreter.outputs):
        assert (info.dtype, info.quantized) == (np.float32, False)
        assert (info.scale, info.zero_point) == (1.0, 0)


def test_outputs_are_copies_that_outlive_the_next_run(lookup: LiteInterpreter) -> None:
    (name,) = [output.name for output in lookup.outputs]
    first = lookup.run(filled(1))[name]
    second = lookup.run(filled(2))[name]
    assert np.all(first.values == 11)
    assert np.all(second.values == 12)


def test_time_of_the_network_itself_is_kept(lookup: LiteInterpreter) -> None:
    assert lookup.inference_s == 0
    start_s = time.perf_counter()
    lookup.run(filled(1))
    assert 0 < lookup.inference_s < time.perf_counter() - start_s


def test_several_images_are_taken_at_once_when_asked_for(tiny_models: Path) -> None:
    model = (tiny_models / 'lookup.tflite').read_bytes()
    interpreter = LiteInterpreter(model, num_threads=1, batch_size=3)
    assert interpreter.input.shape[0] == 3

    def fill(array: np.ndarray) -> None:
        array[...] = np.arange(3).reshape(3, 1, 1, 1)

    (output,) = interpreter.run(fill).values()
    assert [*output.values.reshape(3, -1)[:, 0]] == [10, 11, 12]


def test_runtime_is_named(lookup: LiteInterpreter) -> None:
    assert lookup.runtime_name in ('ai_edge_litert', 'tflite_runtime', 'tensorflow')


def test_network_that_stops_is_a_model_error_and_can_run_again(lookup: LiteInterpreter) -> None:
    with pytest.raises(ModelError, match='failed while running the model: .*out of bounds'):
        lookup.run(filled(4))
    (output,) = lookup.run(filled(3)).values()
    assert np.all(output.values == 13)


def test_network_with_two_inputs_is_refused(tiny_models: Path) -> None:
    with pytest.raises(ModelError, match='expected a model with 1 input, got 2'):
        LiteInterpreter((tiny_models / 'two_inputs.tflite').read_bytes(), num_threads=1)


def test_number_of_threads_that_the_runtime_refuses_is_a_model_error(tiny_models: Path) -> None:
    with pytest.raises(ModelError, match='cannot run the model: num_threads'):
        LiteInterpreter((tiny_models / 'lookup.tflite').read_bytes(), num_threads=0)


@pytest.mark.parametrize('content', [b'', b'\0\0\0\0TFL3', b'\x20\0\0\0TFL3' + bytes(2000)])
def test_content_that_is_no_model_is_refused(content: bytes, lookup: LiteInterpreter) -> None:
    if lookup.runtime_name == 'tflite_runtime':
        pytest.skip('tflite_runtime does not verify a flatbuffer')
    with pytest.raises(ModelError, match='cannot run the model'):
        LiteInterpreter(content, num_threads=1)


def test_tensor_with_an_unreadable_name_is_refused(tiny_models: Path) -> None:
    model = (tiny_models / 'lookup.tflite').read_bytes()
    assert model.count(b'PartitionedCall') == 1
    with pytest.raises(ModelError, match='cannot run the model'):
        LiteInterpreter(model.replace(b'PartitionedCall', b'\xffartitionedCall'), 1)


# Opens each damaged model in one process and says how it went, to be seen from outside.
OPEN_DAMAGED = """
import random
import sys
from pathlib import Path

from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.errors import ModelError

model = Path(sys.argv[1]).read_bytes()
generator = random.Random(0)
damaged = [model[:length] for length in range(8, len(model), 97)]
damaged += [model[:8] + generator.randbytes(len(model) - 8) for _ in range(10)]
for _ in range(60):
    copy = bytearray(model)
    for _ in range(30):
        copy[generator.randrange(8, len(model))] = generator.randrange(256)
    damaged.append(bytes(copy))
refused = 0
for content in damaged:
    try:
        LiteInterpreter(content, num_threads=1)
    except ModelError:
        refused += 1
print(len(damaged), refused)
"""


def test_damaged_models_never_take_the_process_down(
    tiny_models: Path, lookup: LiteInterpreter
) -> None:
    if lookup.runtime_name == 'tflite_runtime':
        pytest.skip('tflite_runtime does not verify a flatbuffer: the sha256 must protect it')
    result = subprocess.run(
        [sys.executable, '-c', OPEN_DAMAGED, str(tiny_models / 'tiny_gfl.tflite')],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    tried, refused = map(int, result.stdout.split())
    assert tried > 100
    assert refused > 0.9 * tried


# Leaves only one runtime in place and runs a network with it.
WITH_ONE_RUNTIME = """
import sys
from pathlib import Path

from compressed_detector.detection import interpreter
from compressed_detector.errors import ModelError

interpreter.RUNTIMES = (sys.argv[1],)
try:
    network = interpreter.LiteInterpreter(Path(sys.argv[2]).read_bytes(), num_threads=2)
except ModelError as error:
    print(error)
else:
    (output,) = network.run(lambda array: array.fill(3)).values()
    print(network.runtime_name, output.values.ravel()[0])
"""


@pytest.mark.parametrize('runtime', RUNTIMES)
def test_every_runtime_that_is_installed_runs_the_model(runtime: str, tiny_models: Path) -> None:
    package = runtime.split('.')[0]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f'{package} is not installed')
    result = subprocess.run(
        [sys.executable, '-c', WITH_ONE_RUNTIME, runtime, str(tiny_models / 'lookup.tflite')],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    if package == 'tflite_runtime' and int(np.__version__.split('.')[0]) >= 2:
        assert 'was built for NumPy 1' in result.stdout
    else:
        assert result.stdout.split() == [package, '13.0']
