# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Finished stages are kept, taken for what they are, and never for anything else."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from small_networks import TINY_LEARNER, tiny_learner

from compressed_detector.annotations import CocoData
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.dense import DenseWeights
from compressed_detector.compression.labels import Labels
from compressed_detector.compression.naming import decode
from compressed_detector.compression.progress import silent
from compressed_detector.compression.workshop_folder import WorkshopFolder
from compressed_detector.errors import CompressionError

DESIGN = decode('nanodet_g_96_prune50_share4')
NETWORK = tiny_learner()
START = DenseWeights(NETWORK.weights, {'weights': {'sha256': 'one'}})


@pytest.fixture
def workplace() -> Workplace:
    return Workplace(TINY_LEARNER, 16, None, silent, NETWORK)


def stage(folder: WorkshopFolder, workplace: Workplace, **changes: object) -> Build:
    return folder.stage(
        changes.get('design', DESIGN), changes.get('start', START), 0,
        changes.get('build', Build(NETWORK)), workplace,
    )


def test_finished_stage_is_taken_from_the_folder(tmp_path: Path, workplace: Workplace) -> None:
    first = stage(WorkshopFolder(tmp_path, resume=False), workplace)
    told: list[str] = []
    watched = dataclasses.replace(
        workplace, report=lambda task, done, total, detail='': told.append(task))
    # A build with other weights shows that nothing is computed again.
    other = Build(tiny_learner(seed=5))
    again = stage(WorkshopFolder(tmp_path, resume=True), watched, build=other)
    np.testing.assert_array_equal(
        again.network.weights['b_weight'], first.network.weights['b_weight'])
    assert told == [f'prune50: taken from {tmp_path}']


def test_progress_is_refused_unless_it_was_asked_for(
    tmp_path: Path, workplace: Workplace
) -> None:
    stage(WorkshopFolder(tmp_path, resume=False), workplace)
    with pytest.raises(CompressionError, match='continue from it with --resume'):
        stage(WorkshopFolder(tmp_path, resume=False), workplace)


def test_what_the_stage_was_made_from_decides(tmp_path: Path, workplace: Workplace) -> None:
    folder = WorkshopFolder(tmp_path, resume=True)
    pictures = tmp_path / 'pictures'
    pictures.mkdir()
    (pictures / 'one.png').write_bytes(b'1')
    stage(folder, workplace)
    stage(folder, workplace, design=decode('nanodet_g_96_prune60_share4'))
    stage(folder, workplace, design=decode('nanodet_g_128_prune50_share4'))
    stage(folder, workplace, start=DenseWeights(NETWORK.weights, {'weights': {'sha256': 'two'}}))
    stage(folder, dataclasses.replace(workplace, images=pictures))
    assert len(list(tmp_path.glob('*.npz'))) == 5
    # A recipe that begins alike shares the beginning.
    stage(folder, workplace, design=decode('nanodet_g_96_prune50_share3'))
    assert len(list(tmp_path.glob('*.npz'))) == 5


@dataclasses.dataclass(frozen=True)
class Learner:
    label_weight: float = 1.0
    code = 'learn'

    def apply(self, build: Build, workplace: Workplace) -> Build:
        return build


def test_labels_decide_too_and_their_weight_where_there_are_some(
    tmp_path: Path, workplace: Workplace
) -> None:
    def learn(digest: str | None, label_weight: float = 1.0) -> int:
        labels = Labels(CocoData({}, {}), (), digest, {}) if digest else None
        stage(WorkshopFolder(tmp_path, resume=True), dataclasses.replace(workplace, labels=labels),
              design=dataclasses.replace(DESIGN, stages=(Learner(label_weight),)))
        return len(list(tmp_path.glob('*.npz')))

    assert [learn('one'), learn('two'), learn('one', 2.0), learn(None)] == [1, 2, 3, 4]
    assert [learn('one'), learn(None, 2.0)] == [4, 4]


def test_stage_that_takes_long_has_a_folder_of_its_own(
    tmp_path: Path, workplace: Workplace
) -> None:
    seen: list[Path | None] = []

    @dataclasses.dataclass(frozen=True)
    class Slow:
        code = 'slow'

        def apply(self, build: Build, workplace: Workplace) -> Build:
            seen.append(workplace.folder)
            return build

    design = dataclasses.replace(DESIGN, stages=(Slow(),))
    stage(WorkshopFolder(tmp_path, resume=False), workplace, design=design)
    (folder,) = seen
    assert folder is not None
    assert folder.parent == tmp_path
    assert folder.name.startswith('01_slow_')
