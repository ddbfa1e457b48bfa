# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which classes are evaluated, how far two detectors agree, and what is written for others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from recordings import THERE, Report, Thing, recording

from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.coco_files import report_rows, truth_dataset
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.detector_run import Usage
from compressed_detector.evaluation.evaluate import Evaluation, choose_classes, evaluate
from compressed_detector.evaluation.metrics_file import to_json
from compressed_detector.evaluation.recording import Recording

USAGE = Usage(1, 0.5, 100.0, 2)


def evaluated(*films: Recording, **more: Any) -> Evaluation:
    """Evaluate films of the detectors a, b, ..., a film each."""
    names = 'abc'[:len(films)]
    return evaluate(
        {name: [film] for name, film in zip(names, films)},
        dict.fromkeys(names, ('person', 'dog')), dict.fromkeys(names, USAGE), Criteria(),
        samples=10, **more,
    )


def agreement(first: Sequence[Any], second: Sequence[Any]) -> float:
    """Return how far two agree on frames of which the truth is that nothing is there."""
    films = [recording([[]] * len(reports), reports, annotated=np.zeros(len(reports)))
             for reports in (first, second)]
    return evaluated(*films).comparisons[0].agreement_ap


def test_agreement_is_precision_when_the_first_is_taken_for_the_truth() -> None:
    assert agreement([[Report()]], [[Report()]]) == pytest.approx(1)
    assert agreement([[Report(), Report(THERE)]], [[Report()]]) == pytest.approx(51 / 101)
    assert agreement([[Report()]], [[Report(THERE)]]) == 0
    assert np.isnan(agreement([[]], [[Report()]]))


def test_the_curve_of_a_class_has_its_average_precision_as_its_mean() -> None:
    film = recording([[Thing(), Thing(THERE)]], [[Report(score=0.9), Report((9, 9, 20, 20))]])
    (result,) = evaluated(film).models.values()
    assert list(result.precision) == ['person']
    curve = result.precision['person']
    assert curve.shape == (101,)
    assert curve.mean() == pytest.approx(result.per_class['person']['ap50'], abs=1e-9)
    assert (curve[0], curve[-1]) == (pytest.approx(1), 0)


def test_what_the_first_barely_sees_is_no_truth() -> None:
    assert agreement([[Report(), Report(THERE, 0.1)]], [[Report()]]) == pytest.approx(1)


def test_frames_that_one_did_not_look_at_are_no_disagreement() -> None:
    looked = [recording([[]] * 2, [[Report(score=0.8)], [Report()]]),
              recording([[]] * 2, [[Report()], []], answered=np.array([1, 0]))]
    for first, second in (looked, looked[::-1]):
        found = evaluated(first, second, classes=['person']).comparisons[0]
        assert found.agreement_ap == pytest.approx(1)


KNOWN = {'a': ('person', 'dog', 'cat'), 'b': ('dog', 'person')}


def test_classes_are_those_of_the_truth_that_all_know() -> None:
    film = recording([[Thing(label=0), Thing(label=2)]], [[]], labels=('person', 'dog', 'cat'))
    assert choose_classes([film], KNOWN, []) == (('person',), ('cat',))
    assert choose_classes([film], KNOWN, ['dog']) == (('dog',), ('cat', 'person'))


def test_without_truth_all_classes_are_evaluated_that_all_know() -> None:
    film = recording([[]], [[]], annotated=np.zeros(1))
    assert choose_classes([film], KNOWN, []) == (('person', 'dog'), ())


def test_ignored_objects_ask_for_no_class() -> None:
    film = recording([[Thing(label=1, ignored=True), Thing(label=0)]], [[]])
    assert choose_classes([film], KNOWN, []) == (('person',), ())


def test_a_truth_in_which_nothing_is_has_to_be_told_what_was_looked_for() -> None:
    film = recording([[]], [[Report()]])
    with pytest.raises(EvaluationError, match='say what was looked for with --classes'):
        choose_classes([film], KNOWN, [])
    assert choose_classes([film], KNOWN, ['person']) == (('person',), ())


def test_no_common_class_is_refused() -> None:
    film = recording([[Thing()]], [[]])
    with pytest.raises(EvaluationError, match='got person; they know none in common'):
        choose_classes([film], {'a': ('person',), 'b': ('dog',)}, [])


def test_json_has_null_for_the_unknown_and_words_for_the_infinite() -> None:
    film = recording([[Thing(track=1)]] * 2, [[]] * 2)
    content = to_json(evaluated(film), Criteria(), 10, 0, {'mode': 'offline'})
    model = content['models']['a']
    assert model['figures']['first_seen_s_p50']['value'] == 'inf'
    assert model['figures']['range_error_p50'] == {'value': None, 'low': None, 'high': None}
    assert model['figures']['cpu_s_per_frame']['value'] == 0.5
    assert model['counts']['frames_undecodable'] == 2
    assert content['criteria']['height_edges_px'][-1] == 'inf'
    assert (content['mode'], content['classes']) == ('offline', ['person'])


def test_coco_files_number_frames_as_they_were_recorded() -> None:
    film = recording(
        [[], [Thing(track=3, forward_m=4, right_m=1), Thing(THERE, crowd=True)]],
        [[], [Report(THERE, 0.25, label=1)]], indices=np.array([7, 4]))
    truth = truth_dataset(film)
    assert [(image['id'], image['frame_index'], image['stamp_ns'], image['annotated'])
            for image in truth['images']] == [(8, 7, 0, True), (5, 4, 100_000_000, True)]
    first, second = truth['annotations']
    assert (first['image_id'], first['bbox'], first['area']) == (5, [0, 0, 100, 100], 10_000)
    assert (first['track_id'], first['forward_m'], first['right_m']) == (3, 4, 1)
    assert (second['iscrowd'], second['ignore'], 'track_id' in second) == (1, 1, False)
    (row,) = report_rows(film)
    assert row == {'image_id': 5, 'category_id': 2, 'category': 'dog', 'score': 0.25,
                   'bbox': [300, 0, 100, 100], 'stamp_ns': 100_000_000}
