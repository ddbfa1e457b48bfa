# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
from harness import TINY_MODEL

from compressed_detector.detection.bundle import Bundle
from compressed_detector.evaluation.latency import WARM_UP_ROUNDS, latencies_ms


def test_models_take_turns_and_every_one_has_a_time() -> None:
    model = Bundle.load(TINY_MODEL).model
    told: list[tuple[int, int]] = []
    times = latencies_ms({'first': model, 'second': model}, 1, 5,
                         lambda done, total: told.append((done, total)))
    assert set(times) == {'first', 'second'}
    assert min(times.values()) > 0
    assert told[-1] == (5 + WARM_UP_ROUNDS, 5 + WARM_UP_ROUNDS)
