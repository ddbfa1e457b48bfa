# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Conditions on figures, such as ``ap50 < baseline - 0.01``: a gate for continuous integration.

A condition is a comparison of two terms; a term has numbers, names of figures, ``baseline``, + - *
/ and brackets. ``baseline`` is the first figure of the condition as it was before, and
``baseline.NAME`` any other. Nothing else can be said, and nothing is executed.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from compressed_detector.errors import EvaluationError

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    '<': operator.lt, '<=': operator.le, '>': operator.gt, '>=': operator.ge,
    '==': operator.eq, '!=': operator.ne,
}
ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    '+': operator.add, '-': operator.sub, '*': operator.mul, '/': operator.truediv,
}
BASELINE = 'baseline'
_NUMBER, _NAME = r'\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?', r'[A-Za-z_][\w.]*'
_TOKEN = re.compile(rf'\s*(?:({_NUMBER})|({_NAME})|([<>=!]=|[-+*/()<>]))')
_DEEPEST = 50
# What a term is worth, when names are worth something.
Term = Callable[[Callable[[str], float]], float]


@dataclass(frozen=True, eq=False)
class Condition:
    """A parsed condition; ``names`` are the figures in it, of now and, with baseline., before."""

    text: str
    names: tuple[str, ...]
    compare: Callable[[float, float], bool]
    left: Term
    right: Term

    @property
    def needs_baseline(self) -> bool:
        """Whether it asks how it was before."""
        return any(name.partition('.')[0] == BASELINE for name in self.names)

    def check_names(self, known: Collection[str]) -> None:
        """Raise EvaluationError when it asks for a figure that there is not."""
        for name in (item.removeprefix(f'{BASELINE}.') for item in self.names):
            if name != BASELINE and name not in known:
                close = difflib.get_close_matches(name, known, 3, 0.5) or sorted(known)
                raise EvaluationError(f'--fail-if {self.text!r}: expected a figure, got {name!r}; '
                                      f'do you mean {" or ".join(close)}?')

    def holds(self, figures: Mapping[str, float], before: Mapping[str, float]) -> bool:
        """
        Return whether it holds for figures of now and before.

        Raises EvaluationError when a figure is not known: a gate that cannot see is not open.
        """
        def value_of(name: str) -> float:
            source, key = figures, name
            if name.partition('.')[0] == BASELINE:
                source, key = before, name.partition('.')[2] or self.names[0]
            value = source.get(key, math.nan)
            if math.isnan(value):
                raise EvaluationError(
                    f'--fail-if {self.text!r}: expected {name} to be known, there was nothing to '
                    f'measure it on{"" if source is figures else " in the baseline"}')
            return value

        try:
            return self.compare(self.left(value_of), self.right(value_of))
        except ZeroDivisionError as error:
            raise EvaluationError(f'--fail-if {self.text!r}: divides by zero') from error


def parse(text: str) -> Condition:
    """Return the condition that a text is; raises EvaluationError that points at the place."""
    return _Parser(text).condition()


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._at = 0
        self._depth = 0
        self._names: list[str] = []

    def condition(self) -> Condition:
        left = self._sum()
        comparison = self._take(COMPARISONS, 'a comparison such as < or >=')
        right = self._sum()
        if self._peek() is not None:
            raise self._refusal('the end: one comparison is one condition')
        figures = [name for name in self._names if name.partition('.')[0] != BASELINE]
        if not figures or figures[0] != self._names[0]:
            raise EvaluationError(f'--fail-if {self._text!r}: expected it to begin with the name '
                                  'of a figure, such as: ap50 < baseline - 0.01')
        return Condition(self._text, tuple(self._names), COMPARISONS[comparison], left, right)

    def _sum(self) -> Term:
        return self._chain(('+', '-'), self._product)

    def _product(self) -> Term:
        return self._chain(('*', '/'), self._factor)

    def _chain(self, operators: Collection[str], part: Callable[[], Term]) -> Term:
        term = part()
        while self._peek() in operators:
            term = _joined(ARITHMETIC[self._next()], term, part())
        return term

    def _factor(self) -> Term:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._refusal('fewer brackets and signs')
        token = self._peek()
        if token == '-':
            self._next()
            inner = self._factor()
            term: Term = lambda value_of: -inner(value_of)  # noqa: E731
        elif token == '(':
            self._next()
            term = self._sum()
            self._take((')',), 'a closing bracket')
        else:
            term = self._atom(token)
        self._depth -= 1
        return term

    def _atom(self, token: str | None) -> Term:
        if token is None or not (token[0].isalnum() or token[0] in '_.'):
            raise self._refusal('a number or the name of a figure')
        self._next()
        if token[0].isdigit() or token[0] == '.':
            number = float(token)
            return lambda value_of: number
        self._names.append(token)
        return lambda value_of: value_of(token)

    def _split(self) -> list[tuple[int, str]]:
        tokens, at, text = [], 0, self._text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise EvaluationError(f'--fail-if {self._text!r}: expected numbers, names of '
                                      f'figures, + - * / ( ) and one comparison, got '
                                      f'{text[at:].lstrip()[0]!r} at character {at + 1}')
            tokens.append((found.start(found.lastindex or 0), found[found.lastindex or 0]))
            at = found.end()
        return tokens

    def _peek(self) -> str | None:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else None

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _take(self, allowed: Collection[str], what: str) -> str:
        if self._peek() not in allowed:
            raise self._refusal(what)
        return self._next()

    def _refusal(self, expected: str) -> EvaluationError:
        token = self._peek()
        place = 'the end' if token is None else (
            f'{token!r} at character {self._tokens[self._at][0] + 1}')
        return EvaluationError(f'--fail-if {self._text!r}: expected {expected}, got {place}')


def _joined(join: Callable[[float, float], float], left: Term, right: Term) -> Term:
    return lambda value_of: join(left(value_of), right(value_of))
