# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Model and manifest are refused unless they belong together, and are found by name or path."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compressed_detector.detection import bundle as bundle_module
from compressed_detector.detection.bundle import Bundle, find_manifest
from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.errors import ModelError


def test_bundle_holds_manifest_and_model(tiny_models: Path) -> None:
    bundle = Bundle.load(tiny_models / 'tiny_gfl.json')
    assert bundle.manifest.name == 'tiny_gfl'
    assert hashlib.sha256(bundle.model).hexdigest() == bundle.manifest.sha256


def test_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r'none\.json: .*No such file'):
        Bundle.load(tmp_path / 'none.json')


def test_manifest_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'binary.json'
    path.write_bytes(b'\xff\xfe{}')
    with pytest.raises(ModelError, match=r'binary\.json: .*utf-8'):
        Bundle.load(path)


def test_fault_in_the_manifest_names_its_file(copied: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match=r'tiny_gfl\.json: manifest format: expected 1, got 7'):
        Bundle.load(copied(format=7))


def test_damaged_model_is_refused_by_its_sha256(copied: Callable[..., Path]) -> None:
    path = copied()
    model = path.with_suffix('.tflite')
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    model.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    with pytest.raises(
        ModelError, match=rf'tiny_gfl\.tflite: expected sha256 d2cff.*, got {digest}; the file is '
        'damaged or was built for another manifest: copy both files again or rebuild'
    ):
        Bundle.load(path)


def test_missing_model_is_refused(copied: Callable[..., Path]) -> None:
    path = copied()
    path.with_suffix('.tflite').unlink()
    with pytest.raises(ModelError, match=r'tiny_gfl\.tflite: cannot read the model: .*No such'):
        Bundle.load(path)


def test_folder_in_place_of_the_model_is_refused(copied: Callable[..., Path]) -> None:
    path = copied()
    path.with_suffix('.tflite').unlink()
    path.with_suffix('.tflite').mkdir()
    with pytest.raises(ModelError, match=r'tiny_gfl\.tflite: cannot read the model: .*directory'):
        Bundle.load(path)


def test_name_too_long_for_a_file_is_refused(copied: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match='cannot read the model'):
        Bundle.load(copied(file='a' * 5000))


@pytest.mark.parametrize('content', [b'', b'TFL3', b'\x89PNG\r\n\x1a\n', b'version https://git'])
def test_file_that_is_no_flatbuffer_is_refused(
    copied: Callable[..., Path], content: bytes
) -> None:
    path = copied(sha256=hashlib.sha256(content).hexdigest())
    path.with_suffix('.tflite').write_bytes(content)
    with pytest.raises(
        ModelError, match=r'expected a \.tflite file \(flatbuffer TFL3\), got bytes b'
    ):
        Bundle.load(path)


