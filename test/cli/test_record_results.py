# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""record_results beside the real node, and on a disk that is full."""

import contextlib
import shutil
import signal
import subprocess
import sys

import pytest
from harness import Process, detector_process, fresh_domain, image_message, picture
from replay_harness import replaying
from rosbags.interfaces import QosDurability
from rosgraph_msgs.msg import Clock
from vision_msgs.msg import Detection2DArray

from compressed_detector.bags import BagSource
from compressed_detector.cli.record_results import build_parser


@contextlib.contextmanager
def recording(domain_id, folder, *arguments, prefix=()):
    """Run record_results; it is stopped at the end if it has not ended by itself."""
    process = Process(
        [*prefix, sys.executable, '-m', 'compressed_detector.cli.record_results',
         '--output', str(folder), *arguments],
        {'ROS_DOMAIN_ID': str(domain_id)},
    )
    try:
        yield process
    finally:
        process.stop()


def recorded(folder):
    """Return the messages of a bag by topic: (log time in ns, CDR bytes)."""
    with BagSource(folder) as source:
        found = {topic.name: [] for topic in source.topics}
        for message in source.messages(source.topics, 0, 2**62):
            found[message.topic.name].append((message.log_ns, message.data))
    return found


def show_pictures(graph, camera, seconds):
    for second in seconds:
        camera.publish(image_message(picture(), second))
        graph.wait_for_answers(len(graph.answers) + 1)


def test_every_output_that_exists_is_recorded_as_published(graph, domain_id, tmp_path):
    heard = []
    graph.node.create_subscription(
        Detection2DArray, '/detector/detections', lambda data: heard.append(bytes(data)), 100,
        raw=True,
    )
    with (
        detector_process(domain_id) as detector,
        recording(domain_id, tmp_path / 'bag') as recorder,
    ):
        recorder.wait_for_output('ready for the answers to /image$')
        camera = graph.camera()
        show_pictures(graph, camera, range(1, 6))
        graph.wait_for_status(lambda _, values: values.get('frames processed') == '5')
        graph.wait_until(lambda: len(heard) == 5)
        assert recorder.stop() == 0
        assert detector.running()
    assert '/detector/detections: 5 messages' in recorder.output
    found = recorded(tmp_path / 'bag')
    assert [data for _, data in found['/detector/detections']] == heard
    # Latched, and published before anybody recorded.
    assert len(found['/detector/label_info']) == len(found['/detector/vision_info']) == 1
    assert found['/diagnostics']
    assert '/detector/debug_image' not in found
    with BagSource(tmp_path / 'bag') as source:
        (label_info,) = source.select(['/detector/label_info'])
        assert label_info.qos[0].durability is QosDurability.TRANSIENT_LOCAL
    # Definitions and type hashes are those installed here: it plays back, and nothing is skipped.
    with replaying(fresh_domain(), tmp_path / 'bag', '--rate', '100') as replay:
        code, out, errors = replay.finish()
    assert code == 0
    assert '/detector/detections: 5 messages' in out
    assert 'skipped' not in errors


def test_log_time_is_the_simulated_time_and_nothing_is_lost_before_the_clock_runs(
    graph, domain_id, tmp_path
):
    clock = graph.node.create_publisher(Clock, '/clock', 10)
    with (
        detector_process(domain_id),
        recording(
            domain_id, tmp_path / 'bag', '--ros-args', '-p', 'use_sim_time:=true'
        ) as recorder,
    ):
        recorder.wait_for_output('ready')
        graph.wait_until(clock.get_subscription_count)
        camera = graph.camera()
        now = Clock()
        now.clock.sec = 1000
        clock.publish(now)
        show_pictures(graph, camera, [1])
        assert recorder.stop() == 0
    found = recorded(tmp_path / 'bag')
    times_ns = {time_ns for messages in found.values() for time_ns, _ in messages}
    assert times_ns == {1000 * 10**9}
    assert len(found['/detector/label_info']) == 1


