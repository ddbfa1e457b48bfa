# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The kernels in a file of weights that a user brings: found without loading them, read one by one.

Keras' files (.h5, .weights.h5, .keras) and NumPy's .npz are read as arrays by name. No model is
built from them, and nothing in them is executed.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.classics.networks.wiring import Shapes
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

# The ranks of kernels: of fully connected layers and of convolutions.
RANKS = (2, 4)
KINDS = re.compile(r'[_/](weight|kernel)(:0)?$')


@dataclass(frozen=True, eq=False)
class Stored:
    """A kernel in a file: the name of its layer there, its shape, and how to read it."""

    layer: str
    shape: tuple[int, ...]
    read: Callable[[], Floats]


@contextmanager
def kernels_in(path: Path) -> Iterator[list[Stored]]:
    """
    Yield the kernels of a file in their order; they can be read as long as the block lasts.

    Raises CompressionError for a file that is none of .h5, .keras and .npz, or is damaged.
    """
    openers = {'.npz': _npz, '.h5': _h5, '.hdf5': _h5, '.keras': _keras}
    if path.suffix not in openers:
        raise CompressionError(
            f'{path}: expected weights as {", ".join(openers)}, got {path.suffix or "no suffix"}')
    try:
        with openers[path.suffix](path) as found:
            yield [stored for stored in found if len(stored.shape) in RANKS]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise CompressionError(f'{path}: expected weights, cannot be read: {error}') from error


@contextmanager
def _npz(path: Path) -> Iterator[list[Stored]]:
    with zipfile.ZipFile(path) as archive, np.load(path, allow_pickle=False) as arrays:
        yield [Stored(KINDS.sub('', name), _npy_shape(archive, f'{name}.npy'),
                      partial(_floats, arrays, name)) for name in arrays.files]


def _npy_shape(archive: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = (np.lib.format.read_array_header_1_0 if version == (1, 0) else
                np.lib.format.read_array_header_2_0)
        shape: tuple[int, ...] = read(file)[0]
        return shape


@contextmanager
def _h5(path: Path | io.BytesIO) -> Iterator[list[Stored]]:
    try:
        import h5py
    except ImportError as error:
        raise CompressionError(f'h5py cannot be imported ({error}); install it with: '
                               'python3 -m pip install h5py') from error
    with h5py.File(path, 'r') as file:
        names = list(_ordered_names(file, h5py.Dataset))
        yield [Stored(_layer_of(name), file[name].shape,
                      partial(_floats, file, name)) for name in names]


@contextmanager
def _keras(path: Path) -> Iterator[list[Stored]]:
    with zipfile.ZipFile(path) as archive:
        content = io.BytesIO(archive.read('model.weights.h5'))
    with _h5(content) as found:
        yield found


def _ordered_names(file: Any, dataset: Any) -> Iterator[str]:
    """Yield the names of the weights in the order of the layers."""
    group = file.get('model_weights', file)
    if 'layer_names' in group.attrs:  # Keras' .h5 files say their order
        for layer in map(_text, group.attrs['layer_names']):
            for name in map(_text, group[layer].attrs['weight_names']):
                yield f'{group.name}/{layer}/{name}'.replace('//', '/')
        return
    names: list[str] = []
    file.visititems(
        lambda name, item: names.append(name) if isinstance(item, dataset) else None)
    yield from sorted((name for name in names if not name.startswith('optimizer')), key=_natural)


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that puts conv2d_10 behind conv2d_9, and conv2d before conv2d_1."""
    return [(int(part), '') if part.isdigit() else (-1, part)
            for part in re.split(r'(\d+)', name.replace('/', ' '))]


def _layer_of(name: str) -> str:
    parts = [part for part in name.split('/') if part not in ('', 'model_weights', 'layers')]
    return parts[0]


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _floats(arrays: Any, name: str) -> Floats:
    return np.asarray(arrays[name][()], np.float32)


def matched(shapes: Shapes, found: Sequence[Stored], what: str) -> Mapping[str, Stored]:
    """
    Return the kernel of each layer: by the layers' names, or else by the order of the shapes.

    Raises CompressionError that says where they differ from ``what``, expected and found.
    """
    by_name = {stored.layer: stored for stored in found}
    if set(shapes) <= set(by_name):
        pairs = {layer: by_name[layer] for layer in shapes}
    elif len(found) == len(shapes):
        pairs = dict(zip(shapes, found))
    else:
        raise CompressionError(
            f'{what}: expected {len(shapes)} kernels, {_listed(shapes)}, got {len(found)}'
            f'{": " if found else ""}{_listed({item.layer: item.shape for item in found})}')
    for layer, stored in pairs.items():
        if stored.shape != shapes[layer]:
            raise CompressionError(
                f'{what}: {layer}: expected a kernel {shapes[layer]}, as Keras shapes it: (height,'
                f' width, inputs of a group, outputs) or (inputs, outputs); got {stored.layer} '
                f'{stored.shape}; give weights of the published shape, in the order of '
                'computation or named like the layers here')
    return pairs


def _listed(shapes: Shapes) -> str:
    names = [f'{layer} {shape}' for layer, shape in shapes.items()]
    return ', '.join(names if len(names) < 4 else [*names[:2], '...', names[-1]])
