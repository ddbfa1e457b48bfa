# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Tencent's ncnn on the CPU, in float32."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compressed_detector.benchmark.peers.peer import (
    Exported,
    Opener,
    channels_first,
    channels_last,
)
from compressed_detector.detection.types import Floats

INPUT = 'image'


class _Runner:
    """A network."""

    def __init__(self, exported: Exported, threads: int) -> None:
        import ncnn

        self._new = ncnn.Mat
        self._network = ncnn.Net()
        options = self._network.opt
        options.num_threads, options.use_vulkan_compute = threads, False
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        graph, weights = exported.ncnn
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / 'graph').write_text(graph, encoding='ascii')
            (Path(folder) / 'weights').write_bytes(weights)
            self._network.load_param(f'{folder}/graph')
            self._network.load_model(f'{folder}/weights')
        self._roles = exported.roles
        self.set_pixels(exported.pictures[0])

    def set_pixels(self, pixels: Floats) -> None:
        """Give it a picture (1, height, width, channels), 0 to 255."""
        # It does not hold on to memory that is not its own: a copy, while that is still there.
        borrowed = channels_first(pixels)[0]
        self._input = self._new(borrowed).clone()

    def run(self) -> list[Floats]:
        """Compute."""
        extractor = self._network.create_extractor()
        extractor.input(INPUT, self._input)
        return [np.array(extractor.extract(role)[1]) for role in self._roles]

    def outputs(self) -> Mapping[str, Floats]:
        """Return what it computes by role."""
        return {role: channels_last(values[None])
                for role, values in zip(self._roles, self.run())}


def prepare(exported: Exported) -> Opener:
    """Return what opens the network."""
    return lambda threads: _Runner(exported, threads)