def test_what_was_flushed_survives_kill_9_of_the_recorder(graph, domain_id, tmp_path):
    file = tmp_path / 'bag' / 'bag.mcap'
    with detector_process(domain_id), recording(domain_id, tmp_path / 'bag') as recorder:
        recorder.wait_for_output('ready')
        show_pictures(graph, graph.camera(), [7])
        answer = b'first_channel'
        graph.wait_until(lambda: answer in file.read_bytes())
        recorder.stop(signal.SIGKILL)
    # The outline of MCAP: magic, then records of one byte opcode and eight bytes length.
    data, at, opcodes = file.read_bytes(), 8, []
    while at < len(data):
        opcodes.append(data[at])
        at += 9 + int.from_bytes(data[at + 1:at + 9], 'little')
    assert at == len(data)
    assert opcodes.count(6) >= 1  # chunks


@contextlib.contextmanager
def small_disk(folder):
    """Give a command prefix and a complaint for a disk, or else a file, of 400 KB at most."""
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', str(folder)]
    if shutil.which('mount') and not subprocess.run(mount, capture_output=True).returncode:
        try:
            yield (), 'No space left on device'
        finally:
            subprocess.run(['umount', '--lazy', str(folder)], check=True)
    elif shutil.which('prlimit'):
        yield ('prlimit', f'--fsize={400 * 1024}'), 'File too large'
    else:
        pytest.skip('needs the right to mount a small tmpfs, or prlimit of util-linux')


def test_full_disk_ends_the_recording_with_a_reason_and_a_readable_bag(
    graph, domain_id, tmp_path
):
    bag = tmp_path / 'disk' / 'bag'
    with small_disk(bag.parent) as (limit, complaint):
        with (
            detector_process(domain_id) as detector,
            recording(domain_id, bag, prefix=limit) as recorder,
        ):
            recorder.wait_for_output('ready')
            camera = graph.camera()
            clutter = image_message(clutter_of_squares())
            for _ in range(2000):
                if not recorder.running():
                    break
                camera.publish(clutter)
                graph.wait_for_answers(len(graph.answers) + 1)
            assert recorder.wait() == 2
            show_pictures(graph, camera, [99])  # the node goes on
            assert detector.running()
        error = recorder.output.splitlines()[-1]
        assert error.startswith(f'error: cannot write the bag {bag}: {complaint}')
        assert 'Traceback' not in recorder.output
        found = recorded(bag)
        kept = sum(map(len, found.values()))
        assert f'its first {kept} messages are kept and readable' in error
        assert len(found['/detector/detections']) > 10


def clutter_of_squares():
    image = 0 * picture()
    for top in range(0, 64, 16):
        for left in range(0, 64, 16):
            image[top:top + 8, left:left + 8] = 200
    return image


def test_detector_that_does_not_exist_leaves_no_bag_and_says_so(domain_id, tmp_path):
    with recording(domain_id, tmp_path / 'bag', '--detector', '/robot/eye') as recorder:
        recorder.wait_for_output('recording /robot/eye')
        assert recorder.stop() == 2
    assert recorder.output.splitlines()[-1].startswith(
        'error: nothing was recorded, because /robot/eye published nothing'
    )
    assert not (tmp_path / 'bag').exists()


def test_existing_folder_is_never_overwritten(domain_id, tmp_path):
    (tmp_path / 'kept').write_text('mine')
    with recording(domain_id, tmp_path) as recorder:
        assert recorder.wait() == 2
    assert f'error: cannot create the bag {tmp_path}: ' in recorder.output
    assert 'exists already' in recorder.output
    assert (tmp_path / 'kept').read_text() == 'mine'


@pytest.mark.parametrize('name', ['detector', '/detector/', ''])
def test_relative_names_of_the_detector_are_refused(capsys, name):
    with pytest.raises(SystemExit):
        build_parser().parse_args(['--detector', name])
    assert 'expected a full name such as /detector' in capsys.readouterr().err
