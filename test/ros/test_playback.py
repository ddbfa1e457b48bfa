# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The loop that plays, on a clock of the test: every message once, at its time, and in order."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressed_detector.bags import RecordedMessage, RecordedTopic
from compressed_detector.errors import BagError
from compressed_detector.ros.playback import Playback, Stage
from compressed_detector.ros.replay_schedule import Pace, ReplayOptions, Window

MS = 1_000_000
START_NS = 1_700_000_000 * 1_000_000_000
TOPIC = RecordedTopic('/a', 'std_msgs/msg/Header', '', (), 0, ())


@dataclass
class World:
    """A clock that only sleeping and publishing move, and what was published when."""

    now_ns: int = 5_000
    publish_ns: int = 0
    stop_after: int | None = None
    sent: list = field(default_factory=list)
    ticks: list = field(default_factory=list)
    topics: tuple = (TOPIC,)
    offsets_ns: tuple = ()
    path: str = 'bag'
    has_header: bool = True

    def sleep(self, duration_s):
        self.now_ns += max(1, round(duration_s * 1e9))

    def publish(self, data, stamp_ns=None):
        self.sent.append((self.now_ns, data, stamp_ns))
        self.now_ns += self.publish_ns

    def messages(self, topics, start_ns, stop_ns):
        for index, offset_ns in enumerate(self.offsets_ns):
            if start_ns <= START_NS + offset_ns < stop_ns:
                yield RecordedMessage(TOPIC, START_NS + offset_ns, b'%d' % index)

    def should_stop(self):
        return self.stop_after is not None and len(self.sent) >= self.stop_after


@dataclass
class ClockOf:
    world: World

    def publish(self, time_ns):
        self.world.ticks.append((self.world.now_ns, time_ns))


def play(world, options=None, length_ms=1000, clock=None, on_progress=None):
    options = options or ReplayOptions()
    window = Window(START_NS, START_NS + length_ms * MS)
    stage = Stage(world, window, {TOPIC: world}, clock, lambda: 77)
    pace = Pace(lambda: world.now_ns, world.sleep, world.should_stop)
    playback = Playback(stage, options, pace, on_progress)
    playback.run()
    return playback


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 999 * MS), min_size=1, max_size=20).map(sorted),
    st.sampled_from([0.1, 0.5, 1.0, 3.0, 20.0]),
    st.integers(1, 3),
)
def test_every_message_goes_out_at_its_time_in_every_pass(offsets_ns, rate, passes):
    world = World(offsets_ns=tuple(offsets_ns), stop_after=passes * len(offsets_ns))
    origin_ns = world.now_ns
    playback = play(world, ReplayOptions(rate=rate, loop=True))
    expected = [
        (origin_ns + (number * 1000 * MS + offset_ns) / rate, b'%d' % index)
        for number in range(passes) for index, offset_ns in enumerate(offsets_ns)
    ]
    assert [data for _, data, _ in world.sent] == [data for _, data in expected]
    for (sent_ns, _, _), (due_ns, _) in zip(world.sent, expected):
        assert due_ns - 1 <= sent_ns <= due_ns + len(world.sent)
    assert playback.interrupted
    assert playback.lag.late == 0


def test_one_pass_ends_by_itself():
    world = World(offsets_ns=(0, 10 * MS, 999 * MS))
    playback = play(world)
    assert playback.published == {TOPIC: 3}
    assert (playback.completed_passes, playback.interrupted) == (1, False)


def test_stop_is_noticed_within_a_slice_of_a_long_silence():
    world = World(offsets_ns=(0, 900 * MS))
    asked_ns = 250 * MS
    world.should_stop = lambda: world.now_ns >= asked_ns
    playback = play(world)
    assert playback.interrupted
    assert len(world.sent) == 1
    assert world.now_ns <= asked_ns + 100 * MS


def test_slow_publishing_is_counted_and_caught_up_with():
    # Each publish takes 30 ms, messages are due at 0, 20, 40 and 500 ms: the second and third
    # go out at 30 and 60 ms, the last again in time.
    world = World(offsets_ns=(0, 20 * MS, 40 * MS, 500 * MS), publish_ns=30 * MS)
    origin_ns = world.now_ns
    playback = play(world)
    assert [(ns - origin_ns) // MS for ns, _, _ in world.sent] == [0, 30, 60, 500]
    assert playback.lag.late == 1
    assert playback.lag.max_ns == 20 * MS


def test_clock_runs_on_across_passes():
    world = World(offsets_ns=(0, 990 * MS), stop_after=6)
    play(world, ReplayOptions(loop=True, clock_hz=50.0), clock=ClockOf(world))
    times_ns = [time_ns - START_NS for _, time_ns in world.ticks]
    assert times_ns == sorted(times_ns)
    # Three passes of one second, the last message at 2.99 s: ticks at 0, 0.02, ... 2.98 s.
    assert [round(ns / MS) for ns in times_ns] == list(range(0, 2990, 20))


def test_clock_runs_at_its_own_frequency_whatever_the_rate():
    world = World(offsets_ns=(0, 400 * MS))
    origin_ns = world.now_ns
    play(world, ReplayOptions(rate=4.0, clock_hz=20.0), clock=ClockOf(world))
    assert [((now - origin_ns) // MS, (time - START_NS) // MS) for now, time in world.ticks] == [
        (0, 0), (50, 200), (100, 400)
    ]


def test_stamps_are_kept_by_default():
    world = World(offsets_ns=(0, 5 * MS))
    play(world)
    assert [stamp_ns for _, _, stamp_ns in world.sent] == [None, None]


def test_restamp_takes_ros_time():
    world = World(offsets_ns=(0, 5 * MS))
    play(world, ReplayOptions(restamp=True))
    assert [stamp_ns for _, _, stamp_ns in world.sent] == [77, 77]


def test_restamp_with_clock_takes_a_time_that_was_just_published():
    world = World(offsets_ns=(0, 33 * MS, 66 * MS), publish_ns=40 * MS)
    play(world, ReplayOptions(restamp=True, clock_hz=1.0), clock=ClockOf(world))
    stamps_ns = [stamp_ns for _, _, stamp_ns in world.sent]
    assert [(ns - START_NS) // MS for ns in stamps_ns] == [0, 40, 80]
    published_ns = [time_ns for _, time_ns in world.ticks]
    assert set(stamps_ns) <= set(published_ns)
    assert published_ns == sorted(published_ns)


def test_message_without_header_is_not_restamped():
    world = World(offsets_ns=(0,), has_header=False)
    play(world, ReplayOptions(restamp=True))
    assert world.sent[0][2] is None


def test_window_without_messages_is_an_error_not_an_endless_loop():
    with pytest.raises(BagError, match='expected messages of /a within 1 s from the start'):
        play(World(), ReplayOptions(loop=True))


def test_progress_comes_ten_times_a_second_and_ends_full():
    world = World(offsets_ns=tuple(range(0, 1000 * MS, 20 * MS)))
    seen = []
    play(world, on_progress=seen.append)
    assert [round(p.bag_s, 2) for p in seen] == [i / 10 for i in range(10)] + [1.0]
    assert [p.messages for p in seen] == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50]
    assert {p.window_s for p in seen} == {1.0}


def test_progress_starts_over_with_each_pass():
    world = World(offsets_ns=tuple(range(0, 1000 * MS, 10 * MS)), stop_after=150)
    seen = []
    play(world, ReplayOptions(loop=True), on_progress=seen.append)
    assert [(p.completed_passes, round(p.bag_s, 1)) for p in seen] == [
        (i // 10, i % 10 / 10) for i in range(15)
    ]
