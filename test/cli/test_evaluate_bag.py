# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""evaluate_bag on a bag whose answers are known, figure by figure, and on what it refuses."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_scene import FRAMES, IMAGES, TRUTH
from tiny_detector import TINY_MODELS

from compressed_detector.bags import BagSource
from compressed_detector.cli.evaluate_bag import main

TINY = str(TINY_MODELS / 'tiny_gfl.json')
ROOT = Path(__file__).parents[2]
PEDESTRIANS = ROOT / 'test' / 'data' / 'pedestrians'
# Height gives the reports distances; the zones are 3 m and 5 m deep.
ARGUMENTS = [
    '--models', TINY, '--camera-height', '1', '--corridor', '2', '--ranges', '0', '5', '10',
    '--stop-zone', '3x2', '--stop-zone', '5x2', '--samples', '20',
]


@pytest.fixture(scope='module')
def output(bag: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('out') / 'results'
    assert main([str(bag), '--ground-truth', TRUTH, '--output', str(folder), *ARGUMENTS]) == 0
    return folder


def metrics(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / 'metrics.json').read_text())
    return content


def values(folder: Path, model: str = 'tiny_gfl') -> dict[str, Any]:
    return {name: item['value'] for name, item in
            metrics(folder)['models'][model]['figures'].items()}


# 13 of 20, all of 5 and none of 5 objects are found. Four false alarms have better scores than
# what is right, so precision is best at the end: 13 of 17.
AP = [13 / 17 * np.sum(np.linspace(0, 1, 101) <= 13 / 20) / 101, 1, 0]
KNOWN = {
    'ap': np.mean(AP), 'ap50': np.mean(AP), 'ap75': np.mean(AP), 'ar1': np.mean([10 / 20, 1, 0]),
    'ar10': np.mean([13 / 20, 1, 0]), 'ar100': np.mean([13 / 20, 1, 0]),
    'recall': 18 / 30, 'precision': 18 / 22,
    'ap50_height_0_32px': np.mean(AP), 'recall_height_0_32px': 18 / 30,
    'ap50_height_32_64px': None, 'recall_height_32_64px': None,
    'corridor_recall': 13 / 20, 'corridor_recall_0_5m': 5 / 10, 'corridor_recall_5_10m': 8 / 10,
    'corridor_first_seen_m_p50': 8, 'corridor_first_seen_m_p10': 8,
    'corridor_longest_gap_s_max': 0.3,
    'first_seen_s_p50': 0.2, 'first_seen_s_p90': 'inf', 'first_seen_m_p50': 5,
    'never_seen': 1 / 3, 'longest_gap_s_p50': 0.3, 'longest_gap_s_max': 0.5,
    'false_positives_per_frame': 4 / 20, 'false_alarms_per_minute': 3 / (2 / 60),
    'flicker_per_minute': 1 / (2 / 60),
    'false_stops_3x2m': 3 / 20, 'missed_stops_3x2m': None,
    'false_stops_5x2m': 3 / 10, 'missed_stops_5x2m': 5 / 10,
    'iou_p50': 1, 'centre_error_px_p50': 0, 'centre_error_px_mad': 0, 'centre_error_px_p90': 0,
    # Five of the eighteen are found a fifth too near.
    'range_error_p50': 0, 'range_error_mad': 0, 'range_error_p90': 0.2,
    'frames_answered': 1, 'age_ms_p50': None,
}


@pytest.mark.parametrize('name', KNOWN)
def test_a_figure_of_the_known_scene_is_exact(output: Path, name: str) -> None:
    expected = KNOWN[name]
    if isinstance(expected, float | int):
        expected = pytest.approx(expected, abs=2e-4 if 'error' in name else 1e-5)
    assert values(output)[name] == expected


def test_every_figure_is_known_or_a_measurement(output: Path) -> None:
    measured = {name for name in values(output) if re.match('latency|age|decode|cpu|peak', name)}
    others = {name for name in values(output) if 'height' in name}
    assert set(values(output)) == set(KNOWN) | measured | others


