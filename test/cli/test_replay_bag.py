# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The command as users run it: a process of its own, heard by a subscriber in another."""

import io
import json
import signal
import time

import pytest
from harness import fresh_domain
from rclpy.qos import QoSProfile, ReliabilityPolicy
from replay_bags import (
    FIRST_NS,
    IMAGE,
    MS,
    TYPES,
    image_track,
    number_track,
    text_track,
    write_bag,
)
from replay_harness import Ears, replaying, stamp_ns
from rosbags.rosbag2 import StoragePlugin
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage

from compressed_detector.cli.replay_bag import main, split_ros_arguments
from compressed_detector.cli.replay_display import BarDisplay, LineDisplay, RateMeter
from compressed_detector.ros.playback import Progress

SENSOR = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=1000)


@pytest.fixture
def ears():
    ears = Ears(fresh_domain())
    ears.domain_id = ears.node.context.get_domain_id()
    yield ears
    ears.close()


@pytest.mark.parametrize('storage', [StoragePlugin.SQLITE3, StoragePlugin.MCAP])
def test_best_effort_subscriber_hears_every_message_at_its_time(tmp_path, ears, storage):
    track = image_track(count=10, period_ms=100)
    bag = write_bag(tmp_path / 'bag', track, number_track('/number'), storage=storage)
    heard = ears.hear(CompressedImage, track.topic, SENSOR)
    summary = tmp_path / 'summary.json'
    with replaying(ears.domain_id, bag, '--wait-for-subscribers', '--summary', summary) as replay:
        ears.wait_until(replay.ended)
        code, out, err = replay.finish()
    assert code == 0, err
    # The serialized bytes are those that were recorded, header stamps included.
    assert [data for _, data in heard] == [
        bytes(TYPES.serialize_cdr(message, IMAGE)) for message in track.messages
    ]
    # Absolute deadlines: the whole lasts as long as it did, whatever each message's jitter.
    assert heard[-1][0] - heard[0][0] == pytest.approx(0.9, abs=0.5)
    assert '/camera/image: 10 messages' in out
    assert err.count('/number') == 1
    assert 'package not_installed_msgs is not installed' in err
    written = json.loads(summary.read_text())
    assert written['topics'] == {'/camera/image': 10}
    assert [skipped['topic'] for skipped in written['skipped']] == ['/number']
    assert written['wall_s'] >= 0.9
    assert written['max_lag_ms'] >= 0
    assert written['interrupted'] is False


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_a_loop_within_a_second_with_the_summary(tmp_path, ears, number):
    track = image_track(count=5, period_ms=20)
    bag = write_bag(tmp_path / 'bag', track)
    images = ears.hear(CompressedImage, '/seen', RELIABLE)
    clock = ears.hear(Clock, '/clock', RELIABLE)
    with replaying(
        ears.domain_id, bag, '--loop', '--clock', '100', '--restamp', '-m', '/camera/image:=/seen'
    ) as replay:
        ears.wait_until(lambda: len(images) > 12)
        replay.interrupt(number)
        asked_s = time.monotonic()
        ears.wait_until(replay.ended)
        assert time.monotonic() - asked_s < 1
        code, out, err = replay.finish()
    assert code == 0
    assert 'Traceback' not in err
    assert '/camera/image as /seen: ' in out
    assert 'interrupted after' in out
    stamps_ns = [stamp_ns(data) for _, data in images]
    times_ns = [stamp_ns(data) for _, data in clock]
    # More than two passes of 0.1 s: the clock runs on, and the stamps are times of the clock.
    assert stamps_ns[-1] - stamps_ns[0] > 200 * MS
    assert stamps_ns == sorted(stamps_ns)
    assert times_ns == sorted(times_ns)
    # The clock may be heard some time after the images, or less of it at the very end.
    both_heard = [ns for ns in stamps_ns if times_ns[0] <= ns <= times_ns[-1]]
    assert len(both_heard) > 5
    assert set(both_heard) <= set(times_ns)


def test_signal_ends_waiting_for_subscribers(tmp_path, ears):
    bag = write_bag(tmp_path / 'bag', text_track('/unheard'))
    with replaying(ears.domain_id, bag, '--wait-for-subscribers', '3') as replay:
        ears.wait_until(lambda: ears.node.count_publishers('/unheard'))
        replay.interrupt()
        code, out, err = replay.finish(timeout_s=2)
    assert code == 0
    assert '/unheard: 0 messages' in out
    assert err.strip() == 'waiting for subscribers'


