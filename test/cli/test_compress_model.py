# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""compress_model as a user runs it: it teaches, builds, and refuses with a reason."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from nanodet_g_graph import write_graph

from compressed_detector.cli.compress_model import main
from compressed_detector.compression import dense
from compressed_detector.compression.recipe import load_recipe
from compressed_detector.detection.bundle import Bundle
from compressed_detector.evaluation.sources import bag_images

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / 'models' / 'nanodet_g' / 'dense.npz'
NAME = 'nanodet_g_96_wi8_ai8'  # small and quick to convert
HELD_OUT = '12.png'  # by its name


@pytest.fixture(scope='module')
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('data') / 'images'
    folder.mkdir()
    frames = bag_images(ROOT / 'test' / 'data' / 'pedestrians', '/camera/image/compressed')
    for index, (_, frame) in zip(range(4), frames):
        cv2.imwrite(str(folder / f'{index}.png'), frame)
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return write_recipe(tmp_path)


def write_recipe(folder: Path, **changes: object) -> Path:
    path = folder / 'recipe.yaml'
    path.write_text(yaml.safe_dump({
        'name': NAME, 'architecture': 'nanodet_g', 'weights': os.path.relpath(WEIGHTS, folder),
        'input_size': 96, 'stages': [{'quantize': {'calibration_images': 3}}], **changes,
    }))
    return path


def write_coco(folder: Path) -> Path:
    """One person in the first picture: the box of the hand-drawn ground truth is not needed."""
    path = folder / 'coco.json'
    path.write_text(json.dumps({
        'images': [{'id': 1, 'file_name': '0.png'}],
        'categories': [{'id': 1, 'name': 'person'}],
        'annotations': [{'id': 1, 'image_id': 1, 'category_id': 1, 'bbox': [300, 180, 30, 80]}],
    }))
    return path


def write_labels(images: Path, folder: Path) -> tuple[Path, Path]:
    """Copy pictures, one of them held out by its name, and label all but the first one."""
    copies = folder / 'robot'
    shutil.copytree(images, copies)
    (copies / '3.png').rename(copies / HELD_OUT)
    names = ['1.png', '2.png', HELD_OUT]
    path = folder / 'labels.json'
    path.write_text(json.dumps({
        'images': [{'id': number, 'file_name': name} for number, name in enumerate(names)],
        'categories': [{'id': 1, 'name': 'person'}],
        'annotations': [{'image_id': number, 'category_id': 1, 'bbox': [300, 180, 30, 80]}
                        for number in range(3)],
    }))
    return path, copies