def test_counts_classes_and_sources_are_told(output: Path) -> None:
    content = metrics(output)
    model = content['models']['tiny_gfl']
    assert model['counts'] | {'frames': FRAMES, 'frames_evaluated': FRAMES, 'objects': 30,
                              'tracks': 3, 'reports': 22, 'objects_in_corridor': 20,
                              'frames_undecodable': 0} == model['counts']
    assert model['per_class']['second_channel'] == pytest.approx(
        {'ap': 1, 'ap50': 1, 'recall': 1, 'precision': 1, 'objects': 5})
    assert model['per_source']['known']['recall'] == pytest.approx(18 / 30)
    assert content['classes'] == ['first_channel', 'second_channel', 'third_channel']
    assert content['mode'] == 'offline'
    assert content['intervals']['over'].startswith('20 blocks of 0.0')
    assert content['sources'][0]['cameras'] == [IMAGES]


def test_intervals_contain_their_figures(output: Path) -> None:
    figures = metrics(output)['models']['tiny_gfl']['figures']
    recall = figures['recall']
    assert 0 < recall['low'] < recall['value'] < recall['high'] < 1
    assert figures['cpu_s_per_frame']['low'] is None


def test_truth_from_a_file_gives_the_same_figures(
    bag: Path, output: Path, tmp_path: Path
) -> None:
    assert main([str(bag), '--ground-truth', 'truth.json', '--output', str(tmp_path / 'out'),
                 *ARGUMENTS]) == 0
    other = values(tmp_path / 'out')
    assert {name: other[name] for name in KNOWN} == {
        name: pytest.approx(value, abs=1e-5) if isinstance(value, float | int) else value
        for name, value in values(output).items() if name in KNOWN
    }


def test_detections_are_a_bag_that_plays_beside_the_original(bag: Path, output: Path) -> None:
    with BagSource(output / 'tiny_gfl' / 'known') as source:
        (topic,) = source.topics
        assert (topic.name, topic.message_count) == ('/detector/detections', FRAMES)
        with BagSource(bag) as original:
            assert abs(source.first_ns - original.first_ns) < 10**7


@pytest.mark.parametrize('peer', ['pycocotools.coco', 'faster_coco_eval'])
def test_others_score_the_files_alike(output: Path, peer: str) -> None:
    module = pytest.importorskip(peer)
    evaluator = (pytest.importorskip('pycocotools.cocoeval').COCOeval
                 if 'py' in peer[:2] else module.COCOeval_faster)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = module.COCO(str(output / 'ground_truth' / 'known.json'))
        found = truth.loadRes(str(output / 'tiny_gfl' / 'known.json'))
        evaluation = evaluator(truth, found, 'bbox')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(values(output)['ap'], abs=1e-7)


