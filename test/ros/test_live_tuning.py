# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What changes while the node runs: every live parameter, and the model itself."""

import hashlib
import json
import re

import pytest
from harness import (
    TINY_MODEL,
    Graph,
    detector_process,
    fresh_domain,
    wait_until,
)
from live_node import (
    Feed,
    ask_later,
    change_state,
    counts_of,
    feeding,
    get_parameter,
    parameter_file,
    reload_model,
    run_for,
    set_parameters,
    settled,
    state_of,
)
from obstacle_film import Film
from std_srvs.srv import Trigger

from compressed_detector.config import CameraSettings, NodeConfig, options
from compressed_detector.detection.interpreter import LiteInterpreter

# What the film starts with: everything on, so that everything can show.
BASE = {'tracking': True, 'camera_height': 0.5, 'camera_pitch': 0.3, 'depth_topic': '/depth'}
# A value for each live parameter that changes what is published about the film.
CHANGES = {
    'score_threshold': 0.995, 'class_thresholds': ['first_channel:0.995'],
    'classes': ['second_channel'], 'nms_iou_threshold': 0.2, 'max_detections': 1,
    'tracking': False, 'track_confirm_frames': 1, 'track_confirm_time': 1.0,
    'track_hold_time': 0.0, 'track_start_score': 0.995, 'track_iou_threshold': 0.5,
    'camera_height': 0.6, 'camera_pitch': 0.35, 'camera_roll': 0.1, 'scan_range_min': 0.1,
    'scan_range_max': 10.0, 'scan_angle_increment': 0.005, 'cloud_spacing': 0.02,
    'cloud_min_points': 12, 'marker_lifetime': 2.0, 'range_min': 0.3, 'range_max': 0.5,
    'depth_percentile': 90.0, 'depth_central_fraction': 0.1, 'depth_min_valid_fraction': 0.9,
    'depth_sigma': 0.1, 'depth_sigma_fraction': 0.1, 'box_sigma': 0.02, 'tilt_sigma': 0.05,
    'border_margin': 0.1, 'cut_range_fraction': 0.75,
}
# A tracked object that is suppressed is held, and looks the same for a while.
BESIDES = {'nms_iou_threshold': {'tracking': False}}
# These act on time, not on what is seen: test_cameras.py and test_freshness.py.
ELSEWHERE = {'max_rate', 'priority', 'max_age', 'image_timeout'}


@pytest.fixture(scope='module')
def tuned():
    domain_id = fresh_domain()
    graph = Graph(domain_id)
    arguments = [item for name, value in BASE.items()
                 for item in ('-p', f'{name}:={str(value).lower()}')]
    with detector_process(domain_id, *arguments):
        yield graph, Film(graph)
    graph.close()


def test_every_live_parameter_is_tried():
    live = {item.name for kind in (NodeConfig, CameraSettings) for item in options(kind)
            if item.live}
    assert live == set(CHANGES) | ELSEWHERE


@pytest.mark.parametrize('name', CHANGES)
def test_a_live_parameter_takes_effect_on_the_next_frame_and_back(tuned, name):
    graph, film = tuned
    besides = BESIDES.get(name, {})
    initial = {key: get_parameter(graph, key) for key in (name, *besides)}
    assert set_parameters(graph, {**initial, **besides}).successful
    before = film.show()
    assert set_parameters(graph, {name: CHANGES[name]}).successful
    changed = film.show()
    assert set_parameters(graph, {name: initial[name]}).successful
    back = film.show()
    assert set_parameters(graph, initial).successful
    assert back == before
    assert changed != before


@pytest.mark.parametrize(('values', 'words'), [
    ({'score_threshold': 0.995, 'max_detections': 0}, 'max_detections'),
    ({'score_threshold': 0.995, 'class_thresholds': ['person']}, 'expected entries such as'),
    ({'score_threshold': 0.995, 'classes': ['person']}, r"got \['person'\]; it knows first_chan"),
    ({'score_threshold': 0.995, 'class_thresholds': ['cat:0.5']}, r"got \['cat'\]; it knows"),
    ({'score_threshold': 0.995, 'num_threads': 1}, 'restart it with the new value, or deactivate'),
    ({'score_threshold': 0.995, 'model': 'other'}, 'restart it with the new value, or deactivate'),
    ({'score_threshold': 0.995, 'image_topic': 'x'}, 'image_topic cannot change while'),
    ({'score_threshold': 0.995, 'cameras': ['front']}, 'restart the node with the new value'),
    ({'score_threshold': 0.995, 'nms_iou_threshold': 'high'}, 'nms_iou_threshold|type'),
    ({'score_threshold': float('nan')}, 'score_threshold'),
])
def test_a_set_with_a_bad_value_changes_nothing_and_says_why(tuned, values, words):
    graph, film = tuned
    before = film.show()
    verdict = set_parameters(graph, values)
    assert not verdict.successful
    assert re.search(words, verdict.reason), verdict.reason
    assert get_parameter(graph, 'score_threshold') == 0.35
    assert film.show() == before


