# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The newest item wins, turns are fair, nothing is lost without a word, and the thread ends."""

import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.ros.worker import FairSlots, Worker


def equal(_camera):
    return 1


def test_a_newer_item_replaces_one_that_nobody_took():
    slots = FairSlots(equal)
    assert not slots.put('front', 'old')
    assert slots.put('front', 'new')
    assert slots.take() == 'new'
    assert not slots.put('front', 'next')


def test_no_camera_waits_more_than_a_round_however_fast_another_is():
    slots = FairSlots(equal)
    turns = []
    for _ in range(12):
        for camera in ('fast', 'left', 'rear', 'fast', 'fast'):
            slots.put(camera, camera)
        turns.append(slots.take())
    for start in range(len(turns) - 2):
        assert set(turns[start:start + 3]) == {'fast', 'left', 'rear'}


def test_a_camera_that_was_silent_does_not_catch_up():
    slots = FairSlots(equal)
    for _ in range(50):
        slots.put('front', 'front')
        slots.take()
    turns = []
    for _ in range(10):
        slots.put('front', 'front')
        slots.put('rear', 'rear')
        turns.append(slots.take())
    assert Counter(turns) == {'front': 5, 'rear': 5}


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 20), min_size=1, max_size=6))
def test_turns_are_in_proportion_to_priority(priorities):
    slots = FairSlots(priorities.__getitem__)
    rounds = 20
    turns = Counter()
    for _ in range(rounds * sum(priorities.values())):
        for camera in priorities:
            slots.put(camera, camera)
        turns[slots.take()] += 1
    for camera, priority in priorities.items():
        assert turns[camera] == pytest.approx(rounds * priority, abs=len(priorities))


def test_closing_releases_whoever_waits():
    slots = FairSlots(equal)
    taken = ['something']
    waiter = threading.Thread(target=lambda: taken.append(slots.take()))
    waiter.start()
    slots.close()
    waiter.join(5)
    assert not waiter.is_alive()
    assert taken[-1] is None


def test_every_item_is_processed_or_reported_as_replaced():
    processed = []
    done = threading.Event()

    def process(item):
        processed.append(item)
        if item == 'last':
            done.set()

    worker = Worker(process, equal)
    worker.start()
    replaced = sum(worker.put('front', item) for item in [*range(500), 'last'])
    assert done.wait(5)
    worker.stop()
    assert len(processed) + replaced == 501


def test_stopping_waits_for_the_item_in_progress():
    started, release, finished = threading.Event(), threading.Event(), []

    def process(item):
        started.set()
        release.wait(5)
        finished.append(item)

    worker = Worker(process, equal)
    worker.start()
    worker.put('front', 'frame')
    assert started.wait(5)
    stopper = threading.Thread(target=worker.stop)
    stopper.start()
    release.set()
    stopper.join(5)
    assert finished == ['frame']
