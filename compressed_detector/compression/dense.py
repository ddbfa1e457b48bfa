# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The dense weights that every build starts from: an .npz with its provenance beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.compression import files, npz
from compressed_detector.compression.network import Network
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError


@dataclass(frozen=True, eq=False)
class DenseWeights:
    """
    Weights by name (float32 in memory, float16 on disk) and where they come from.

    ``provenance`` is free JSON: architecture, source package, digests of the source files.
    """

    weights: Mapping[str, Floats]
    provenance: Mapping[str, Any]


def encode(network: Network, provenance: Mapping[str, Any], name: str) -> dict[str, bytes]:
    """
    Return the contents of ``<name>.npz`` and ``<name>.json``, the same for the same weights.

    The .json holds the provenance and the SHA-256 of the .npz. Raises CompressionError when a
    weight is beyond the range of float16.
    """
    limit = np.finfo(np.float16).max
    large = [key for key, array in network.weights.items() if not np.all(abs(array) <= limit)]
    if large:
        raise CompressionError(f'expected weights within float16, got larger ones in {large}')
    halves = {key: network.weights[key].astype(np.float16) for key in sorted(network.weights)}
    content = npz.encode(halves)
    described = {**provenance, 'weights': {'file': f'{name}.npz', 'sha256': files.sha256(content)}}
    text = json.dumps(described, indent=2) + '\n'
    return {f'{name}.npz': content, f'{name}.json': text.encode()}


def load(path: Path) -> DenseWeights:
    """
    Read ``<name>.npz`` and the ``<name>.json`` beside it.

    Raises CompressionError when one is missing or damaged or they do not belong together.
    """
    content = files.read(path, 'dense weights (write them with compress_model import)')
    provenance = read_provenance(path.with_suffix('.json'))
    expected, got = provenance['weights']['sha256'], files.sha256(content)
    if got != expected:
        raise CompressionError(
            f'{path}: expected sha256 {expected}, got {got}; the file is damaged or belongs to '
            'another .json: import it again with compress_model import'
        )
    try:
        arrays = npz.decode(content)
        weights = {key: array.astype(np.float32) for key, array in arrays.items()}
        return DenseWeights(weights, provenance)
    except ValueError as error:
        raise CompressionError(f'{path}: expected an .npz of float16 arrays: {error}') from error


def read_provenance(path: Path) -> dict[str, Any]:
    """Return what a ``<name>.json`` says of its weights; raises CompressionError."""
    try:
        content: dict[str, Any] = json.loads(files.read(path, 'provenance of the dense weights'))
        str(content['weights']['sha256'])
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise CompressionError(
            f'{path}: expected JSON with weights.sha256: {type(error).__name__}: {error}'
        ) from error
    return content
