# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The options --fail-if and --baseline of evaluate_bag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.evaluate import USAGE_FIGURES, Evaluation
from compressed_detector.evaluation.evidence import gather
from compressed_detector.evaluation.figures import figures
from compressed_detector.evaluation.gate import Condition, parse
from compressed_detector.evaluation.ground_truth import Objects
from compressed_detector.evaluation.metrics_file import read_figures
from compressed_detector.evaluation.recording import Frames, Recording, Reports
from compressed_detector.evaluation.units import Units


@dataclass(frozen=True, eq=False)
class Gate:
    """Conditions under which an evaluation fails, and figures of before by model."""

    conditions: Sequence[Condition]
    before: Mapping[str, Mapping[str, float]]

    def failures(self, evaluation: Evaluation) -> list[str]:
        """Return what holds and should not, in words; raises EvaluationError."""
        found = []
        for model, result in evaluation.models.items():
            now = {name: item.value for name, item in result.figures.items()}
            for condition in self.conditions:
                before = self._before(model) if condition.needs_baseline else {}
                if condition.holds(now, before):
                    found.append(f'{model}: {condition.text} ({_values(condition, now, before)})')
        return found

    def _before(self, model: str) -> Mapping[str, float]:
        """Return the figures of the model before; of the only one, if that has another name."""
        if model in self.before:
            return self.before[model]
        if len(self.before) == 1:
            return next(iter(self.before.values()))
        raise EvaluationError(f'--baseline: expected figures of {model}, got those of '
                              f'{", ".join(self.before)}')


def open_gate(texts: Sequence[str], baseline: Path | None, criteria: Criteria) -> Gate:
    """Read and check all conditions, before an hour of work; raises EvaluationError."""
    conditions = [parse(text) for text in texts]
    for condition in conditions:
        condition.check_names(_known_figures(criteria))
        if condition.needs_baseline and baseline is None:
            raise EvaluationError(f'--fail-if {condition.text!r}: expected --baseline with the '
                                  'metrics.json to compare with')
    if baseline is not None and not any(item.needs_baseline for item in conditions):
        raise EvaluationError('--baseline: expected a --fail-if that asks for it, such as '
                              "'ap50 < baseline - 0.01'")
    return Gate(conditions, read_figures(baseline) if baseline else {})


def _known_figures(criteria: Criteria) -> list[str]:
    """Return the names of all figures: those that nothing has."""
    nothing = Recording('', '', (), True, False, Frames.empty(), Objects.empty(), Reports.empty())
    units = Units((np.zeros(0, np.intp),), 1, '')
    return [*figures(gather([nothing], units, criteria), criteria), *USAGE_FIGURES]


def _values(
    condition: Condition, now: Mapping[str, float], before: Mapping[str, float]
) -> str:
    words = []
    for name in dict.fromkeys(condition.names):
        key = name.removeprefix('baseline').lstrip('.') or condition.names[0]
        words.append(f'{name} is {(before if name.startswith("baseline") else now)[key]:.4g}')
    return ', '.join(words)
