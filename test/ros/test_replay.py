# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The player on a real graph: what it publishes, offers, skips and waits for."""

import contextlib

import pytest
from harness import fresh_domain
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from replay_bags import (
    FIRST_NS,
    MS,
    NOT_INSTALLED,
    image_track,
    number_track,
    recorded_qos,
    text_track,
    write_bag,
)
from replay_harness import Ears, stamp_ns
from rosbags.interfaces import QosDurability
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

from compressed_detector.bags import BagSource
from compressed_detector.errors import BagError, RosError
from compressed_detector.ros.replay import BagPlayer, replay_node
from compressed_detector.ros.replay_schedule import Pace, ReplayOptions

# Deep, because the test takes what arrived only after the player is done.
BEST_EFFORT = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.fixture
def domain(monkeypatch):
    domain_id = fresh_domain()
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain_id))
    return domain_id


@pytest.fixture
def ears(domain):
    ears = Ears(domain)
    yield ears
    ears.close()


@contextlib.contextmanager
def player_of(bag, *, ros_arguments=(), should_stop=None, **options):
    pace = Pace(should_stop=should_stop) if should_stop else None
    with (
        BagSource(bag) as source,
        replay_node(ros_arguments) as node,
        BagPlayer(node, source, ReplayOptions(**options), pace) as player,
    ):
        yield player


def test_unplayable_types_are_skipped_and_the_rest_plays(tmp_path, ears):
    bag = write_bag(tmp_path / 'bag', image_track('/image', count=3), number_track('/number'))
    heard = ears.hear(CompressedImage, '/image', BEST_EFFORT)
    with player_of(bag) as player:
        (skipped,) = player.skipped
        assert (skipped.topic, skipped.msgtype) == ('/number', NOT_INSTALLED)
        assert 'package not_installed_msgs is not installed' in skipped.reason
        assert player.wait_for_subscribers(1, 20.0)
        result = player.play()
    assert result.published == {'/image': 3}
    assert result.skipped == (skipped,)
    assert (result.missing, result.interrupted) == ({}, False)
    # Three frames 50 ms apart take a tenth of a second, not less.
    assert 0.1 <= result.wall_s < 5
    ears.wait_until(lambda: len(heard) == 3)
    assert [stamp_ns(data) - FIRST_NS for _, data in heard] == [-7 * MS, 43 * MS, 93 * MS]


def test_bag_without_anything_to_play_lists_its_topics(tmp_path, domain):
    bag = write_bag(tmp_path / 'bag', number_track('/a'), number_track('/b'))
    with (
        pytest.raises(BagError, match=r'nothing in bag .* /a \(not_inst.*; /b \(not_inst'),
        player_of(bag),
    ):
        pass


def test_topic_name_that_ros_2_refuses_is_skipped(tmp_path, domain):
    bag = write_bag(tmp_path / 'bag', text_track('/ok'), text_track('/not ok'))
    with player_of(bag) as player:
        assert [skipped.topic for skipped in player.skipped] == ['/not ok']
        assert 'Invalid topic name' in player.skipped[0].reason


def test_latched_topic_reaches_who_subscribes_afterwards(tmp_path, ears):
    qos = recorded_qos(durability=QosDurability.TRANSIENT_LOCAL, depth=1)
    bag = write_bag(tmp_path / 'bag', text_track('/robot', qos=[qos]))
    with player_of(bag) as player:
        assert player.play().published == {'/robot': 1}
        heard = ears.hear(String, '/robot', LATCHED)
        ears.wait_until(lambda: len(heard) == 1)


def test_qos_parameters_override_what_was_recorded(tmp_path, ears):
    bag = write_bag(tmp_path / 'bag', text_track('/robot'))
    override = 'qos_overrides./robot.publisher.reliability:=best_effort'
    with player_of(bag, ros_arguments=['--ros-args', '-p', override]):
        ears.wait_until(lambda: ears.node.get_publishers_info_by_topic('/robot'))
        (info,) = ears.node.get_publishers_info_by_topic('/robot')
    assert info.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT


def test_waiting_for_subscribers_ends_with_the_topics_that_lack_some(tmp_path, ears):
    bag = write_bag(tmp_path / 'bag', image_track('/heard', count=1), text_track('/unheard'))
    ears.hear(CompressedImage, '/heard', BEST_EFFORT)
    with player_of(bag) as player:
        ears.wait_until(lambda: player.routes[0].subscribers == 1)
        with pytest.raises(RosError, match='every topic within 0.2 s, got fewer of /unheard;'):
            player.wait_for_subscribers(1, 0.2)
        with pytest.raises(RosError, match='got fewer of /heard, /unheard;'):
            player.wait_for_subscribers(2, 0.0)


def test_waiting_for_subscribers_ends_when_asked_to_stop(tmp_path, domain):
    bag = write_bag(tmp_path / 'bag', text_track('/unheard'))
    with player_of(bag, should_stop=lambda: True) as player:
        assert player.wait_for_subscribers(1, 60.0) is False
        assert player.play().interrupted


def test_bag_with_fewer_messages_than_promised_is_reported(tmp_path, domain):
    bag = write_bag(tmp_path / 'bag', image_track('/image', count=3, period_ms=1))
    metadata = bag / 'metadata.yaml'
    metadata.write_text(metadata.read_text().replace('message_count: 3', 'message_count: 5'))
    with player_of(bag) as player:
        result = player.play()
    assert result.published == {'/image': 3}
    assert result.missing == {'/image': 2}


def test_own_clock_replaces_the_one_of_the_bag(tmp_path, domain):
    bag = write_bag(tmp_path / 'bag', text_track('/clock'), text_track('/text'))
    with player_of(bag, clock_hz=10.0) as player:
        assert [skipped.topic for skipped in player.skipped] == ['/clock']
        assert 'replaced by the clock' in player.skipped[0].reason
    with player_of(bag) as player:
        assert player.skipped == ()


def test_wrong_ros_arguments_are_refused(domain):
    with (
        pytest.raises(RosError, match='ROS refuses --ros-args -r a:=b:=c'),
        replay_node(['--ros-args', '-r', 'a:=b:=c']),
    ):
        pass
