# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A model on disk: a .tflite file and its manifest, or an archive (.dcz) of both."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compressed_detector.detection import archive
from compressed_detector.detection.manifest import Manifest, require
from compressed_detector.detection.model_cache import load_archive
from compressed_detector.detection.tensors import TensorInfo
from compressed_detector.errors import ModelError

MAX_MODEL_BYTES = 512 * 2**20
FLATBUFFER_IDENTIFIER = b'TFL3'


@dataclass(frozen=True, eq=False)
class Bundle:
    """A manifest and the model that it describes, verified to belong together."""

    manifest: Manifest
    model: bytes

    @classmethod
    def load(cls, manifest_path: Path) -> Bundle:
        """
        Read a manifest and the model beside it, or an archive, which is expanded.

        A model file is data, not code. Before a runtime sees it, its size is bounded and its
        flatbuffer identifier and sha256 must be what the manifest promises. Raises ModelError.
        """
        if manifest_path.suffix == archive.SUFFIX:
            manifest, model = load_archive(manifest_path, MAX_MODEL_BYTES)
            _require_flatbuffer(manifest_path, model)
            return cls(manifest, model)
        try:
            manifest = Manifest.from_json(manifest_path.read_text(encoding='utf-8'))
        except (OSError, UnicodeDecodeError, ModelError) as error:
            raise ModelError(f'{manifest_path}: {error}') from error
        model_path = manifest_path.with_name(manifest.file)
        model = read_model(model_path)
        digest = hashlib.sha256(model).hexdigest()
        require(digest == manifest.sha256, f'{model_path}: expected sha256 {manifest.sha256}, '
                 f'got {digest}; the file is damaged or was built for another manifest: copy '
                 'both files again or rebuild with compress_model')
        return cls(manifest, model)

    def check(self, model_input: TensorInfo, outputs: tuple[TensorInfo, ...]) -> None:
        """Raise ModelError unless the opened network has the tensors that are promised."""
        spec = self.manifest.input
        _expect('input', (spec.shape, spec.dtype), (model_input.shape, str(model_input.dtype)))
        found = {info.name: info for info in outputs}
        for output in self.manifest.outputs:
            require(output.tensor in found,
                     f'output {output.role!r}: expected a tensor {output.tensor!r}, '
                     f'got {sorted(found)}; rebuild the manifest for this model')
            info = found[output.tensor]
            _expect(f'output {output.role!r}', (output.shape, output.dtype),
                    (info.shape, str(info.dtype)))


def read_model(path: Path) -> bytes:
    """Return the content of a .tflite file; raises ModelError for any other and a huge one."""
    try:
        size = path.stat().st_size
        require(size <= MAX_MODEL_BYTES,
                 f'{path}: expected at most {MAX_MODEL_BYTES} bytes, got {size}')
        model = path.read_bytes()
    except OSError as error:
        raise ModelError(f'{path}: cannot read the model: {error}') from error
    _require_flatbuffer(path, model)
    return model


def find_manifest(model: str, folders: list[Path]) -> Path:
    """
    Return the manifest of a model given by path or by the name of an installed model.

    An archive (.dcz) stands for its manifest; of a name that is both, the expanded model wins.
    The file ``family.json`` beside models gives some of them shorter names, such as ``fast``.
    Raises ModelError that lists the installed models when there is none.
    """
    path = _with_home(model)
    is_path = path.suffix in ('.json', archive.SUFFIX)
    if is_path or len(path.parts) > 1:
        require(is_path and path.is_file(),
                 f'model: expected the path of a manifest (.json) or of an archive '
                 f'({archive.SUFFIX}), got {model!r}, which is not a readable file of that kind')
        return path
    installed: dict[str, Path] = {}
    for folder in reversed(folders):
        installed.update(
            (item.stem, item) for item in sorted(folder.glob(f'*/*{archive.SUFFIX}'))
        )
        installed.update(
            (item.stem, item) for item in sorted(folder.glob('*/*.json'))
            if item.with_suffix('.tflite').is_file()
        )
    short = _short_names(folders)
    model = short.get(model, model)
    require(model in installed,
             f'model: expected the path of a manifest or one of {sorted({*installed, *short})}, '
             f'got {model!r} (searched {", ".join(map(str, folders))})')
    return installed[model]


def _short_names(folders: list[Path]) -> dict[str, str]:
    names: dict[str, str] = {}
    for folder in reversed(folders):
        for path in sorted(folder.glob('*/family.json')):
            try:
                names.update({str(key): str(name) for key, name in json.loads(
                    path.read_text(encoding='utf-8')).items()})
            except (OSError, ValueError, AttributeError, RecursionError) as error:
                raise ModelError(f'{path}: expected JSON like {{"fast": "NAME"}}: {error}'
                                 ) from error
    return names


def _require_flatbuffer(path: Path, model: bytes) -> None:
    require(model[4:8] == FLATBUFFER_IDENTIFIER,
             f'{path}: expected a .tflite file (flatbuffer TFL3), got bytes {model[4:8]!r}')


def _with_home(model: str) -> Path:
    path = Path(model)
    try:
        return path.expanduser()
    except RuntimeError:  # ~somebody who is not a user of this machine
        return path


def _expect(what: str, expected: tuple[Any, str], got: tuple[Any, str]) -> None:
    require((tuple(expected[0]), expected[1]) == (tuple(got[0]), got[1]),
             f'{what}: the manifest promises {expected[1]} {tuple(expected[0])}, the model has '
             f'{got[1]} {tuple(got[0])}; rebuild them together with compress_model')
