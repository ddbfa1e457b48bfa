# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""EIE's cycles: by hand, against queues followed cycle by cycle, and against the paper."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.classics.eie.accelerator import queued_cycles, run
from compressed_detector.classics.eie.encoding import encode
from compressed_detector.classics.eie.published import PUBLISHED, published_layers


def followed_cycles(lengths: list[list[int]], depth: int) -> int:
    """Follow every queue, cycle by cycle."""
    queues = [deque() for _ in lengths]
    ready = [0] * len(lengths)
    waiting = deque(zip(*lengths))
    now = 0
    while waiting or any(queues):
        take(queues, ready, now)
        if waiting and all(len(queue) < depth for queue in queues):
            for queue, cycles in zip(queues, waiting.popleft()):
                queue.append(max(cycles, 1))
            take(queues, ready, now)
        now += 1
    return max(ready)


def take(queues: list[deque[int]], ready: list[int], now: int) -> None:
    for element, queue in enumerate(queues):
        if queue and ready[element] <= now:
            ready[element] = now + queue.popleft()


@given(
    st.integers(1, 5).flatmap(lambda elements: st.lists(
        st.lists(st.integers(0, 9), min_size=elements, max_size=elements), max_size=12)),
    st.integers(1, 9),
)
def test_cycles_are_those_of_queues_followed_cycle_by_cycle(columns, depth) -> None:
    lengths = np.array(columns, np.int64).reshape(len(columns), -1).T if columns else (
        np.zeros((2, 0), np.int64))
    assert queued_cycles(lengths, depth) == followed_cycles(lengths.tolist(), depth)


def test_a_deeper_queue_lets_elements_run_ahead() -> None:
    lengths = np.array([[9, 1, 1], [1, 1, 9]])
    assert queued_cycles(lengths, depth=8) == 11
    # The third column is sent when the second has left both queues, in cycle 9.
    assert queued_cycles(lengths, depth=1) == 18


def test_a_column_of_which_an_element_has_nothing_takes_it_a_cycle() -> None:
    assert queued_cycles(np.array([[0, 0, 0]]), depth=8) == 3


def test_only_columns_of_nonzero_activations_count() -> None:
    matrix = np.zeros((40, 3), np.float32)
    matrix[[0, 1], 0] = matrix[20, 1] = matrix[:, 2] = 1
    # One element: 2 entries, and 1 with a filler before it; the third column is skipped.
    found = run(encode(matrix, 1), np.float32([1, 1, 0]))
    assert (found.nonzero_cycles, found.ideal_cycles, found.cycles) == (3, 4, 4)
    assert found.time_us == 4 / 800
    assert found.energy_uj == pytest.approx(9.157e-3 * 4 / 800)


def test_work_is_shared_among_elements_and_imbalance_costs() -> None:
    matrix = np.zeros((4, 1), np.float32)
    matrix[[0, 1, 2]] = 1
    found = run(encode(matrix, 2), np.float32([1]))
    assert (found.ideal_cycles, found.cycles, found.load_balance) == (1.5, 2, 0.75)


def test_nothing_to_do_takes_no_time() -> None:
    found = run(encode(np.ones((4, 1), np.float32), 2), np.float32([0]))
    assert (found.cycles, found.load_balance) == (0, 1.0)


def test_model_comes_near_the_times_of_the_paper_for_vgg_7() -> None:
    matrices, activations = published_layers(seed=0)
    found = run(encode(matrices['VGG-7'], 64), activations['VGG-7'])
    paper = PUBLISHED['VGG-7']
    # The paper's theoretical time includes filler zeros: without them it would be a third less.
    assert found.ideal_us == pytest.approx(paper.ideal_us, rel=0.06)
    assert found.nonzero_us < 0.7 * paper.ideal_us
    assert found.time_us == pytest.approx(paper.actual_us, rel=0.08)
