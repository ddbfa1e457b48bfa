# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How long networks take, against each other: times of different runs do not compare."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.interpreter import LiteInterpreter

WARM_UP_ROUNDS = 3


def latencies_ms(
    models: Mapping[str, bytes], threads: int, rounds: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, float]:
    """
    Return the median time of one inference of each .tflite file, ms, fed and read in its arrays.

    The models take turns, so that whatever else slows the machine down slows all of them. The
    input is noise: the time does not depend on what is in it.
    """
    interpreters = {name: LiteInterpreter(model, threads) for name, model in models.items()}
    noise = np.random.default_rng(0)

    def fill(array: npt.NDArray[Any]) -> None:
        array[...] = noise.integers(0, 256, array.shape).astype(array.dtype)

    times: dict[str, list[float]] = {name: [] for name in models}
    for done in range(rounds + WARM_UP_ROUNDS):
        for name, interpreter in interpreters.items():
            start_s = time.perf_counter()
            interpreter.run(fill)
            times[name].append((time.perf_counter() - start_s) * 1e3)
        progress(done + 1, rounds + WARM_UP_ROUNDS)
    return {name: statistics.median(values[WARM_UP_ROUNDS:]) for name, values in times.items()}
