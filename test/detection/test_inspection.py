# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a model file says about itself, and the labels that exporters attach to it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection import inspection
from compressed_detector.detection.inspection import attached_labels, inspect, read_labels
from compressed_detector.errors import ModelError

DATA = Path(__file__).parents[1] / 'data'
MODEL = (DATA / 'tiny_gfl' / 'lookup.tflite').read_bytes()


def with_attachments(**contents: str | bytes) -> bytes:
    """Return the model with a zip archive appended, as exporters do."""
    stream = io.BytesIO(MODEL)
    with zipfile.ZipFile(stream, 'a', zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_model_is_described() -> None:
    model = inspect(DATA / 'tiny_heads' / 'tiny_yolov8_int8.tflite')
    content = (DATA / 'tiny_heads' / 'tiny_yolov8_int8.tflite').read_bytes()
    assert (model.file, model.size_bytes) == ('tiny_yolov8_int8.tflite', len(content))
    assert model.sha256 == hashlib.sha256(content).hexdigest()
    assert (model.input.shape, str(model.input.dtype)) == ((1, 64, 64, 3), 'int8')
    assert (model.input.scale, model.input.zero_point) == (pytest.approx(1 / 255), -128)
    assert [output.shape for output in model.outputs] == [(1, 7, 84)]
    assert model.labels == ()


def test_operators_are_those_of_the_file_without_the_delegate() -> None:
    # At each of three strides an average, and a convolution of it.
    model = inspect(DATA / 'tiny_gfl' / 'tiny_gfl_int8.tflite')
    assert model.operator_counts == {'AVERAGE_POOL_2D': 3, 'CONV_2D': 3}
    pool = model.operators[0]
    assert [info.name for info in pool.inputs] == [model.input.name]
    (average,) = pool.outputs
    assert average.shape in ((1, 8, 8, 3), (1, 4, 4, 3), (1, 2, 2, 3))


def test_custom_operator_has_its_name_and_its_outputs_in_its_order() -> None:
    last = inspect(DATA / 'tiny_heads' / 'tiny_ssd.tflite').operators[-1]
    assert last.name == 'TFLite_Detection_PostProcess'
    assert [info.shape for info in last.outputs] == [(1, 10, 4), (1, 10), (1, 10), (1,)]
    assert [info.shape for info in last.inputs] == [(1, 84, 4), (1, 84, 4), (84, 4)]


@pytest.mark.parametrize('content', [b'', b'PK\3\4', b'\x20\0\0\0TFL3' + bytes(200)])
def test_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / 'model.tflite'
    path.write_bytes(content)
    with pytest.raises(ModelError):
        inspect(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r'none\.tflite: cannot read the model: .*No such file'):
        inspect(tmp_path / 'none.tflite')


def test_labels_attached_to_the_file_are_part_of_the_description(tmp_path: Path) -> None:
    path = tmp_path / 'model.tflite'
    path.write_bytes(with_attachments(**{'labelmap.txt': 'person\nbicycle\n'}))
    assert inspect(path).labels == ('person', 'bicycle')


@pytest.mark.parametrize(
    ('name', 'text', 'expected'),
    [
        pytest.param('labelmap.txt', 'person\n???\ncar\n\n', ('person', '???', 'car'),
                     id='TFLite'),
        pytest.param('labels.txt', 'traffic light\r\ncar\r\n', ('traffic light', 'car'),
                     id='lines of another system'),
        pytest.param('metadata.json', json.dumps({'names': {0: 'person', 1: 'car'}}),
                     ('person', 'car'), id='Ultralytics'),
        pytest.param('metadata.json', json.dumps({'names': {'1': 'car', '0': 'person'}}),
                     ('person', 'car'), id='by id, whatever the order'),
        pytest.param('metadata.json', json.dumps({'names': ['a', 'b']}), ('a', 'b'), id='list'),
        pytest.param('temp_meta.txt', "{'task': 'detect', 'names': {0: 'person', 1: 'car'}}",
                     ('person', 'car'), id='older Ultralytics'),
        pytest.param('temp_meta.txt', repr({'names': "{0: 'person'}"}), ('person',), id='oldest'),
        pytest.param('metadata.json', json.dumps({'names': {0: 'person', 2: 'car'}}), (),
                     id='a gap'),
        pytest.param('metadata.json', json.dumps({'names': {0: 5}}), (), id='no names'),
        pytest.param('metadata.json', json.dumps({'names': 'person'}), (), id='one text'),
        pytest.param('metadata.json', '{}', (), id='nothing'),
        pytest.param('metadata.json', '[1]', (), id='a list'),
        pytest.param('readme.txt', 'person\n', (), id='another text'),
        pytest.param('labels.txt', '\n', (), id='empty'),
        pytest.param('labels.txt', b'\xff\xfe', (), id='no text'),
        pytest.param('metadata.json', '[' * 100_000, (), id='nested too deep'),
    ],
)
def test_labels_are_read_from_what_exporters_attach(
    name: str, text: str | bytes, expected: tuple[str, ...]
) -> None:
    assert attached_labels(with_attachments(**{name: text})) == expected


def test_first_attachment_with_labels_counts() -> None:
    model = with_attachments(**{
        'score_calibration.txt': '0.1,0.2', 'labels_en.txt': 'person', 'labels_de.txt': 'Mensch',
    })
    assert attached_labels(model) == ('person',)


def test_attachment_beyond_the_limit_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    model = with_attachments(**{'labels.txt': 'a\n' * 2**10})
    assert len(attached_labels(model)) == 2**10
    monkeypatch.setattr(inspection, 'MAX_ATTACHED_BYTES', 2**10)
    assert attached_labels(model) == ()


def test_model_without_attachments_has_no_labels() -> None:
    assert attached_labels(MODEL) == ()


@given(data=st.data())
def test_damaged_attachment_is_no_attachment(data: st.DataObject) -> None:
    model = bytearray(with_attachments(**{'labels.txt': 'person\ncar\n' * 9}))
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(len(MODEL), len(model) - 1))
        model[position] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(len(MODEL), len(model)))
    assert all(isinstance(label, str) for label in attached_labels(bytes(model[:end])))


def test_labels_of_a_file_are_its_lines(tmp_path: Path) -> None:
    path = tmp_path / 'labels.txt'
    path.write_text('person\n traffic light \n\ncar\n\n', encoding='utf-8')
    # The empty line is the name of the third class: those below keep their ids.
    assert read_labels(path) == ('person', 'traffic light', '', 'car')


@pytest.mark.parametrize(
    ('content', 'message'),
    [(b'', 'expected class names, one a line, got none'), (b' \n\n', 'got none'),
     (b'\xff\xfe', r'labels\.txt: cannot read the labels')],
)
def test_file_without_labels_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / 'labels.txt'
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        read_labels(path)


def test_missing_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r'none\.txt: cannot read the labels: .*No such file'):
        read_labels(tmp_path / 'none.txt')
