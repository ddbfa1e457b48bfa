# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
TensorFlow.js graph models: a JSON file with nodes and a weights manifest, and weight shards.

The format is read as data only: no operation is run here, and every offset, shape and name is
checked before it is used.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.compression import files
from compressed_detector.errors import CompressionError

Array = npt.NDArray[Any]

# What the weights manifest calls a type -> how it is stored, and what it stands for.
STORED_TYPES = {'float32': '<f4', 'int32': '<i4'}
MAX_BYTES = 2**30


@dataclass(frozen=True)
class Node:
    """One operation: its name, kind, the names of what it reads, and its attributes as JSON."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class GraphModel:
    """
    A parsed graph model.

    ``nodes`` are the operations in the order of the file, constants left out. ``constants`` are
    the arrays of the weight shards by node name. ``sha256`` are the digests of the files read.
    """

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    sha256: Mapping[str, str]


def load_graph_model(path: Path) -> GraphModel:
    """Read a graph model from its JSON file and the shards beside it; raises CompressionError."""
    text = files.read(path, 'graph model')
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CompressionError(f'{path}: expected a graph model as JSON: {error}') from error
    try:
        nodes = _nodes(_get(_get(content, 'modelTopology', dict), 'node', list))
        constants: dict[str, Array] = {}
        digests = {path.name: files.sha256(text)}
        for group in _get(content, 'weightsManifest', list):
            shards = _read_shards(path.parent, _get(group, 'paths', list))
            digests.update({name: files.sha256(shard) for name, shard in shards.items()})
            constants.update(_arrays(b''.join(shards.values()), _get(group, 'weights', list)))
    except CompressionError as error:
        raise CompressionError(f'{path}: {error}') from error
    return GraphModel(nodes, constants, digests)


def _nodes(entries: list[Any]) -> tuple[Node, ...]:
    nodes = []
    for entry in entries:
        name, op = _get(entry, 'name', str), _get(entry, 'op', str)
        inputs = _get(entry, 'input', list, [])
        _require(all(isinstance(item, str) for item in inputs),
                 f'node {name!r}: expected the names of its inputs, got {inputs!r}')
        if op != 'Const':
            nodes.append(Node(name, op, tuple(inputs), _get(entry, 'attr', dict, {})))
    return tuple(nodes)


def _read_shards(folder: Path, names: list[Any]) -> dict[str, bytes]:
    for name in names:
        _require(isinstance(name, str) and name.isprintable() and Path(name).name == name,
                 f'weights: expected the name of a file beside the JSON file, got {name!r}')
    shards = {name: files.read(folder / name, 'weight shard') for name in names}
    total = sum(len(shard) for shard in shards.values())
    _require(total <= MAX_BYTES, f'weights: expected at most {MAX_BYTES} bytes, got {total}')
    return shards


def _arrays(data: bytes, entries: list[Any]) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    offset = 0
    for entry in entries:
        name = _get(entry, 'name', str)
        shape = _shape(name, _get(entry, 'shape', list))
        stored = _stored_type(name, entry)
        size = math.prod(shape) * stored.itemsize
        _require(offset + size <= len(data),
                 f'weights: expected {size} bytes for {name!r} from byte {offset} on, got '
                 f'{len(data) - offset}; the shards are cut off or belong to another model')
        values = np.frombuffer(data, stored, math.prod(shape), offset).reshape(shape)
        arrays[name] = values.astype(np.float32) if stored.kind == 'f' else values
        offset += size
    _require(offset == len(data),
             f'weights: expected {offset} bytes in the shards, got {len(data)}; '
             'they belong to another model')
    return arrays


def _shape(name: str, sizes: list[Any]) -> tuple[int, ...]:
    _require(all(type(size) is int and 0 <= size <= MAX_BYTES for size in sizes)
             and len(sizes) <= 8,
             f'weights: expected up to 8 sizes as the shape of {name!r}, got {sizes!r}')
    return tuple(sizes)


def _stored_type(name: str, entry: Mapping[str, Any]) -> np.dtype[Any]:
    dtype = _get(entry, 'dtype', str)
    quantization = _get(entry, 'quantization', dict, {})
    if dtype == 'float32' and quantization.get('dtype') == 'float16':
        return np.dtype('<f2')
    _require(dtype in STORED_TYPES and not quantization,
             f'weights: expected {name!r} as float32, float32 stored as float16, or int32, got '
             f'{dtype} with quantization {quantization}; convert the model without quantization')
    return np.dtype(STORED_TYPES[dtype])


def _get(entry: Any, key: str, kind: type, default: Any = None) -> Any:
    _require(isinstance(entry, dict), f'expected a JSON object with {key!r}, got {entry!r:.80}')
    value = entry.get(key, default)
    _require(isinstance(value, kind),
             f'expected {key!r} as {kind.__name__}, got {value!r:.80}; is this a graph model?')
    return value


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise CompressionError(message)