def test_two_models_are_compared_on_the_same_draws(
    bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = tmp_path / 'twin.json'
    shutil.copy(TINY, twin)
    shutil.copy(TINY_MODELS / 'tiny_gfl.tflite', tmp_path)
    # It takes red for blue: what it sees is right, what it calls it is not.
    other = str(TINY_MODELS / 'tiny_gfl_float.json')
    assert main([str(bag), '--ground-truth', TRUTH, '--output', str(tmp_path / 'out'),
                 '--camera-height', '1', '--models', TINY, str(twin), other,
                 '--samples', '100']) == 0
    same, changed, _ = metrics(tmp_path / 'out')['comparisons']
    assert (same['first'], same['second']) == ('tiny_gfl', 'twin')
    assert same['agreement_ap'] == pytest.approx(1)
    assert same['figures']['recall'] == {'value': 0, 'low': 0, 'high': 0, 'p_value': 1}
    assert changed['second'] == 'tiny_gfl_float'
    recall = changed['figures']['recall']
    assert recall['value'] == pytest.approx(-13 / 30)
    assert recall['low'] < recall['value'] < recall['high'] < 0
    assert recall['p_value'] == pytest.approx(2 / 101)
    assert changed['figures']['corridor_recall']['value'] == 0
    text = capsys.readouterr().out
    assert re.search(r'recall +60.0%  \[\d', text)
    assert 'twin against tiny_gfl: agreement 1.000 AP' in text


def test_results_are_not_replaced_unless_asked_for(
    bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(bag), '--output', str(tmp_path), '--models', TINY, '--samples', '1']
    (tmp_path / 'kept.txt').write_text('mine')
    assert main(arguments) == 0
    assert main(arguments) == 2
    assert 'metrics.json: exists already; choose another --output' in capsys.readouterr().err
    assert main([*arguments, '--force']) == 0
    assert (tmp_path / 'kept.txt').read_text() == 'mine'


def test_without_truth_there_are_still_times_and_flicker(bag: Path, tmp_path: Path) -> None:
    assert main([str(bag), '--output', str(tmp_path), '--models', TINY, '--samples', '1']) == 0
    figures = values(tmp_path)
    assert (figures['ap'], figures['recall']) == (None, None)
    assert figures['flicker_per_minute'] == 30
    assert figures['latency_ms_p50'] > 0
    assert not (tmp_path / 'ground_truth').exists()


def test_several_bags_are_drawn_as_wholes(bag: Path, tmp_path: Path) -> None:
    assert main([str(bag), str(bag), '--ground-truth', TRUTH, '--output', str(tmp_path),
                 '--models', TINY, '--samples', '5']) == 0
    content = metrics(tmp_path)
    assert content['intervals']['over'] == '2 recordings'
    assert set(content['models']['tiny_gfl']['per_source']) == {'known', 'known_2'}
    assert values(tmp_path)['recall'] == pytest.approx(18 / 30)
    assert (tmp_path / 'tiny_gfl' / 'known_2' / 'metadata.yaml').is_file()


@pytest.mark.parametrize(('arguments', 'message'), [
    (['nowhere'], 'bag nowhere does not exist'),
    (['BAG', '--topics', '/left'], r'has no topic /left; it holds /camera/camera_info .*'),
    (['BAG', '--ground-truth', '/nothing'], 'which is neither; the bag holds .*/truth'),
    (['BAG', '--models', 'nobody'], 'model: expected the path of a manifest or one of'),
    (['BAG', '--models', TINY, TINY], 'of different names, got .* more than once'),
    (['BAG', '--models', TINY, '--classes', 'unicorn'], "all models know, got .'unicorn'.; they"),
    (['PEDESTRIANS', '--models', TINY], 'of a class that all models know, got person; they know '),
    (['BAG', '--iou', '2'], 'iou_threshold: expected a value above 0'),
    (['BAG', '--camera-height', '-1'], 'expected a camera above the floor'),
])
def test_what_cannot_be_done_is_an_error_in_one_line(
    bag: Path, tmp_path: Path, arguments: list[str], message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = {'BAG': str(bag), 'PEDESTRIANS': str(PEDESTRIANS)}
    given = [names.get(item, item) for item in arguments]
    assert main([*given, '--output', str(tmp_path / 'out')]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith('error: ')
    assert re.search(message, error)


@pytest.mark.parametrize('text', ['5', '5x', 'x5', '0x1', 'axb', '1x-1', '1x2x3', 'infx1'])
def test_a_stop_zone_is_depth_by_width(
    bag: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(bag), '--output', 'out', '--stop-zone', text])
    assert 'expected depth x width in metres, such as 1.5x0.8' in capsys.readouterr().err


def gated(bag: Path, folder: Path, *conditions: str, baseline: Path | None = None) -> int:
    """Evaluate with conditions under which it fails, and return the exit code."""
    given = [item for condition in conditions for item in ('--fail-if', condition)]
    before = ['--baseline', str(baseline)] if baseline else []
    return main([str(bag), '--ground-truth', TRUTH, '--models', TINY, '--samples', '1', *given,
                 *before, '--force', '--output', str(folder)])


def test_a_condition_that_holds_is_exit_code_one(
    bag: Path, output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = output / 'metrics.json'
    assert gated(bag, tmp_path, 'ap50 < baseline - 0.01', 'recall < 0.5', baseline=before) == 0
    assert gated(bag, tmp_path, 'recall < baseline.precision - 0.01', 'recall < 0.7',
                 baseline=before) == 1
    assert capsys.readouterr().err.splitlines()[-2:] == [
        'failed: tiny_gfl: recall < baseline.precision - 0.01 (recall is 0.6, baseline.precision '
        'is 0.8182)',
        'failed: tiny_gfl: recall < 0.7 (recall is 0.6)',
    ]
    assert (tmp_path / 'metrics.json').is_file()


@pytest.mark.parametrize(('condition', 'baseline', 'message'), [
    ('ap50 <', False, 'expected a number or the name of a figure'),
    ('ap5 < 1', False, "expected a figure, got 'ap5'; do you mean ap75 or ap50"),
    ('ap50 < baseline', False, 'expected --baseline with the metrics.json to compare with'),
    ('ap50 < 1', True, 'expected a --fail-if that asks for it'),
    ('corridor_recall < 0.5', False, 'expected corridor_recall to be known'),
    ('missed_stops_9x9m < 1', False, 'expected a figure'),
])
def test_a_gate_that_cannot_work_is_exit_code_two(
    bag: Path, output: Path, tmp_path: Path, condition: str, baseline: bool, message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    truthless = 'corridor' in condition
    given = ['--fail-if', condition]
    given += ['--baseline', str(output / 'metrics.json')] if baseline else []
    given += [] if truthless else ['--ground-truth', TRUTH]
    assert main([str(bag), '--models', TINY, '--samples', '1', *given,
                 '--output', str(tmp_path)]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize('text', ['', '{}', '[]', '{"format": "other"}', '{"format": 1, "models"'])
def test_a_baseline_that_is_none_is_refused(
    bag: Path, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'old.json').write_text(text)
    code = gated(bag, tmp_path, 'ap < baseline', baseline=tmp_path / 'old.json')
    assert code == 2
    assert 'old.json: expected a metrics.json of evaluate_bag' in capsys.readouterr().err


BLOCKER = """
import sys


class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in BLOCKED:
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)


sys.meta_path.insert(0, Blocker())
sys.prefix = 'nowhere'
from compressed_detector.cli.evaluate_bag import main
sys.exit(main(sys.argv[1:]))
"""


def without(modules: set[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run evaluate_bag where some modules, and what is installed beside them, are not there."""
    return subprocess.run(
        [sys.executable, '-c', f'BLOCKED = {modules!r}\n{BLOCKER}', *arguments],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'AMENT_PREFIX_PATH': ''},
    )


def test_a_machine_without_ros_and_tensorflow_evaluates_offline(bag: Path, tmp_path: Path) -> None:
    missing = {'rclpy', 'vision_msgs', 'sensor_msgs', 'std_msgs', 'tensorflow', 'faster_coco_eval'}
    arguments = [str(bag), '--ground-truth', TRUTH, '--models', TINY, '--samples', '1',
                 '--output', str(tmp_path / 'out')]
    result = without(missing, *arguments)
    assert result.returncode == 0, result.stderr
    assert values(tmp_path / 'out')['recall'] == pytest.approx(18 / 30)
    with BagSource(tmp_path / 'out' / 'tiny_gfl' / 'known') as source:
        assert source.topics[0].message_count == FRAMES
    live = without(missing, *arguments, '--live')
    assert live.returncode == 2
    assert 'rclpy is missing; source a ROS 2 distribution first' in live.stderr


def test_a_cluster_needs_ray(bag: Path, tmp_path: Path) -> None:
    result = without({'ray'}, str(bag), '--ray', 'local', '--models', TINY,
                     '--output', str(tmp_path))
    assert result.returncode == 2
    assert 'error: --ray: cannot import ray' in result.stderr
    assert 'install it with: python3 -m pip install ray' in result.stderr


@pytest.mark.parametrize('library', ['rosbags', 'rich', 'matplotlib', 'jinja2'])
def test_a_library_that_is_missing_is_named_with_the_command(library: str, tmp_path: Path) -> None:
    result = without({library}, 'bag', '--output', str(tmp_path))
    assert result.returncode == 2
    assert f'install it with: python3 -m pip install {library}' in result.stderr
