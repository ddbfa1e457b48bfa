# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""metrics.json: everything that an evaluation found, for machines."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.bootstrap import CONFIDENCE
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.evaluate import Evaluation

FORMAT = 'compressed_detector evaluation 1'


def to_json(
    evaluation: Evaluation, criteria: Criteria, samples: int, seed: int, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """
    Return an evaluation as JSON has it: null is not known, and "inf" is infinite.

    ``facts`` are how it was done: the mode, the recordings, the machine.
    """
    content: dict[str, Any] = _plain({
        'format': FORMAT, **facts, 'criteria': dataclasses.asdict(criteria),
        'classes': evaluation.classes, 'classes_left_out': evaluation.left_out,
        'intervals': {'confidence': CONFIDENCE, 'over': evaluation.intervals_over,
                      'samples': samples, 'seed': seed},
        'models': {
            name: {
                'figures': {key: dataclasses.asdict(item) for key, item in result.figures.items()},
                'counts': result.counts, 'per_class': result.per_class,
                'per_source': result.per_source,
            }
            for name, result in evaluation.models.items()
        },
        'comparisons': [dataclasses.asdict(item) for item in evaluation.comparisons],
    })
    return content


def read_figures(path: Path) -> dict[str, dict[str, float]]:
    """
    Return the figures of every model in a metrics.json, by name; what is not known is NaN.

    Raises EvaluationError.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        if content['format'] != FORMAT:
            raise ValueError(f'format {content["format"]!r}')
        return {
            model: {name: _number(item['value']) for name, item in result['figures'].items()}
            for model, result in content['models'].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EvaluationError(
            f'{path}: expected a metrics.json of evaluate_bag ({FORMAT!r}), got '
            f'{type(error).__name__}: {error}'
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return float(f'{value:.9g}') if math.isfinite(value) else str(value)
    return value


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
