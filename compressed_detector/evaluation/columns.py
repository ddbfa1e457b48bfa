# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Tables as dataclasses of arrays, so that every metric works on columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.types import Indices

Flags = npt.NDArray[np.bool_]
Floats64 = npt.NDArray[np.float64]
Ints64 = npt.NDArray[np.int64]
Table = TypeVar('Table', bound='Columns')


def column(dtype: npt.DTypeLike, *tail: int) -> Any:
    """Declare a column of a table with N rows: an array (N, *tail); -1 is any length."""
    return dataclasses.field(metadata={'dtype': dtype, 'tail': tail})


@dataclasses.dataclass(frozen=True, eq=False)
class Columns:
    """
    A table with one array per field; no rows is a value of length zero.

    Raises ValueError when the columns do not belong together.
    """

    def __post_init__(self) -> None:
        count = None
        for item in dataclasses.fields(self):
            values = np.asarray(getattr(self, item.name), item.metadata['dtype'])
            count = values.shape[0] if count is None else count
            expected = (count, *item.metadata['tail'])
            if values.ndim != len(expected) or any(
                want not in (-1, got) for want, got in zip(expected, values.shape)
            ):
                raise ValueError(f'expected {item.name} of shape {expected}, got {values.shape}')
            object.__setattr__(self, item.name, values)

    def __len__(self) -> int:
        return len(getattr(self, dataclasses.fields(self)[0].name))

    def __getitem__(self: Table, index: Any) -> Table:
        """Select rows by a slice, an index array (N,) or a boolean mask (N,)."""
        return type(self)(*(getattr(self, f.name)[index] for f in dataclasses.fields(self)))

    @classmethod
    def empty(cls: type[Table]) -> Table:
        """Return a table without rows."""
        return cls(*(
            np.zeros((0, *(max(side, 0) for side in f.metadata['tail'])), f.metadata['dtype'])
            for f in dataclasses.fields(cls)
        ))

    @classmethod
    def concatenate(cls: type[Table], tables: Sequence[Table]) -> Table:
        """Return the rows of many tables in one, in their order."""
        if not tables:
            return cls.empty()
        return cls(*(
            np.concatenate([getattr(table, f.name) for table in tables])
            for f in dataclasses.fields(cls)
        ))


def rows_of(groups: Indices, count: int) -> list[Indices]:
    """Return the rows that are in each of ``count`` groups; groups (N,) says which one."""
    order = np.argsort(groups, kind='stable')
    return np.split(order, np.searchsorted(groups[order], np.arange(1, count)))