def test_build_writes_a_model_and_its_manifest_and_says_so(
    recipe: Path, images: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / 'out'
    coco = write_coco(tmp_path)
    arguments = ['build', str(recipe), '--images', str(images), '--output', str(output),
                 '--coco', str(coco), '--coco-images', str(images),
                 '--work', str(tmp_path / 'work')]
    assert main(arguments) == 0
    bundle = Bundle.load(output / f'{NAME}.json')
    assert bundle.manifest.name == NAME
    assert bundle.manifest.input.shape == (1, 96, 96, 3)
    assert {path.name for path in output.iterdir()} == {
        f'{NAME}.{suffix}'
        for suffix in ('json', 'tflite', 'metrics.json', 'report.md', 'report.html')
    }
    metrics = json.loads((output / f'{NAME}.metrics.json').read_text())
    assert [stage['stage'] for stage in metrics['stages']] == [
        'dense', 'input 96', 'wi8_ai8']
    assert metrics['size_bytes'] == len(bundle.model)
    assert metrics['archive_bytes'] < metrics['size_bytes'] < metrics['stages'][0]['size_bytes']
    assert [{'latency_ratio_1thread_int8', 'latency_ratio_2thread_int8'} <= set(stage)
            for stage in metrics['stages']] == [True, True, False]
    assert metrics['macs'] == bundle.manifest.lineage['macs']
    assert {'ap', 'ap50', 'ap_dense', 'latency_ratio_1thread', 'params'} <= set(metrics)
    page = (output / f'{NAME}.report.html').read_text()
    assert page.count('data:image') == 1  # histograms; too few pictures to hold any out
    assert 'conv33' in page
    assert '| input 96 |' in (output / f'{NAME}.report.md').read_text()
    captured = capfd.readouterr()
    assert 'MB .tflite' in captured.out
    assert captured.out.count('wi8_ai8') > 1
    assert f'wrote {output / NAME}.tflite' in captured.out
    assert 'calibrating' in captured.err
    assert '3/3' in captured.err


def test_build_keeps_what_exists_unless_forced(
    recipe: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / f'{NAME}.tflite').write_bytes(b'mine')
    arguments = ['build', str(recipe), '--images', str(images), '--output', str(tmp_path)]
    assert main(arguments) == 2
    assert '--force' in capsys.readouterr().err
    assert (tmp_path / f'{NAME}.tflite').read_bytes() == b'mine'
    assert main([*arguments, '--force']) == 0
    Bundle.load(tmp_path / f'{NAME}.json')


def test_training_on_labels_is_resumed_stopped_and_finished(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels, pictures = write_labels(images, tmp_path)
    name = 'nanodet_g_96_share6_kd1_wi8_ai8'
    recipe = write_recipe(tmp_path, name=name, stages=[
        {'share': {'bits': 6}}, {'distill': {'epochs': 1, 'batch_size': 2}},
        {'quantize': {'calibration_images': 3}},
    ])
    work, output = tmp_path / 'work', tmp_path / 'out'
    arguments = ['build', str(recipe), '--images', str(pictures), '--labels', str(labels),
                 '--work', str(work), '--output', str(output)]
    assert main([*arguments, '--stop-after', 'kd1']) == 0
    said = capsys.readouterr().out
    assert 'labels: 2 of 3 pictures to learn from, 1 of 1 held-out ones' in said
    assert 'annotations: 3 person' in said
    assert 'learned from in: kd1' in said
    assert 'stopped after kd1; go on with --resume' in said
    assert not output.exists()
    assert len(list(work.glob('*.npz'))) == 2
    assert main(arguments) == 2
    assert 'continue from it with --resume' in capsys.readouterr().err
    assert main([*arguments, '--resume']) == 0
    lineage = Bundle.load(output / f'{name}.json').manifest.lineage
    assert [next(iter(stage)) for stage in lineage['stages']] == ['share', 'distill', 'quantize']
    (epoch,) = lineage['stages'][1]['distill']['history']
    assert epoch['labels'] > 0
    metrics = json.loads((output / f'{name}.metrics.json').read_text())
    assert all({'ap', 'ap50', 'agreement'} <= set(stage) for stage in metrics['stages'])
    assert main([*arguments, '--resume', '--stop-after', 'kd2', '--force']) == 2
    assert 'expected one of share6, kd1, wi8_ai8' in capsys.readouterr().err


def test_users_bring_a_bag_and_choose_classes_and_input_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = ROOT / 'test' / 'data' / 'pedestrians'
    output, name = tmp_path / 'out', 'nanodet_g_64_only-person-car_wi8_ai8'
    arguments = ['build', str(write_recipe(tmp_path)), '--images', str(sample),
                 '--work', str(tmp_path / 'work'), '--output', str(output),
                 '--classes', 'car, person', '--input-size', '64']
    assert main(arguments) == 0
    bundle = Bundle.load(output / f'{name}.json')
    assert bundle.manifest.labels == ('person', 'car')
    assert bundle.manifest.input.shape == (1, 64, 64, 3)
    metrics = json.loads((output / f'{name}.metrics.json').read_text())
    assert [stage['stage'] for stage in metrics['stages']] == [
        'dense', 'input 64, 2 classes', 'wi8_ai8']
    dense_stage, *others = metrics['stages']
    assert dense_stage['agreement'] == 1
    for stage in others:
        change, low, high = stage['agreement_change']
        assert low <= change <= high
    assert others[0]['params'] == dense_stage['params'] - 78 * 129 * 3
    assert main([*arguments, '--classes', 'pedestrian']) == 2
    assert "classes: expected some of those of nanodet_g, got 'pedestrian'" in (
        capsys.readouterr().err)


def test_plan_says_what_a_recipe_would_do(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = 'nanodet_g_96_rank80_kd10_wi8_ai8'
    recipe = write_recipe(tmp_path, name=name, stages=[
        {'low_rank': {'percent': 80}}, {'distill': {'epochs': 10}}, {'quantize': {}},
    ])
    assert main(['plan', str(recipe), '--images', str(images)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == [name, 'stage', 'dense', 'rank80', 'kd10', 'wi8_ai8']
    assert float(rows[3][1]) == pytest.approx(0.8 * float(rows[2][1]), abs=2e-3)
    assert float(rows[5][3]) == pytest.approx(float(rows[4][3]) / 4, abs=0.01)
    assert float(rows[4][4]) >= float(rows[3][4])


def test_seed_replaces_those_of_the_recipe(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path))
    assert [stage.seed for stage in recipe.with_seed(7).design.stages] == [7]
    assert recipe.with_seed(7).name == recipe.name


def test_float_model_needs_no_pictures(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, name='nanodet_g_96_fp32', stages=[])
    assert main(['build', str(recipe), '--output', str(tmp_path)]) == 0
    manifest = Bundle.load(tmp_path / 'nanodet_g_96_fp32.json').manifest
    assert {output.dtype for output in manifest.outputs} == {'float32'}


def test_mistakes_are_told_in_one_line_and_nothing_is_written(
    recipe: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / 'empty'
    empty.mkdir()
    broken = tmp_path / 'broken'
    broken.mkdir()
    (broken / 'cut.jpg').write_bytes(b'\xff\xd8')
    output = tmp_path / 'out'
    for arguments, message in (
        ([], 'stage quantize needs pictures to calibrate on: --images DIR'),
        (['--images', str(empty)], 'expected pictures'),
        (['--images', str(broken)], 'cut.jpg'),
        (['--images', str(tmp_path / 'absent')], 'expected a folder with pictures'),
        (['--images', str(images), '--coco', str(tmp_path / 'absent.json')], 'absent.json'),
        (['--images', str(images), '--labels', str(tmp_path / 'absent.json')], 'absent.json'),
        (['--labels', str(write_coco(tmp_path))], '--labels: expected --images DIR beside it'),
    ):
        assert main(['build', str(recipe), '--output', str(output), *arguments]) == 2
        error = capsys.readouterr().err
        assert error.startswith('error: '), error
        assert message in error
        assert not output.exists()


def test_wrong_recipe_and_missing_weights_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['build', str(tmp_path / 'absent.yaml')]) == 2
    assert 'cannot read recipe' in capsys.readouterr().err
    recipe = write_recipe(tmp_path, weights='absent.npz')
    assert main(['build', str(recipe), '--output', str(tmp_path)]) == 2
    assert 'write them with compress_model import' in capsys.readouterr().err


def test_import_writes_weights_and_licences_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_graph(dense.load(WEIGHTS).weights).write(tmp_path / 'nanodet.json')
    (tmp_path / 'LICENSE.human-models').write_text('MIT')
    output = tmp_path / 'out'
    arguments = ['import', str(tmp_path), '--output', str(output)]
    assert main(arguments) == 0
    assert {path.name for path in output.iterdir()} == {
        'dense.npz', 'dense.json', 'LICENSE.nanodet', 'LICENSE.human-models'
    }
    assert 'rebuilt network equals the original' in capsys.readouterr().out
    np.testing.assert_array_equal(
        dense.load(output / 'dense.npz').weights['conv33_weight'],
        dense.load(WEIGHTS).weights['conv33_weight'],
    )
    assert main(arguments) == 2
    assert 'expected new files, got existing' in capsys.readouterr().err


def test_import_of_a_folder_without_the_graph_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['import', str(tmp_path), '--output', str(tmp_path / 'out')]) == 2
    assert 'npm pack' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('arguments', [['--help'], ['build', '--help'], ['import', '--help']])
def test_help_comes_with_python_m(arguments: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, '-m', 'compressed_detector.cli.compress_model', *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )
    assert result.returncode == 0
    assert 'usage: compress_model' in result.stdout


def test_help_shows_commands_that_can_be_copied() -> None:
    result = subprocess.run(
        [sys.executable, '-m', 'compressed_detector.cli.compress_model', '--help'],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )
    assert 'compress_model build config/recipes/nanodet_g_416_wi8_ai8.yaml' in result.stdout
    assert (ROOT / 'config' / 'recipes' / 'nanodet_g_416_wi8_ai8.yaml').is_file()


def test_no_command_is_an_error_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main([])
    assert error.value.code == 2
    assert 'usage: compress_model' in capsys.readouterr().err
