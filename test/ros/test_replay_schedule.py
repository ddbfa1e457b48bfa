# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""When messages are due: exact against fractions, without drift, never backwards."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressed_detector.errors import BagError, ConfigError
from compressed_detector.ros.replay_schedule import (
    NS_PER_S,
    Lag,
    Pace,
    ReplayOptions,
    Ticker,
    Timeline,
    Window,
    select_window,
)

EPOCH_NS = 1_700_000_000 * NS_PER_S
ONE_DAY_NS = 86_400 * NS_PER_S
RATES = st.floats(0.01, 100)
OFFSETS = st.integers(0, ONE_DAY_NS)


def timeline(rate: float = 1.0, length_ns: int = ONE_DAY_NS, origin_ns: int = 12_345) -> Timeline:
    return Timeline(origin_ns, Window(EPOCH_NS, EPOCH_NS + length_ns), rate)


@settings(deadline=None)
@given(OFFSETS, RATES, st.integers(0, 1000), st.integers(1, ONE_DAY_NS))
def test_due_time_is_the_scaled_distance_from_the_origin(offset_ns, rate, passes, length_ns):
    line = timeline(rate, length_ns)
    exact = line.origin_ns + Fraction(passes * length_ns + offset_ns) / Fraction(rate)
    # A double holds 53 bits: a nanosecond in more than 100 days.
    tolerance = 1 + exact / 2**51
    assert abs(line.due_ns(EPOCH_NS + offset_ns, passes) - exact) <= tolerance


@settings(deadline=None)
@given(OFFSETS, OFFSETS, RATES)
def test_order_of_messages_is_the_order_of_deadlines(first_ns, second_ns, rate):
    first_ns, second_ns = sorted((first_ns, second_ns))
    line = timeline(rate)
    assert line.due_ns(EPOCH_NS + first_ns) <= line.due_ns(EPOCH_NS + second_ns)


@settings(deadline=None)
@given(st.integers(1, ONE_DAY_NS), RATES, st.integers(0, 100))
def test_next_pass_begins_where_the_window_ends(length_ns, rate, passes):
    line = timeline(rate, length_ns)
    assert line.due_ns(line.window.stop_ns, passes) == line.due_ns(EPOCH_NS, passes + 1)


@settings(deadline=None)
@given(OFFSETS, RATES)
def test_bag_time_at_the_deadline_is_the_log_time(offset_ns, rate):
    line = timeline(rate)
    bag_ns = line.bag_ns(line.due_ns(EPOCH_NS + offset_ns))
    assert abs(bag_ns - EPOCH_NS - offset_ns) <= 1 + rate + offset_ns / 2**50


@settings(deadline=None)
@given(OFFSETS, st.integers(0, NS_PER_S), RATES)
def test_bag_time_never_goes_back(now_ns, step_ns, rate):
    line = timeline(rate)
    assert line.bag_ns(now_ns) <= line.bag_ns(now_ns + step_ns)


def test_double_rate_halves_the_distances():
    assert timeline(2.0, origin_ns=1000).due_ns(EPOCH_NS + 10 * NS_PER_S) == 5 * NS_PER_S + 1000


@settings(deadline=None)
@given(
    st.integers(0, ONE_DAY_NS), st.integers(0, NS_PER_S), st.floats(0, 100_000),
    st.none() | st.floats(1e-6, 100_000),
)
def test_window_lies_within_start_duration_and_bag(length_ns, interval_ns, start_s, duration_s):
    last_ns = EPOCH_NS + length_ns
    if round(start_s * NS_PER_S) > length_ns:
        with pytest.raises(BagError, match='start: expected at most the length of the bag'):
            select_window(EPOCH_NS, last_ns, interval_ns, start_s, duration_s)
        return
    window = select_window(EPOCH_NS, last_ns, interval_ns, start_s, duration_s)
    assert window.start_ns == EPOCH_NS + round(start_s * NS_PER_S)
    assert window.length_ns > 0
    assert window.stop_ns <= last_ns + (interval_ns or NS_PER_S)
    if duration_s is None:
        assert window.stop_ns > last_ns
    else:
        assert window.length_ns <= max(1, round(duration_s * NS_PER_S))


def test_loop_of_a_regular_topic_stays_regular():
    # Ten frames at 10 Hz: the first of the next pass comes 0.1 s after the last of this one.
    window = select_window(EPOCH_NS, EPOCH_NS + 900_000_000, 100_000_000, 0.0, None)
    assert window.length_ns == NS_PER_S


def test_loop_of_a_lone_message_takes_a_second():
    assert select_window(EPOCH_NS, EPOCH_NS, 0, 0.0, None).length_ns == NS_PER_S


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'rate': 0}, 'rate: expected a number above 0, got 0'),
        ({'rate': -1.5}, 'rate: expected a number above 0, got -1.5'),
        ({'rate': math.nan}, 'rate: expected a number above 0, got nan'),
        ({'rate': math.inf}, 'rate: expected a number above 0, got inf'),
        ({'start_s': -1}, 'start: expected seconds, 0 or more, got -1'),
        ({'duration_s': 0}, 'duration: expected seconds, above 0, got 0'),
        ({'clock_hz': -40}, 'clock: expected Hz, at most 1000, got -40'),
        ({'clock_hz': 5000}, 'clock: expected Hz, at most 1000, got 5000'),
    ],
)
def test_options_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ConfigError) as refused:
        ReplayOptions(**values)
    assert str(refused.value) == message


@settings(deadline=None)
@given(st.floats(0.1, 1000), st.lists(st.integers(0, NS_PER_S), max_size=50))
def test_ticks_lie_on_a_grid_and_are_not_made_up_for(hz, steps_ns):
    ticker, now_ns, fired = Ticker(hz, first_ns=0), 0, 0
    period_ns = round(NS_PER_S / hz)
    for step_ns in steps_ns:
        now_ns += step_ns
        due = now_ns >= ticker.next_ns
        assert ticker.fires(now_ns) == due
        fired += due
        assert now_ns < ticker.next_ns <= now_ns + period_ns
        assert ticker.next_ns % period_ns == 0
    assert fired <= min(len(steps_ns), now_ns // period_ns + 1)


def test_ticker_without_frequency_never_fires():
    ticker = Ticker(0.0, first_ns=0)
    assert not ticker.fires(2**63)
    assert ticker.next_ns == math.inf


def test_lag_counts_what_is_more_than_ten_ms_late():
    lag = Lag()
    for lag_ms in (0, 10, 11, 250, 3):
        lag.add(lag_ms * 1_000_000)
    assert (lag.late, lag.max_ns) == (2, 250_000_000)


@pytest.mark.parametrize(
    ('deadline_ns', 'slept'), [(30_000_000, [0.03]), (5 * NS_PER_S, [0.1]), (0, []), (-5, [])]
)
def test_rest_is_cut_short_so_that_a_stop_is_noticed(deadline_ns, slept):
    naps = []
    Pace(clock_ns=lambda: 0, sleep=naps.append).rest(deadline_ns)
    assert naps == slept
