# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bags of every storage and compression are read alike; broken ones are refused in words."""

import shutil
import tracemalloc
from pathlib import Path

import pytest
import yaml
from replay_bags import FIRST_NS, IMAGE, MS, TYPES, image_track, text_track, write_bag
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from compressed_detector.bags import BagSource
from compressed_detector.errors import BagError

SQLITE, MCAP = StoragePlugin.SQLITE3, StoragePlugin.MCAP
STORAGES = [
    (SQLITE, CompressionMode.NONE),
    (SQLITE, CompressionMode.FILE),
    (SQLITE, CompressionMode.MESSAGE),
    (MCAP, CompressionMode.NONE),
    (MCAP, CompressionMode.FILE),
    (MCAP, CompressionMode.MESSAGE),
    (MCAP, CompressionMode.STORAGE),
]


def read(source, topics=(), start_ns=0, stop_ns=2**62):
    return [
        (message.topic.name, message.log_ns, message.data)
        for message in source.messages(source.select(topics), start_ns, stop_ns)
    ]


@pytest.mark.parametrize(('storage', 'compression'), STORAGES)
def test_messages_come_back_in_order_with_their_bytes(tmp_path, storage, compression):
    left = image_track('/left', count=4, period_ms=20)
    right = image_track('/right', count=3, period_ms=30)
    path = write_bag(tmp_path / 'bag', left, right, storage=storage, compression=compression)
    expected = sorted(
        (track.topic, ns, bytes(TYPES.serialize_cdr(message, IMAGE)))
        for track in (left, right)
        for ns, message in zip(track.log_ns, track.messages)
    )
    with BagSource(path) as source:
        messages = read(source)
    assert sorted(messages) == expected
    assert [ns for _, ns, _ in messages] == sorted(ns for _, ns, _ in expected)


@pytest.mark.parametrize('storage', [SQLITE, MCAP])
def test_window_is_half_open_and_topics_are_selected(tmp_path, storage):
    bag = write_bag(tmp_path / 'bag', image_track('/a'), image_track('/b'), storage=storage)
    with BagSource(bag) as source:
        messages = read(source, ['/b'], FIRST_NS + 50 * MS, FIRST_NS + 150 * MS)
    assert [(name, ns) for name, ns, _ in messages] == [
        ('/b', FIRST_NS + 50 * MS), ('/b', FIRST_NS + 100 * MS)
    ]


@pytest.mark.parametrize('suffix', ['db3', 'mcap'])
def test_single_storage_file_is_a_bag(tmp_path, suffix):
    storage = SQLITE if suffix == 'db3' else MCAP
    bag = write_bag(tmp_path / 'bag', image_track(count=5), storage=storage)
    with BagSource(bag / f'bag.{suffix}') as source:
        assert len(read(source)) == 5


def test_split_bag_is_read_file_after_file(tmp_path):
    bag = write_bag(tmp_path / 'bag', image_track(count=3))
    second = image_track(count=2, first_ns=FIRST_NS + 150 * MS)
    other = write_bag(tmp_path / 'other', second)
    shutil.copy(other / 'other.mcap', bag / 'bag_1.mcap')
    change_metadata(
        bag, relative_file_paths=['bag.mcap', 'bag_1.mcap'], message_count=5,
        duration={'nanoseconds': 200 * MS},
    )
    with BagSource(bag) as source:
        assert [ns for _, ns, _ in read(source)] == [FIRST_NS + i * 50 * MS for i in range(5)]
        assert source.last_ns == FIRST_NS + 200 * MS


def change_metadata(bag: Path, **changes):
    path = bag / 'metadata.yaml'
    content = yaml.safe_load(path.read_text())
    content['rosbag2_bagfile_information'].update(changes)
    path.write_text(yaml.safe_dump(content))


def test_interval_is_that_of_the_busiest_topic(tmp_path):
    bag = write_bag(tmp_path / 'bag', image_track(count=11, period_ms=40), text_track('/text'))
    with BagSource(bag) as source:
        assert source.interval_ns == 40 * MS


def test_lone_message_has_no_interval(tmp_path):
    with BagSource(write_bag(tmp_path / 'bag', text_track('/text'))) as source:
        assert source.interval_ns == 0
        assert source.first_ns == source.last_ns == FIRST_NS


@pytest.mark.parametrize('storage', [SQLITE, MCAP])
def test_memory_does_not_grow_with_the_bag(tmp_path, storage):
    track = image_track(count=100, size=200_000)
    with BagSource(write_bag(tmp_path / 'bag', track, storage=storage)) as source:
        tracemalloc.start()
        try:
            total = sum(len(m.data) for m in source.messages(source.topics, 0, 2**62))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert total > 20_000_000
    assert peak < 5_000_000


def test_unknown_topic_names_those_that_exist(tmp_path):
    bag = write_bag(tmp_path / 'bag', image_track('/a'), text_track('/b'))
    with BagSource(bag) as source, pytest.raises(
        BagError, match=r'no topic /c; it holds /a \(sensor_msgs/msg/Comp.*\), /b \(std_msgs/msg'
    ):
        source.select(['/b', '/c'])


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(BagError, match='nowhere does not exist'):
        BagSource(tmp_path / 'nowhere')


def test_folder_without_metadata_says_how_to_mend_it(tmp_path):
    bag = write_bag(tmp_path / 'bag', image_track())
    (bag / 'metadata.yaml').unlink()
    with pytest.raises(BagError, match=r'no metadata\.yaml.*ros2 bag reindex'):
        BagSource(bag)


def test_empty_bag_is_refused(tmp_path):
    with pytest.raises(BagError, match='holds no messages'):
        BagSource(write_bag(tmp_path / 'bag'))


@pytest.mark.parametrize('text', ['', 'hello', '{', 'rosbag2_bagfile_information: 3'])
def test_broken_metadata_is_refused(tmp_path, text):
    bag = write_bag(tmp_path / 'bag', image_track())
    (bag / 'metadata.yaml').write_text(text)
    with pytest.raises(BagError, match='cannot be read'):
        BagSource(bag)


@pytest.mark.parametrize(('storage', 'compression'), STORAGES)
@pytest.mark.parametrize('kept', [0.0, 0.01, 0.5, 0.99])
def test_truncated_bag_is_refused(tmp_path, storage, compression, kept):
    track = image_track(count=20, size=5000)
    bag = write_bag(tmp_path / 'bag', track, storage=storage, compression=compression)
    (stored,) = (path for path in bag.iterdir() if path.name != 'metadata.yaml')
    stored.write_bytes(stored.read_bytes()[:int(stored.stat().st_size * kept)])

    def play():
        with BagSource(bag) as source:
            read(source)

    with pytest.raises(BagError, match=r'cannot be read: .*ros2 bag reindex'):
        play()


def test_damage_in_the_middle_shows_when_it_is_reached(tmp_path):
    track = image_track(count=4, size=5000)
    bag = write_bag(tmp_path / 'bag', track, compression=CompressionMode.MESSAGE)
    stored = bag / 'bag.mcap'
    data = stored.read_bytes()
    zstd_frames = [i for i in range(len(data)) if data.startswith(b'\x28\xb5\x2f\xfd', i)]
    position = zstd_frames[2]
    stored.write_bytes(data[:position] + b'\0\0\0\0' + data[position + 4:])
    with BagSource(bag) as source:
        stream = source.messages(source.topics, 0, 2**62)
        assert [next(stream).log_ns, next(stream).log_ns] == [FIRST_NS, FIRST_NS + 50 * MS]
        with pytest.raises(BagError, match='cannot be read'):
            next(stream)
