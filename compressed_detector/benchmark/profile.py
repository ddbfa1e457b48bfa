# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How long each operator takes, as LiteRT's own profiler sees it, on one thread.

It sees what XNNPACK really computes, which is not what the file lists: operators are merged, and
copies come in. Python has no function for it, but the library that ai-edge-litert installs has a
C interface (litert_profiler.h); runtimes without that have no profile.
"""

from __future__ import annotations

import ctypes
import importlib.util
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compressed_detector.benchmark.subjects import read
from compressed_detector.errors import BenchmarkError

LIBRARY = 'libLiteRt.so'
WARM_UP_RUNS, RUNS = 5, 50
CPU = 1  # kLiteRtHwAcceleratorCpu
PROFILING = (b'runtime_options_string', b'enable_profiling = true\n')
# An operator that the runtime computes, or one inside a delegate (LiteRtProfilerEventType).
OPERATORS = (1 << 1, 1 << 2, 1 << 3)
# More than a LiteRtRankedTensorType has, which is only passed on.
TYPE_BYTES = 1024
Handle = ctypes.c_void_p


class _Event(ctypes.Structure):
    """ProfiledEventData."""

    _fields_ = (
        ('tag', ctypes.c_char_p), ('kind', ctypes.c_int), ('start_us', ctypes.c_uint64),
        ('elapsed_us', ctypes.c_uint64), ('memory', ctypes.c_size_t * 6),
        ('metadata', ctypes.c_uint64 * 2), ('source', ctypes.c_int),
    )


@dataclass(frozen=True)
class Step:
    """One operator of a run, and its median time in microseconds."""

    name: str
    microseconds: float


def child(path: str) -> dict[str, list[list[object]]]:
    """Profile the model at a path in this process: a crash in the library ends nothing else."""
    steps = profile(read(Path(path)))
    return {'steps': [[step.name, step.microseconds] for step in steps]}


def profile(model: bytes) -> list[Step]:
    """Return the operators in the order in which they run; raises BenchmarkError."""
    return steps_of(_Compiled(_Library(), model).events())


def steps_of(runs: Sequence[Sequence[tuple[str, int]]]) -> list[Step]:
    """
    Return the median of each operator over runs of (name, microseconds).

    Raises BenchmarkError when the runs have not the same operators.
    """
    names = {tuple(name for name, _ in run) for run in runs}
    if len(names) != 1 or not any(names):
        raise BenchmarkError(f'expected the same operators in every run, got {len(names)} kinds '
                             'of run')
    return [
        Step(same[0][0], statistics.median(microseconds for _, microseconds in same))
        for same in zip(*runs)
    ]


class _Library:
    """The C interface; every function that is called returns a status."""

    def __init__(self) -> None:
        package = importlib.util.find_spec('ai_edge_litert')
        path = Path(str(package.origin)).with_name(LIBRARY) if package else None
        if path is None or not path.is_file():
            raise BenchmarkError(f'expected {LIBRARY} of ai-edge-litert 2, got none; install it '
                                 'with: python3 -m pip install ai-edge-litert')
        self._library = ctypes.CDLL(str(path))

    def call(self, name: str, *arguments: object) -> None:
        """Call a function; raises BenchmarkError when it fails or is not there."""
        function = getattr(self._library, f'LiteRt{name}', None)
        status = -1 if function is None else function(*arguments)
        if status != 0:
            raise BenchmarkError(f'{LIBRARY}: LiteRt{name} failed with {status}')

    def new(self, name: str, *arguments: object) -> Handle:
        """Return what a function writes into its last argument."""
        handle = Handle()
        self.call(name, *arguments, ctypes.byref(handle))
        return handle

    def count(self, name: str, *arguments: object) -> int:
        """Return the number that a function writes into its last argument."""
        number = ctypes.c_size_t(0)
        self.call(name, *arguments, ctypes.byref(number))
        return number.value


class _Compiled:
    """A model that is ready to run with the profiler on; lives as long as its process."""

    def __init__(self, library: _Library, model: bytes) -> None:
        self._library = library
        self._environment = library.new('CreateEnvironment', 0, None)
        self._content = ctypes.create_string_buffer(model, len(model))
        self._model = library.new('CreateModelFromBuffer', self._environment, self._content,
                                  ctypes.c_size_t(len(model)))
        self._compiled = library.new(
            'CreateCompiledModel', self._environment, self._model, self._options())
        self._buffers = [self._tensors(side) for side in ('Input', 'Output')]

    def events(self) -> list[list[tuple[str, int]]]:
        """Return name and microseconds of each operator of each run."""
        profiler = self._library.new('CompiledModelGetProfiler', self._compiled)
        for _ in range(WARM_UP_RUNS):
            self._run()
        runs = []
        for _ in range(RUNS):
            self._library.call('ResetProfiler', profiler)
            self._library.call('StartProfiler', profiler)
            self._run()
            self._library.call('StopProfiler', profiler)
            runs.append(self._operators(profiler))
        return runs

    def _options(self) -> Handle:
        options = self._library.new('CreateOptions')
        self._library.call('SetOptionsHardwareAccelerators', options, CPU)
        name, text = PROFILING
        # Both stay, as the options do, until the process ends.
        self._text = ctypes.create_string_buffer(text)
        self._keep = ctypes.CFUNCTYPE(None, Handle)(lambda payload: None)
        opaque = self._library.new('CreateOpaqueOptions', name, self._text, self._keep)
        self._library.call('AddOpaqueOptions', options, opaque)
        return options

    def _tensors(self, side: str) -> ctypes.Array[Handle]:
        """Return buffers for all inputs or outputs."""
        new, nothing = self._library.new, ctypes.c_size_t(0)
        signature = new('GetModelSignature', self._model, nothing)
        buffers = []
        for number in range(self._library.count(f'GetNumSignature{side}s', signature)):
            index = ctypes.c_size_t(number)
            tensor = new(f'GetSignature{side}TensorByIndex', signature, index)
            kind = ctypes.create_string_buffer(TYPE_BYTES)
            self._library.call('GetRankedTensorType', tensor, kind)
            needs = new(f'GetCompiledModel{side}BufferRequirements', self._compiled, nothing,
                        index)
            buffers.append(new('CreateManagedTensorBufferFromRequirements', self._environment,
                               kind, needs))
        return (Handle * len(buffers))(*buffers)

    def _run(self) -> None:
        inputs, outputs = self._buffers
        self._library.call(
            'RunCompiledModel', self._compiled, ctypes.c_size_t(0), ctypes.c_size_t(len(inputs)),
            inputs, ctypes.c_size_t(len(outputs)), outputs,
        )

    def _operators(self, profiler: Handle) -> list[tuple[str, int]]:
        number = self._library.count('GetNumProfilerEvents', profiler)
        events = (_Event * number)()
        self._library.call('GetProfilerEvents', profiler, number, events)
        return [
            (event.tag.decode(), event.elapsed_us) for event in events
            # The delegate as a whole is what its operators are together.
            if event.kind in OPERATORS and b'Delegate' not in event.tag
        ]
