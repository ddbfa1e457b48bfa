# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What has a key is done once; what was interrupted is taken up and ends in the same result."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from small_classifiers import small_dense, striped_dataset

from compressed_detector.classics import learning
from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.learning import Lesson
from compressed_detector.compression.forms import Form
from compressed_detector.compression.progress import Report, silent
from compressed_detector.errors import CompressionError

LESSON = Lesson(3, batch_size=16)


def lab_in(folder: Path, report: Report = silent) -> Lab:
    return Lab(striped_dataset(), (0,), True, folder, report)


def same(one: Trial, other: Trial) -> bool:
    return all(np.array_equal(array, other.classifier.weights[name])
               for name, array in one.classifier.weights.items())


class InterruptionError(Exception):
    """Stands for a key pressed or a power cut."""


def interrupted(batch: int) -> Report:
    def report(task: str, done: int, total: int, detail: str = '', /) -> None:
        if done == batch:
            raise InterruptionError

    return report


def test_a_trial_is_made_once_and_read_back_with_forms_and_figures(tmp_path: Path) -> None:
    start, made = small_dense(), []
    mask = np.random.default_rng(0).random(start.weights['ip1_weight'].shape) < 0.5

    def make() -> Trial:
        made.append(1)
        return Trial(start, {'ip1_weight': Form(mask=mask)}, {'loss': 0.5})

    first, again = (lab_in(tmp_path).trial('key', start, make) for _ in range(2))
    assert len(made) == 1
    assert same(first, again)
    assert np.array_equal(again.forms['ip1_weight'].mask, mask)
    assert again.figures == {'loss': 0.5}
    assert list(again.classifier.weights) == list(start.weights)


def test_keys_are_kept_apart(tmp_path: Path) -> None:
    lab = lab_in(tmp_path)
    one, other = small_dense(1), small_dense(2)
    lab.trial('one', one, lambda: Trial(one))
    assert same(lab.trial('other', one, lambda: Trial(other)), Trial(other))


def test_figures_are_made_once_and_are_the_same_when_read_back(tmp_path: Path) -> None:
    made = []

    def make() -> dict[str, object]:
        made.append(1)
        return {'accuracy': 0.1 + 0.2, 'parts': [1, 2]}

    first, again = (lab_in(tmp_path).figures('key', make) for _ in range(2))
    assert len(made) == 1
    assert first == again == {'accuracy': 0.1 + 0.2, 'parts': [1, 2]}


@pytest.mark.parametrize('batch', [8, 13])
def test_a_training_that_was_interrupted_ends_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    # Saved after every batch, not once a minute.
    monkeypatch.setattr(learning, 'SAVE_EVERY_S', -1.0)
    start = Trial(small_dense())
    whole = lab_in(tmp_path / 'whole').train('key', start, LESSON, seed=0)
    with pytest.raises(InterruptionError):
        lab_in(tmp_path / 'cut', interrupted(batch)).train('key', start, LESSON, seed=0)
    seen: list[int] = []
    taken_up = lab_in(tmp_path / 'cut', lambda task, done, *rest: seen.append(done)).train(
        'key', start, LESSON, seed=0)
    # The batch whose report was cut off is not in the state yet.
    assert seen[0] == batch
    assert seen[-1] == 24
    assert same(whole, taken_up)


def test_what_is_trained_is_kept_and_the_state_of_its_training_is_not(tmp_path: Path) -> None:
    lab, start = lab_in(tmp_path), Trial(small_dense(), figures={'before': 1})
    trained = lab.train('key', start, LESSON, seed=0)
    assert [path.name for path in tmp_path.iterdir()] == ['key.npz']
    assert not same(trained, start)
    assert trained.figures == {'before': 1}
    busy: list[object] = []
    again = lab_in(tmp_path, lambda *seen: busy.append(seen)).train('key', start, LESSON, seed=0)
    assert same(trained, again)
    assert not busy


def test_progress_names_the_key(tmp_path: Path) -> None:
    tasks: set[str] = set()
    lab = lab_in(tmp_path, lambda task, *rest: tasks.add(task))
    lab.train('lenet-dense-0', Trial(small_dense()), LESSON, seed=0)
    assert tasks == {'lenet-dense-0'}


def test_accuracy_is_that_of_the_test_samples_and_measured_once(tmp_path: Path) -> None:
    lab = lab_in(tmp_path)
    classifier = small_dense().with_weights({
        **small_dense().weights, 'ip3_weight': np.zeros((8, 4), np.float32),
        'ip3_bias': np.array([0, 0, 1, 0], np.float32)})
    expected = float(np.mean(lab.data.test.labels == 2))
    assert lab.accuracy('key', classifier) == pytest.approx(expected)
    assert lab.accuracy('key', small_dense()) == pytest.approx(expected)  # by the key alone


@pytest.mark.parametrize(('name', 'content'), [
    ('key.npz', b''), ('key.npz', b'PK no archive'), ('key.json', b'{"accuracy"')])
def test_damaged_files_are_named_with_what_to_do(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    lab, start = lab_in(tmp_path), small_dense()
    read = (partial(lab.figures, 'key', dict) if name.endswith('json')
            else partial(lab.trial, 'key', start, lambda: Trial(start)))
    with pytest.raises(CompressionError, match=f'{name}: expected.*remove it to do it again'):
        read()
