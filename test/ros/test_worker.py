# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The newest item wins, nothing is lost without a word, and the thread ends."""

import threading

from compressed_detector.ros.worker import Slot, Worker


def test_a_newer_item_replaces_one_that_nobody_took():
    slot = Slot()
    assert not slot.put('old')
    assert slot.put('new')
    assert slot.take() == 'new'
    assert not slot.put('next')


def test_closing_releases_whoever_waits():
    slot = Slot()
    taken = ['something']
    waiter = threading.Thread(target=lambda: taken.append(slot.take()))
    waiter.start()
    slot.close()
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

    worker = Worker(process)
    worker.start()
    replaced = sum(worker.put(item) for item in [*range(500), 'last'])
    assert done.wait(5)
    worker.stop()
    assert len(processed) + replaced == 501


def test_stopping_waits_for_the_item_in_progress():
    started, finished = threading.Event(), []

    def process(item):
        started.set()
        threading.Event().wait(0.05)
        finished.append(item)

    worker = Worker(process)
    worker.start()
    worker.put('frame')
    assert started.wait(5)
    worker.stop()
    assert finished == ['frame']