def test_model_above_the_limit_is_refused_unread(
    copied: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copied()
    size = path.with_suffix('.tflite').stat().st_size
    monkeypatch.setattr(bundle_module, 'MAX_MODEL_BYTES', size)
    Bundle.load(path)
    monkeypatch.setattr(bundle_module, 'MAX_MODEL_BYTES', size - 1)
    monkeypatch.setattr(Path, 'read_bytes', lambda self: pytest.fail('it was read'))
    with pytest.raises(ModelError, match=rf'expected at most {size - 1} bytes, got {size}'):
        Bundle.load(path)


def checked(path: Path) -> None:
    bundle = Bundle.load(path)
    interpreter = LiteInterpreter(bundle.model, num_threads=1)
    bundle.check(interpreter.input, interpreter.outputs)


def changed_output(text: str, **changes: Any) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = json.loads(text)['outputs']
    outputs[0].update(changes)
    return outputs


def test_model_that_is_what_the_manifest_says_passes(tiny_models: Path) -> None:
    for path in tiny_models.glob('*.json'):
        checked(path)


@pytest.mark.parametrize(
    ('promised', 'message'),
    [
        ({'shape': [1, 32, 64, 3]},
         r'input: the manifest promises uint8 \(1, 32, 64, 3\), the model has uint8 '
         r'\(1, 64, 64, 3\); rebuild them together with compress_model'),
        ({'dtype': 'float32'}, r'input: .*promises float32 .*, the model has uint8'),
    ],
)
def test_input_that_is_not_as_promised_is_refused(
    copied: Callable[..., Path], promised: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        checked(copied(input=promised))


@pytest.mark.parametrize(
    ('promised', 'message'),
    [
        ({'tensor': 'boxes'}, r"output 'stride_8': expected a tensor 'boxes', got "
                              r"\['PartitionedCall:0', .*\]; rebuild the manifest"),
        ({'shape': [1, 8, 8, 20]}, r"output 'stride_8': the manifest promises float32 "
                                   r'\(1, 8, 8, 20\), the model has float32 \(1, 8, 8, 19\)'),
        ({'dtype': 'int8'}, r"output 'stride_8': the manifest promises int8 .* has float32"),
    ],
)
def test_output_that_is_not_as_promised_is_refused(
    copied: Callable[..., Path], tiny_text: str, promised: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        checked(copied(outputs=changed_output(tiny_text, **promised)))


def test_output_that_no_role_names_is_allowed(copied: Callable[..., Path], tiny_text: str) -> None:
    checked(copied(outputs=json.loads(tiny_text)['outputs'][:2]))


def install(folder: Path, name: str, model: bool = True) -> Path:
    path = folder / name / f'{name}.json'
    path.parent.mkdir(parents=True)
    path.write_text('{}')
    if model:
        path.with_suffix('.tflite').write_bytes(b'')
    return path


def test_model_is_found_by_name(tmp_path: Path, tiny_models: Path) -> None:
    installed = install(tmp_path, 'nanodet')
    assert find_manifest('nanodet', [tmp_path]) == installed
    assert find_manifest('tiny_gfl', [tmp_path, tiny_models.parent]) == (
        tiny_models / 'tiny_gfl.json'
    )


def test_name_with_a_dot_is_a_name(tmp_path: Path) -> None:
    installed = install(tmp_path, 'nanodet.v2')
    assert find_manifest('nanodet.v2', [tmp_path]) == installed


def test_model_is_found_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = install(tmp_path, 'mine')
    assert find_manifest(str(path), []) == path
    monkeypatch.chdir(path.parent)
    assert find_manifest('mine.json', []) == Path('mine.json')
    monkeypatch.setenv('HOME', str(tmp_path))
    assert find_manifest('~/mine/mine.json', []) == path


def test_earlier_folder_shadows_a_later_one(tmp_path: Path) -> None:
    user, system = tmp_path / 'user', tmp_path / 'system'
    mine, theirs, other = install(user, 'm'), install(system, 'm'), install(system, 'other')
    assert find_manifest('m', [user, system]) == mine
    assert find_manifest('m', [system, user]) == theirs
    assert find_manifest('other', [user, system]) == other


def test_a_family_gives_its_models_short_names(tmp_path: Path) -> None:
    one, other = install(tmp_path, 'net_320_wi8'), install(tmp_path, 'net_416_wi8')
    family = one.parent / 'family.json'
    family.write_text('{"fast": "net_320_wi8", "accurate": "net_416_wi8"}')
    assert find_manifest('fast', [tmp_path]) == one
    assert find_manifest('accurate', [tmp_path]) == other
    with pytest.raises(ModelError, match="one of .*'accurate', 'fast', 'net_320_wi8'"):
        find_manifest('slow', [tmp_path])
    family.write_text('["fast"]')
    with pytest.raises(ModelError, match='family.json: expected JSON like'):
        find_manifest('fast', [tmp_path])


def test_unknown_name_lists_the_installed_models(tmp_path: Path) -> None:
    install(tmp_path / 'a', 'one')
    install(tmp_path / 'b', 'two')
    install(tmp_path / 'b', 'manifest_without_a_model', model=False)
    folders = [tmp_path / 'a', tmp_path / 'b', tmp_path / 'does not exist']
    searched = re.escape(', '.join(map(str, folders)))
    with pytest.raises(
        ModelError, match=r"model: expected the path of a manifest or one of \['one', 'two'\], "
        rf"got 'three' \(searched {searched}\)"
    ):
        find_manifest('three', folders)


@pytest.mark.parametrize(
    'model',
    ['none.json', 'folder/none.json', '/dev/null', 'models/nanodet_g', 'model.tflite/x',
     '~nobody-of-this-name/m.json', 'nul\0.json'],
)
def test_path_that_is_no_manifest_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r'model: expected the path of a manifest \(\.json\)'):
        find_manifest(model, [tmp_path])


@pytest.mark.parametrize('model', ['', '.', '..', 'nul\0', '*', '~', '~nobody-of-this-name'])
def test_odd_name_is_refused(tmp_path: Path, model: str) -> None:
    install(tmp_path, 'm')
    with pytest.raises(ModelError, match='model: expected the path of a manifest'):
        find_manifest(model, [tmp_path])


def test_bundle_is_immutable(tiny_models: Path) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Bundle.load(tiny_models / 'tiny_gfl.json').model = b''  # type: ignore[misc]
