# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The one place that imports an inference runtime: LiteRT, TFLite or TensorFlow's own."""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.tensors import Tensor, TensorInfo
from compressed_detector.errors import ModelError

# Each holds a class Interpreter. TensorFlow assembles its public name, tf.lite, when it is
# imported; the module tensorflow.lite itself has none.
RUNTIMES = (
    'ai_edge_litert.interpreter',
    'tflite_runtime.interpreter',
    'tensorflow.lite.python.interpreter',
)


# What a delegate, such as XNNPACK, puts in the place of the operators that it takes over.
DELEGATE = 'DELEGATE'


@dataclass(frozen=True)
class Operator:
    """One step of a network, and the tensors that it reads and writes."""

    name: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


class Interpreter(Protocol):
    """What the detector needs of a runtime."""

    @property
    def runtime_name(self) -> str:
        """The library that computes."""

    @property
    def input(self) -> TensorInfo:
        """The network's only input."""

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """The network's outputs."""

    @property
    def inference_s(self) -> float:
        """How long the network itself took the last time, 0 before the first."""

    def run(self, fill: Callable[[npt.NDArray[Any]], None]) -> dict[str, Tensor]:
        """Let ``fill`` write the input array in place, infer, return outputs by name."""


class LiteInterpreter:
    """
    A .tflite model under LiteRT or TFLite on the CPU, with the XNNPACK delegate.

    Not to be shared between threads: a thread that infers owns its interpreter. ``run``
    releases the interpreter lock of Python while the network computes.
    """

    def __init__(self, model: bytes, num_threads: int, batch_size: int | None = None) -> None:
        """
        Open a model from its flatbuffer, if asked for another number of images at a time.

        Raises ModelError when no runtime is installed or the runtime refuses the model.
        """
        runtime, self.runtime_name = _load_runtime()
        self.inference_s = 0.0
        with _refusals_named(self.runtime_name):
            # XNNPACK is the runtime's default CPU delegate; it covers int8 as well.
            self._interpreter = runtime(model_content=model, num_threads=num_threads)
            if batch_size is not None:
                self._resize(batch_size)
            self._interpreter.allocate_tensors()
            inputs = self._interpreter.get_input_details()
            outputs = self._interpreter.get_output_details()
        if len(inputs) != 1:
            raise ModelError(f'expected a model with 1 input, got {len(inputs)}')
        self.input = _info(inputs[0])
        self._input_index = inputs[0]['index']
        self.outputs = tuple(_info(details) for details in outputs)
        self._output_indices = [details['index'] for details in outputs]

    def operators(self) -> tuple[Operator, ...]:
        """Return the operators of the network in the order in which they run."""
        tensors = {item['index']: _info(item) for item in self._interpreter.get_tensor_details()}
        return tuple(
            Operator(
                step['op_name'],
                *(tuple(tensors[index] for index in step[side] if index in tensors)
                  for side in ('inputs', 'outputs')),
            )
            # The runtimes have no public list of operators; this one is as old as they are.
            for step in self._interpreter._get_ops_details()
            if step['op_name'] != DELEGATE
        )

    def run(self, fill: Callable[[npt.NDArray[Any]], None]) -> dict[str, Tensor]:
        """
        Let ``fill`` write the input array in place, infer, return copies by name.

        Raises ModelError when the network stops in the middle.
        """
        # The view into the runtime's memory must be gone before invoke, hence no variable.
        fill(self._interpreter.tensor(self._input_index)())
        start_s = time.perf_counter()
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise ModelError(
                f'{self.runtime_name} failed while running the model: {error}'
            ) from error
        self.inference_s = time.perf_counter() - start_s
        return {
            info.name: Tensor(self._interpreter.get_tensor(index), info.scale, info.zero_point)
            for info, index in zip(self.outputs, self._output_indices)
        }

    def _resize(self, batch_size: int) -> None:
        for item in self._interpreter.get_input_details():
            shape = [batch_size, *map(int, item['shape'][1:])]
            self._interpreter.resize_tensor_input(item['index'], shape)


def _load_runtime() -> tuple[Callable[..., Any], str]:
    refusals = []
    for module_name in RUNTIMES:
        try:
            module = importlib.import_module(module_name)
        except ImportError as error:
            refusals.append(str(error))
            continue
        return module.Interpreter, module_name.split('.')[0]
    raise ModelError(
        'no inference runtime found: expected ai_edge_litert or tflite_runtime, got: '
        + '; '.join(refusals) + '; install one with: python3 -m pip install ai-edge-litert'
    )


@contextlib.contextmanager
def _refusals_named(runtime_name: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, RuntimeError, MemoryError) as error:
        raise ModelError(f'{runtime_name} cannot run the model: {error}') from error
    except SystemError as error:
        # How the extension module fails when it was compiled for another NumPy.
        raise ModelError(
            f'{runtime_name} was built for NumPy 1 and does not work with NumPy '
            f"{np.__version__}; install ai-edge-litert, or: python3 -m pip install 'numpy<2'"
        ) from error


def _info(details: dict[str, Any]) -> TensorInfo:
    scale, zero_point = details['quantization']
    return TensorInfo(
        name=details['name'],
        shape=tuple(int(size) for size in details['shape']),
        dtype=np.dtype(details['dtype']),
        scale=float(scale) or 1.0,
        zero_point=int(zero_point),
    )
