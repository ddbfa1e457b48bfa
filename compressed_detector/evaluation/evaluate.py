# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From what detectors said about recordings to figures, their intervals, and who is better."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compressed_detector.detection.types import Indices
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.bootstrap import (
    Difference,
    Drawn,
    Estimate,
    differences,
    draw,
    intervals,
)
from compressed_detector.evaluation.columns import Floats64
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.detector_run import NOT_ANSWERED, Usage
from compressed_detector.evaluation.evidence import Evidence, gather
from compressed_detector.evaluation.figures import class_figures, counts, figures
from compressed_detector.evaluation.ground_truth import NO_TRACK, Objects
from compressed_detector.evaluation.precision import (
    match_classes,
    precision_at_recalls,
    precision_figures,
)
from compressed_detector.evaluation.recording import Recording
from compressed_detector.evaluation.units import Units, units_of

Progress = Callable[[str, int, int], None]
# Measured once.
USAGE_FIGURES = ('cpu_s_per_frame', 'peak_rss_mb')


@dataclass(frozen=True, eq=False)
class ModelResult:
    """
    The figures of one detector: of all recordings, by class, and by source.

    ``precision``: by class of which there is an object, at the recalls 0, 0.01, ..., 1 (101,),
    IoU 0.50; 0 where a recall is not reached.
    """

    figures: Mapping[str, Estimate]
    counts: Mapping[str, float]
    per_class: Mapping[str, Mapping[str, float]]
    per_source: Mapping[str, Mapping[str, float]]
    precision: Mapping[str, Floats64]


@dataclass(frozen=True)
class Comparison:
    """
    A second detector against a first, on the same recordings.

    ``agreement_ap``, ``agreement_ap50``: average precision of the second when what the first
    reports is taken for the truth, in all frames that both looked at.
    """

    first: str
    second: str
    figures: Mapping[str, Difference]
    agreement_ap: float
    agreement_ap50: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """
    Everything that is known in the end.

    ``classes`` were evaluated; ``left_out`` are in the ground truth, but not all detectors know
    them. ``intervals_over``: what was drawn to tell how far figures can be trusted.
    """

    classes: tuple[str, ...]
    left_out: tuple[str, ...]
    intervals_over: str
    models: Mapping[str, ModelResult]
    comparisons: Sequence[Comparison]


def evaluate(
    recordings: Mapping[str, Sequence[Recording]], known: Mapping[str, Sequence[str]],
    usages: Mapping[str, Usage], criteria: Criteria, classes: Sequence[str] = (),
    samples: int = 1000, seed: int = 0,
    progress: Progress = lambda task, done, total: None,
) -> Evaluation:
    """
    Evaluate detectors on the same recordings, by the names of the detectors.

    ``known``: the labels of each; ``usages``: what each took. ``classes``: which to evaluate; by
    default those in the ground truth that all detectors know. Raises EvaluationError.
    """
    chosen, left_out = choose_classes(
        [item for items in recordings.values() for item in items], known, classes)
    films = {name: [item.restricted_to(chosen) for item in items]
             for name, items in recordings.items()}
    units = units_of(next(iter(films.values())))
    results, drawn = {}, {}
    for name, items in films.items():
        evidence = gather(items, units, criteria)
        drawn[name] = draw(
            functools.partial(_figures, evidence, units.count, criteria), units.count, samples,
            seed, functools.partial(progress, f'{name}: intervals'))
        results[name] = ModelResult(
            {**intervals(drawn[name]), **_usage_figures(usages[name])},
            {**counts(evidence, criteria),
             **{key: getattr(usages[name], key) for key in NOT_ANSWERED}},
            class_figures(evidence), _by_source(items, criteria, drawn[name].whole),
            {label: precision_at_recalls(found)[0] for label, found in evidence.classes.items()
             if found.count},
        )
    comparisons = [_compare(first, second, films, drawn, criteria)
                   for first, second in itertools.combinations(films, 2)]
    return Evaluation(chosen, left_out, units.words, results, comparisons)


def choose_classes(
    recordings: Sequence[Recording], known: Mapping[str, Sequence[str]], wanted: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which classes to evaluate, and which of the truth are left out; see evaluate."""
    common = [label for label in next(iter(known.values()))
              if all(label in labels for labels in known.values())]
    if unknown := [name for name in wanted if name not in common]:
        raise EvaluationError(f'--classes: expected classes that all models know, got {unknown}; '
                              f'they know {", ".join(common) or "none in common"}')
    asked = sorted({
        item.labels[number] for item in recordings
        for number in np.unique(item.objects.class_ids[~item.objects.ignored])
    })
    chosen = list(wanted) or [name for name in asked if name in common]
    if asked and not chosen:
        raise EvaluationError(
            f'expected ground truth of a class that all models know, got {", ".join(asked)}; they '
            f'know {", ".join(common) or "none in common"}; rename the classes of the truth'
        )
    if not chosen and any(item.frames.annotated.any() for item in recordings):
        raise EvaluationError('expected ground truth with an object, got frames in which nothing '
                              'is; say what was looked for with --classes')
    return tuple(chosen or common), tuple(name for name in asked if name not in (chosen or asked))


def _figures(
    evidence: Evidence, count: int, criteria: Criteria, chosen: Indices
) -> dict[str, float]:
    return figures(evidence.drawn(chosen, count), criteria)


def _usage_figures(usage: Usage) -> dict[str, Estimate]:
    """Return what was measured once, and has no interval."""
    return {name: Estimate(getattr(usage, name), math.nan, math.nan)
            for name in USAGE_FIGURES}


def _by_source(
    films: Sequence[Recording], criteria: Criteria, whole: Mapping[str, float]
) -> dict[str, Mapping[str, float]]:
    """Return the figures of each source; of a single one they are known."""
    found: dict[str, Mapping[str, float]] = {}
    sources = list(dict.fromkeys(item.source for item in films))
    if len(sources) == 1:
        return {sources[0]: whole}
    for source in sources:
        items = [item for item in films if item.source == source]
        one = Units(tuple(np.zeros(len(item.frames), np.intp) for item in items), 1, '')
        found[source] = figures(gather(items, one, criteria), criteria)
    return found


def _compare(
    first: str, second: str, films: Mapping[str, Sequence[Recording]],
    drawn: Mapping[str, Drawn], criteria: Criteria,
) -> Comparison:
    against = [_agreement_film(a, b, criteria) for a, b in zip(films[first], films[second])]
    units = Units(tuple(np.zeros(len(item.frames), np.intp) for item in against), 1, '')
    agreement = precision_figures(match_classes(
        against, units.of_frames, [~item.objects.ignored for item in against],
        [np.ones(len(item.reports), np.bool_) for item in against],
    ))
    return Comparison(first, second, differences(drawn[first], drawn[second]),
                      agreement['ap'], agreement['ap50'])


def _agreement_film(first: Recording, second: Recording, criteria: Criteria) -> Recording:
    """Return the second's reports with the first's, at the score threshold, for the truth."""
    truth = first.reports[first.reports.scores >= criteria.score_threshold]
    count, no = len(truth), np.zeros(len(truth), np.bool_)
    objects = Objects(truth.frames, truth.boxes_xyxy, truth.class_ids, np.full(count, NO_TRACK),
                      no, no, truth.forward_m, truth.right_m)
    both = first.frames.answered & second.frames.answered
    return replace(second, objects=objects, frames=replace(
        second.frames, annotated=np.ones(len(both), np.bool_), answered=both))
