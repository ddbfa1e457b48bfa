# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO on the CPU, in float32, and in int8 as its own tool, NNCF, makes it."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Mapping
from typing import Any

from compressed_detector.benchmark.peers.peer import (
    Exported,
    Opener,
    channels_first,
    channels_last,
)
from compressed_detector.detection.types import Floats

# Both report over the network that and how they are used, unless this is missing.
sys.modules.setdefault('openvino_telemetry', None)  # type: ignore[arg-type]


class _Runner:
    """A compiled model and a request."""

    def __init__(self, model: Any, exported: Exported, threads: int) -> None:
        import openvino

        # Where nothing is said, it computes in bfloat16 on processors that can.
        compiled = openvino.Core().compile_model(model, 'CPU', {
            'INFERENCE_NUM_THREADS': threads, 'NUM_STREAMS': 1,
            'INFERENCE_PRECISION_HINT': 'f32', 'ENABLE_CPU_PINNING': False,
        })
        self._request = compiled.create_infer_request()
        self._roles = exported.roles
        self.set_pixels(exported.pictures[0])

    def set_pixels(self, pixels: Floats) -> None:
        """Give it a picture (1, height, width, channels), 0 to 255."""
        self._input = channels_first(pixels)

    def run(self) -> Any:
        """Compute."""
        return self._request.infer([self._input])

    def outputs(self) -> Mapping[str, Floats]:
        """Return what it computes by role."""
        results = self.run()
        return {role: channels_last(results[role]) for role in self._roles}


def prepare(exported: Exported) -> Opener:
    """Return what opens the network in float32."""
    import openvino

    model = openvino.Core().read_model(exported.onnx)
    return lambda threads: _Runner(model, exported, threads)


def prepare_int8(exported: Exported) -> Opener:
    """Return what opens the network in int8, calibrated on the pictures."""
    import nncf
    import openvino

    model = openvino.Core().read_model(exported.onnx)
    pictures = [channels_first(picture) for picture in exported.pictures]
    with contextlib.redirect_stdout(io.StringIO()):  # its progress bars
        quantized = nncf.quantize(model, nncf.Dataset(pictures), subset_size=len(pictures))
    return lambda threads: _Runner(quantized, exported, threads)