def test_named_cameras_are_tuned_by_their_names(graph, domain_id, tmp_path):
    arguments = parameter_file(tmp_path, {'cameras': ['front', 'left'], 'max_rate': 7.0})
    with detector_process(domain_id, *arguments):
        assert set_parameters(graph, {'front.max_rate': 3.0, 'left.priority': 2}).successful
        nameless = set_parameters(graph, {'max_rate': 1.0, 'front.max_rate': 4.0})
        unknown = set_parameters(graph, {'front.max_rat': 1.0})
        rates = [get_parameter(graph, f'{name}.max_rate') for name in ('front', 'left')]
    assert not nameless.successful
    assert 'set front.max_rate, left.max_rate' in nameless.reason
    assert not unknown.successful
    assert rates == [3.0, 7.0]


def rebuilt(folder, labels, model=None):
    """Write the tiny model with other labels, or other bytes under a true checksum."""
    manifest = json.loads(TINY_MODEL.read_text())
    model = model or TINY_MODEL.with_suffix('.tflite').read_bytes()
    manifest['labels'], manifest['sha256'] = labels, hashlib.sha256(model).hexdigest()
    (folder / manifest['file']).write_bytes(model)
    (folder / 'model.json').write_text(json.dumps(manifest))


def test_a_rebuilt_model_is_swapped_in_between_two_frames_and_none_is_lost(
    graph, domain_id, tmp_path
):
    rebuilt(tmp_path, ['old', 'b', 'c'])
    with detector_process(
        domain_id, '-p', f'model:={tmp_path}/model.json', '-p', 'tracking:=true'
    ):
        feed = Feed(graph)
        with feeding(graph, (feed, 40.0)):
            graph.wait_for_answers(10)
            rebuilt(tmp_path, ['new', 'b', 'c'])
            response = reload_model(graph)
            graph.wait_for_answers(len(graph.answers) + 10)
        counts = counts_of(
            graph, 'detector: camera', lambda counts: settled(counts)
            and counts['received'] + counts['lost in transport'] == feed.sent,
        )
        graph.wait_for_answers(counts['processed'])
    assert response.success
    assert counts['undecodable'] == counts['lost in transport'] == 0
    seen = [detection for answer in graph.answers for detection in answer.detections]
    assert len(seen) == counts['processed']
    kinds = [(item.results[0].hypothesis.class_id, item.id) for item in seen]
    # One swap, and what the old model saw is not what the new one sees.
    assert kinds == sorted(kinds, key=lambda kind: kind[0] == 'new')
    assert [len({name for label, name in kinds if label == kind})
            for kind in ('old', 'new')] == [1, 1]
    assert len(set(kinds)) == len({name for _, name in kinds}) == 2


def test_a_corrupt_model_leaves_the_old_one_running(graph, domain_id, tmp_path):
    whole = TINY_MODEL.with_suffix('.tflite').read_bytes()
    wrong_with_the_right_sum = [
        whole[:len(whole) // 2], whole[:8] + bytes(reversed(whole[8:])),
    ]
    if LiteInterpreter(whole, num_threads=1).runtime_name == 'tflite_runtime':
        wrong_with_the_right_sum = []  # it does not verify a flatbuffer: the sum must protect it
    rebuilt(tmp_path, ['old', 'b', 'c'])
    with detector_process(
        domain_id, '-p', f'model:={tmp_path}/model.json', '-p', 'classes:=[old]'
    ) as process:
        feed = Feed(graph)
        messages = []
        for damage in (
            lambda: (tmp_path / 'tiny_gfl.tflite').write_bytes(whole[:100]),
            lambda: rebuilt(tmp_path, ['old', 'b']),
            lambda: rebuilt(tmp_path, ['new', 'b', 'c']),
            lambda: (tmp_path / 'model.json').write_text('{"format"'),
            lambda: (tmp_path / 'model.json').unlink(),
            *(lambda content=content: rebuilt(tmp_path, ['old', 'b', 'c'], content)
              for content in wrong_with_the_right_sum),
        ):
            damage()
            response = reload_model(graph)
            assert not response.success
            messages.append(response.message)
            count = len(graph.answers)
            feed.publish()
            answer = graph.wait_for_answers(count + 1)[-1]
            assert answer.detections[0].results[0].hypothesis.class_id == 'old'
        process.wait_for_output('cannot reload the model')
    assert all(message.startswith('the old model stays: ') for message in messages), messages
    assert 'expected sha256' in messages[0]
    assert "got ['old']; it knows new" in messages[2]


def test_reloading_while_the_node_is_deactivated_and_cleaned_up_does_no_harm(graph, domain_id):
    with detector_process(domain_id, '-p', 'model:=nanodet_g_416_wi8_ai8') as process:
        feed = Feed(graph)
        for round_number in range(4):
            reloads = [
                ask_later(graph, Trigger, '/detector/reload_model', Trigger.Request())
                for _ in range(3)
            ]
            feed.publish()
            run_for(graph, 0.03 * round_number)
            for name in ('deactivate', 'cleanup', 'configure', 'activate'):
                change_state(graph, name)
            graph.wait_until(lambda reloads=reloads: all(future.done() for future in reloads))
            answers = [future.result() for future in reloads]
            assert all(answer.success or answer.message for answer in answers)
        assert state_of(graph) == 'active'
        count = len(graph.answers)

        def published_and_answered():
            feed.publish()
            run_for(graph, 0.1)
            return len(graph.answers) > count

        wait_until(published_and_answered)
        assert process.running()
        assert 'Traceback' not in process.output
