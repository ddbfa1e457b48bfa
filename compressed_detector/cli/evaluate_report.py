# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""report.html of evaluate_bag: everything that an evaluation found, for people to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compressed_detector.cli import evaluate_display, evaluate_plots, evaluate_tables
from compressed_detector.evaluation import report
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.crops import cut_out
from compressed_detector.evaluation.evaluate import Evaluation
from compressed_detector.evaluation.recording import Recording
from compressed_detector.evaluation.sources import FrameSource
from compressed_detector.evaluation.worst import Failure, worst

MOST = 6
KINDS = {
    'misses': ('Worst misses', 'Objects that no report answers: the nearest first, or the tallest '
               'where distances are not known.'),
    'alarms': ('Worst false alarms', 'Reports of nothing, the best score first.'),
}
LEGEND = ('Each track, and each place in a film, is shown once. Red is what went wrong, white '
          'what is truly there, yellow what was reported.')


def page(
    sources: Mapping[str, FrameSource], found: Mapping[str, Sequence[Recording]],
    evaluation: Evaluation, criteria: Criteria, facts: Mapping[str, Any], films: Sequence[str],
) -> str:
    """
    Return one self-contained page.

    ``found``: what each model said, in the classes of the evaluation. ``facts``: as in
    metrics.json. ``films``: addresses of films, from where the page will be. The recordings are
    read once more for the crops.
    """
    plots = evaluate_plots.plots(evaluation, found, criteria)
    failures = _failures(found, criteria)
    crops = {_key(*key, place): picture for (key, place), picture in cut_out(
        sources, {key: found[key[0]] for key in failures}, failures, criteria.score_threshold,
    ).items()}
    return report.page(
        'evaluation_report.html.j2', {**plots, **crops},
        title=f'evaluate_bag: {", ".join(evaluation.models)}',
        introduction=_introduction(evaluation, next(iter(found.values())), facts),
        figures=evaluate_display.figure_rows(evaluation),
        intervals_over=evaluation.intervals_over,
        comparisons=[(evaluate_display.comparison_title(item),
                      evaluate_display.comparison_rows(item)) for item in evaluation.comparisons],
        plots=list(plots),
        tables=[*evaluate_tables.failed(facts['failed']),
                *evaluate_tables.tables(evaluation, criteria)],
        worst=[_group(*key, found[key[0]], items) for key, items in failures.items()],
        films=films, facts=_facts(facts, criteria, evaluation),
    )


def _failures(
    found: Mapping[str, Sequence[Recording]], criteria: Criteria
) -> dict[tuple[str, str], Sequence[Failure]]:
    """Return by model and kind what there is of it."""
    failures = {}
    for model, recordings in found.items():
        items = worst(recordings, criteria, MOST)
        failures[model, 'misses'], failures[model, 'alarms'] = items.misses, items.alarms
    return {key: items for key, items in failures.items() if items}


def _key(model: str, kind: str, place: int) -> str:
    return f'{model} {kind} {place}'


def _group(
    model: str, kind: str, recordings: Sequence[Recording], failures: Sequence[Failure]
) -> dict[str, Any]:
    title, note = KINDS[kind]
    return {
        'title': f'{title}: {model}', 'note': f'{note} {LEGEND}',
        'crops': [{'key': _key(model, kind, place), 'words': item.words,
                   'where': _where(recordings[item.recording], item.frame)}
                  for place, item in enumerate(failures)],
    }


def _where(recording: Recording, frame: int) -> list[str]:
    """Return bag, camera, number and stamp of a frame."""
    stamp_ns = int(recording.frames.stamps_ns[frame])
    words = [recording.source, recording.camera, f'frame {recording.frames.indices[frame]}']
    if recording.sequential:
        words.append(f'stamp {stamp_ns // 10**9}.{stamp_ns % 10**9:09d}')
    return words


def _introduction(
    evaluation: Evaluation, recordings: Sequence[Recording], facts: Mapping[str, Any]
) -> str:
    names = ', '.join(source['name'] for source in facts['sources'])
    frames, annotated, objects = (sum(counts) for counts in zip(*(
        (len(item.frames), int(item.frames.annotated.sum()),
         int((item.frames.annotated[item.objects.frames] & ~item.objects.ignored).sum()))
        for item in recordings)))
    return (f'{facts["mode"].capitalize()} on {names}: {frames} frames; {annotated} of them are '
            f'annotated, with {objects} objects. Classes: {", ".join(evaluation.classes)}.')


def _facts(
    facts: Mapping[str, Any], criteria: Criteria, evaluation: Evaluation
) -> dict[str, str]:
    machine, mounting = facts['machine'], facts['mounting']
    return {
        **{f'recording {source["name"]}': ', '.join(
            [source['path'], *source['cameras'],
             'with ground truth' if source['ground_truth'] else 'without ground truth'])
           for source in facts['sources']},
        'an object is found': f'by a report of its class, score from '
                              f'{criteria.score_threshold:g}, IoU from {criteria.iou_threshold:g}',
        'driving corridor': f'{criteria.corridor_m:g} m wide',
        'camera': ', '.join(f'{name} {value:g}' for name, value in mounting.items())
                  if mounting else 'mounting not given: no distances from boxes',
        'classes left out': ', '.join(evaluation.left_out) or 'none',
        'threads': str(facts['num_threads']),
        'machine': f'{machine["processor"]}, {machine["cpus"]} CPUs',
        'versions': f'Python {machine["python"]}, NumPy {machine["numpy"]}, '
                    f'OpenCV {machine["opencv"]}',
    }
