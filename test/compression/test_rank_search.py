# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ranks go where a multiply-accumulate saved costs least; budgets are kept."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.compression.rank_search import Choice, allocate
from compressed_detector.errors import CompressionError


def test_layer_that_loses_least_per_multiply_accumulate_goes_first() -> None:
    choices = {
        'cheap': [Choice(0, 100, 0.0), Choice(8, 60, 0.1), Choice(4, 40, 0.9)],
        'dear': [Choice(0, 100, 0.0), Choice(8, 60, 0.2)],
    }
    assert {name: choice.rank for name, choice in allocate(choices, 160).items()} == {
        'cheap': 8, 'dear': 0,
    }
    assert {name: choice.rank for name, choice in allocate(choices, 120).items()} == {
        'cheap': 8, 'dear': 8,
    }


def test_budget_that_is_met_changes_nothing() -> None:
    choices = {'a': [Choice(8, 60, 0.1), Choice(0, 100, 0.0)]}
    assert allocate(choices, 100)['a'].rank == 0


def test_first_rank_that_hardly_saves_anything_does_not_hide_the_next() -> None:
    """From 100 to 99 costs 0.05 per unit, but straight to 50 only 0.002."""
    choices = {
        'a': [Choice(0, 100, 0.0), Choice(16, 99, 0.05), Choice(8, 50, 0.1)],
        'b': [Choice(0, 100, 0.0), Choice(8, 90, 0.1)],
    }
    assert allocate(choices, 150)['a'].rank == 8


def test_last_step_only_goes_as_far_as_it_must() -> None:
    choices = {
        'a': [Choice(0, 100, 0.0), Choice(16, 80, 0.05), Choice(8, 20, 0.1)],
        'b': [Choice(0, 100, 0.0), Choice(8, 90, 0.01)],
    }
    assert allocate(choices, 195)['b'].rank == 8
    assert allocate(choices, 195)['a'].rank == 0
    assert allocate(choices, 175)['a'].rank == 16


def test_budget_below_the_lowest_ranks_is_refused() -> None:
    with pytest.raises(CompressionError, match='at least 60 multiply-accumulates.*got 59'):
        allocate({'a': [Choice(0, 100, 0.0), Choice(8, 60, 0.1)]}, 59)


LAYER = st.lists(
    st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=4
).map(lambda steps: [
    Choice(-index, 1 + sum(step[0] for step in steps[index:]),
           float(sum(step[1] for step in steps[:index])))
    for index in range(len(steps) + 1)
])


@given(st.lists(LAYER, min_size=1, max_size=3), st.floats(0, 1))
def test_budget_is_kept_and_dearer_steps_are_not_taken_in_vain(layers, share) -> None:
    """Undoing the choice of any one layer breaks the budget, or it was the layer's first."""
    choices = {str(index): layer for index, layer in enumerate(layers)}
    lowest, highest = (
        sum(pick(choice.macs for choice in layer) for layer in layers) for pick in (min, max)
    )
    budget = int(lowest + share * (highest - lowest))
    chosen = allocate(choices, budget)
    assert sum(choice.macs for choice in chosen.values()) <= budget
    best = min(
        sum(choice.loss for choice in combination)
        for combination in itertools.product(*layers)
        if sum(choice.macs for choice in combination) <= budget
    )
    largest_step = max(layer[-1].loss for layer in layers)
    assert sum(choice.loss for choice in chosen.values()) <= best + largest_step