def test_stretch_topics_rate_and_ros_arguments_are_obeyed(tmp_path, ears):
    chosen = image_track('/chosen', count=20, period_ms=50)
    bag = write_bag(tmp_path / 'bag', chosen, image_track('/other', count=20))
    heard = ears.hear(CompressedImage, '/robot/seen', RELIABLE)
    other = ears.hear(CompressedImage, '/other', RELIABLE)
    with replaying(
        ears.domain_id, bag, '--topics', '/chosen', '--start', '0.2', '--duration', '0.5',
        '--rate', '0.5', '--wait-for-subscribers', '1', '--disable-keyboard-controls',
        '--ros-args', '-r', '/chosen:=seen', '-r', '__ns:=/robot',
    ) as replay:
        ears.wait_until(replay.ended)
        code, out, err = replay.finish()
    assert code == 0, err
    assert '/chosen as /robot/seen: 10 messages' in out
    logged_ms = [(stamp_ns(data) - FIRST_NS) // MS + 7 for _, data in heard]
    assert logged_ms == list(range(200, 700, 50))
    # Nine steps of 50 ms at half the speed.
    assert heard[-1][0] - heard[0][0] == pytest.approx(0.9, abs=0.5)
    assert other == []


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--rate', '0'], 'rate: expected a number above 0, got 0'),
        (['--rate', '-1'], 'rate: expected a number above 0, got -1'),
        (['--duration', '0'], 'duration: expected seconds, above 0, got 0'),
        (['--start', '9'], 'start: expected at most the length of the bag, 0.450 s, got 9'),
        (['--topics', '/no', '/camera/image'], r'has no topic /no; it holds /camera/image ('),
        (['--ros-args', '--nonsense'], "ROS refuses --ros-args --nonsense: ['--nonsense']"),
        (['--summary', '/no/such/folder/x.json'], 'expected an existing folder, got /no/such'),
        (['--wait-for-subscribers', '--wait-timeout', '0.1'], 'got fewer of /camera/image'),
    ],
)
def test_wrong_use_is_an_error_message(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.setenv('ROS_DOMAIN_ID', str(fresh_domain()))
    bag = write_bag(tmp_path / 'bag', image_track())
    assert main([str(bag), *arguments]) == 2
    last_line = capsys.readouterr().err.strip().splitlines()[-1]
    assert last_line.startswith('error: ')
    assert message in last_line


def test_missing_bag_ends_the_process_with_two_and_one_line(tmp_path):
    with replaying(fresh_domain(), tmp_path / 'nowhere') as replay:
        code, out, err = replay.finish()
    assert (code, out) == (2, '')
    assert err == f'error: bag {tmp_path}/nowhere does not exist\n'


@pytest.mark.parametrize(
    'arguments',
    [['--clock', '0'], ['--clock', 'bag'], ['--wait-for-subscribers', '0'], ['--delay', '-1'],
     ['--remap', 'a=b'], []],
)
def test_arguments_that_argparse_refuses_exit_with_two(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    assert ended.value.code == 2
    assert 'replay_bag: error: ' in capsys.readouterr().err


def test_names_of_ros2_bag_play_are_understood(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('ROS_DOMAIN_ID', str(fresh_domain()))
    bag = write_bag(tmp_path / 'bag', image_track(count=10, period_ms=10))
    stretch = ['--start-offset', '0.05', '--playback-duration', '0.03']
    assert main([str(bag), *stretch, '-r', '2']) == 0
    assert '/camera/image: 3 messages' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('arguments', 'own', 'for_ros'),
    [
        ('bag -l', 'bag -l', ''),
        ('bag --ros-args -r a:=b', 'bag', '--ros-args -r a:=b'),
        ('--ros-args -r a:=b -- bag --ros-args -p c:=1', 'bag',
         '--ros-args -r a:=b -- --ros-args -p c:=1'),
    ],
)
def test_arguments_for_ros_are_told_apart(arguments, own, for_ros):
    assert split_ros_arguments(arguments.split()) == (own.split(), for_ros.split())


def progress(bag_s, messages, passes=0):
    return Progress(bag_s=bag_s, window_s=80.0, completed_passes=passes, messages=messages)


def test_log_gets_a_line_every_ten_seconds():
    now_s, stream = [0.0], io.StringIO()
    display = LineDisplay(stream, lambda: now_s[0])
    for tenth in range(205):
        now_s[0] = tenth / 10
        display(progress(tenth / 10, tenth * 3))
    assert stream.getvalue().splitlines() == [
        'playing 10.0 of 80.0 s (12%), 300 messages, 30.0/s',
        'playing 20.0 of 80.0 s (25%), 600 messages, 30.0/s',
    ]


def test_terminal_gets_a_bar_with_bag_time_and_rate():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    now_s, stream = [0.0], Terminal()
    display = BarDisplay(stream, lambda: now_s[0])
    display(progress(0.0, 0))
    now_s[0] = 2.0
    with display.bar:
        display(progress(20.0, 50, passes=1))
    assert 'playing (pass 2)' in stream.getvalue()
    assert '25%' in stream.getvalue()
    assert '20.0 / 80.0 s  25.0 msg/s' in stream.getvalue()


def test_rate_is_that_of_the_last_second():
    meter = RateMeter()
    assert [meter.update(now_s, messages) for now_s, messages in
            [(5.0, 0), (5.5, 10), (6.0, 30), (6.5, 31), (8.0, 32)]] == [0, 0, 30, 30, 1]
