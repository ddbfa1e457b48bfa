# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Labels teach a network to find what it did not find, and training on them can be resumed."""

from pathlib import Path

import numpy as np
import pytest
from labelled_pictures import SIZE, write_squares
from small_networks import TINY_LEARNER, tiny_learner

from compressed_detector.compression.anneal import Anneal
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.calibration import calibration_inputs
from compressed_detector.compression.distill import Distill
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.labels import Labels, load_labels
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import Report, silent
from compressed_detector.compression.prune_gradually import PruneGradually
from compressed_detector.compression.quantization_aware import QuantizationAware
from compressed_detector.detection.boxes import iou_matrix
from compressed_detector.detection.heads.gfl import GflHead
from compressed_detector.detection.tensors import Tensor

TEACHER, PUPIL = tiny_learner(0, width=16), tiny_learner(1, width=16)
LABELS_ALONE = {'class_weight': 0.0, 'box_weight': 0.0, 'feature_weight': 0.0}
FAST = {'epochs': 20, 'batch_size': 8, 'learning_rate': 1e-2, 'warmup_steps': 2,
        'average_decay': 0.9}


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('squares')
    write_squares(folder, 80)
    return folder


def labels_in(folder: Path) -> Labels:
    return load_labels(folder / 'labels.json', folder / 'images', TINY_LEARNER)


def workplace(folder: Path, labels: Labels | None, report: Report = silent,
              progress: Path | None = None) -> Workplace:
    return Workplace(TINY_LEARNER, SIZE, folder / 'images', report, TEACHER, progress,
                     labels=labels)


def found(network: Network, labels: Labels) -> float:
    """The share of pictures where the surest detection is the labelled object."""
    model, hits = build_model(network, SIZE), 0
    head = GflHead({'stride_2': (1, SIZE // 2, SIZE // 2, 14)}, 2, (SIZE, SIZE),
                   **TINY_LEARNER.head_options)
    truth = labels.by_picture()
    for wanted, image in zip(
            truth.values(), calibration_inputs(list(truth), TINY_LEARNER, SIZE, silent)):
        output = np.asarray(model(image)['stride_2'])
        seen = head.decode({'stride_2': Tensor(output)}, 1e-6)
        best = seen[[int(seen.scores.argmax())]]
        overlap = iou_matrix(best.boxes_xyxy, wanted.boxes_xyxy)[0, 0]
        hits += overlap > 0.5 and best.class_ids[0] == wanted.class_ids[0]
    return hits / len(truth)


def test_labels_alone_teach_what_the_dense_network_does_not_know(folder: Path) -> None:
    labels = labels_in(folder)
    assert found(TEACHER, labels) < 0.1
    assert found(PUPIL, labels) < 0.1
    build = Distill(**FAST, **LABELS_ALONE).apply(Build(PUPIL), workplace(folder, labels))
    assert found(build.network, labels) > 0.6
    note = build.notes[-1]['distill']
    assert note['labelled_images'] == note['images'] < 80  # some are held out
    assert note['history'][-1]['labels'] < 0.2 * note['history'][0]['labels']


class InterruptionError(Exception):
    pass


def test_interrupted_learning_from_labels_ends_as_if_it_had_not_been(
    folder: Path, tmp_path: Path
) -> None:
    labels, stage = labels_in(folder), Distill(**{**FAST, 'epochs': 2}, save_minutes=0.01)
    whole = stage.apply(Build(PUPIL), workplace(folder, labels)).network

    def interrupt(task: str, done: int, total: int, detail: str = '') -> None:
        if done == total // 2 + 1:
            raise InterruptionError

    with pytest.raises(InterruptionError):
        stage.apply(Build(PUPIL), workplace(folder, labels, interrupt, tmp_path))
    resumed = stage.apply(Build(PUPIL), workplace(folder, labels, progress=tmp_path)).network
    for name, weights in whole.weights.items():
        np.testing.assert_allclose(resumed.weights[name], weights, atol=1e-4)


@pytest.mark.parametrize('stage', [
    Anneal(**{**FAST, 'epochs': 1}),
    PruneGradually(**{**FAST, 'epochs': 1}, steps=1),
    QuantizationAware(**{**FAST, 'epochs': 1}, calibration_images=4),
])
def test_every_stage_that_trains_learns_from_labels(folder: Path, stage: Distill) -> None:
    build = stage.apply(Build(PUPIL), workplace(folder, labels_in(folder)))
    (epoch,) = build.notes[-1][stage.key]['history']
    assert epoch['loss'] == pytest.approx(
        epoch['classes'] + 0.25 * epoch['boxes'] + epoch['features'] + epoch['labels'], rel=1e-3)


def test_labels_without_weight_change_nothing(folder: Path) -> None:
    stage = Distill(**{**FAST, 'epochs': 1}, label_weight=0.0)
    labelled = stage.apply(Build(PUPIL), workplace(folder, labels_in(folder))).network
    plain = stage.apply(Build(PUPIL), workplace(folder, None)).network
    for name, weights in plain.weights.items():
        np.testing.assert_allclose(labelled.weights[name], weights, atol=1e-4)
