# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a log shows of long work."""

import io

from compressed_detector.cli.progress import LINE_PERIOD_S, Lines


def lines_at(*reports):
    """Return what is written for reports, each a time in s and the arguments."""
    stream, times_s = io.StringIO(), iter([0.0, *(report[0] for report in reports)])
    lines = Lines(stream, lambda: next(times_s))
    for _, *arguments in reports:
        lines(*arguments)
    return stream.getvalue().splitlines()


def test_a_quick_task_leaves_one_line_when_it_is_done():
    assert lines_at((0, 'converting', 0, 2), (1, 'converting', 1, 2), (3, 'converting', 2, 2)) == [
        'converting 2/2, 0:00:03 taken']


def test_a_long_task_says_from_time_to_time_how_long_it_will_take_and_what_it_has():
    written = lines_at(
        (0, 'training', 10, 110), (1, 'training', 11, 110, 'loss 9'),
        (LINE_PERIOD_S, 'training', 20, 110, 'loss 3'), (LINE_PERIOD_S + 1, 'training', 21, 110))
    assert written == ['training 20/110, loss 3, 0:04:30 left']


def test_a_task_that_comes_again_is_timed_anew():
    written = lines_at((0, 'measuring', 0, 1), (5, 'measuring', 1, 1),
                       (10, 'measuring', 0, 1), (11, 'measuring', 1, 1))
    assert written == ['measuring 1/1, 0:00:05 taken', 'measuring 1/1, 0:00:01 taken']
