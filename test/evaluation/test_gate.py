# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Conditions mean what they say, and what is no condition is refused where it goes wrong."""

from __future__ import annotations

import math
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.gate import parse

NOW = {'ap50': 0.50, 'recall': 0.8, 'gap_s': math.inf, 'unknown': math.nan, 'zero': 0.0}
BEFORE = {'ap50': 0.52, 'recall': 0.7, 'gap_s': 1.0}


@pytest.mark.parametrize(('text', 'expected'), [
    ('ap50 < baseline - 0.01', True), ('ap50 < baseline - 0.05', False),
    ('ap50<0.5', False), ('ap50 <= .5', True), ('ap50 == 5e-1', True), ('ap50 != 0.5', False),
    ('recall >= baseline', True), ('recall > baseline.ap50 * 2', False),
    ('ap50 + recall * 2 > 2', True), ('(ap50 + recall) * 2 > 2.7', False),
    ('recall - 0.5 - 0.25 < 0.1', True), ('recall / 2 / 2 < 0.21', True),
    ('recall > -ap50', True), ('recall > --ap50', True), ('gap_s > 2', True),
    ('recall < baseline * 1.2', True),
])
def test_a_condition_holds_or_not(text: str, expected: bool) -> None:
    assert parse(text).holds(NOW, BEFORE) is expected


@pytest.mark.parametrize(('text', 'message'), [
    ('', 'expected a number or the name of a figure, got the end'),
    ('ap50', 'expected a comparison such as < or >=, got the end'),
    ('ap50 <', 'expected a number or the name of a figure, got the end'),
    ('ap50 < 1 < 2', "expected the end: one comparison is one condition, got '<' at character 10"),
    ('(ap50 < 1', "expected a closing bracket, got '<' at character 7"),
    ('ap50 = 1', "expected numbers, names .*, got '=' at character 5"),
    ('ap50 < 1; import os', "got ';' at character 9"),
    ('__import__("os") < 1', "got '\"' at character"),
    ('ap50 ** 2 < 1', r"a number or the name of a figure, got '\*' at character 7"),
    ('ap50 < 1 and recall < 1', "got 'and' at character 10"),
    ('1 < 2', 'begin with the name of a figure'),
    ('baseline < ap50', 'begin with the name of a figure'),
    ('(' * 60 + 'ap50' + ')' * 60 + ' < 1', 'expected fewer brackets'),
])
def test_what_is_no_condition_is_refused(text: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        parse(text)


def test_a_figure_that_there_is_not_is_refused_with_one_that_is_like_it() -> None:
    with pytest.raises(EvaluationError, match="got 'ap5'; do you mean ap50"):
        parse('ap5 < 1').check_names(NOW)
    with pytest.raises(EvaluationError, match="got 'recal'; do you mean recall"):
        parse('ap50 < baseline.recal').check_names(NOW)
    parse('ap50 < baseline').check_names(NOW)


def test_a_gate_that_cannot_see_is_an_error() -> None:
    with pytest.raises(EvaluationError, match='expected unknown to be known, there was nothing'):
        parse('unknown < 1').holds(NOW, BEFORE)
    with pytest.raises(EvaluationError, match='expected baseline to be known.* in the baseline'):
        parse('zero < baseline').holds(NOW, BEFORE)
    with pytest.raises(EvaluationError, match='divides by zero'):
        parse('recall / zero < 1').holds(NOW, BEFORE)


def test_it_is_known_whether_a_baseline_is_needed() -> None:
    assert not parse('ap50 < 1').needs_baseline
    assert parse('ap50 < baseline').needs_baseline
    assert parse('ap50 < baseline.recall').needs_baseline


NUMBERS = st.floats(0, 100).map(lambda value: round(value, 3))
TERMS = st.recursive(
    st.one_of(NUMBERS.map(lambda value: (f'{value}', value)), st.just(('recall', NOW['recall']))),
    lambda inner: st.tuples(st.sampled_from('+-*'), inner, inner).map(lambda item: (
        f'({item[1][0]} {item[0]} {item[2][0]})',
        {'+': operator.add, '-': operator.sub, '*': operator.mul}[item[0]](
            item[1][1], item[2][1]))),
    max_leaves=8,
)


@given(TERMS)
def test_terms_are_worth_what_arithmetic_says(term: tuple[str, float]) -> None:
    text, value = term
    condition = parse(f'zero + {text} == zero')
    assert condition.left(NOW.__getitem__) == value
