# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A manifest names a head and its numbers; what does not fit is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from compressed_detector.detection.heads import make_head
from compressed_detector.detection.heads.gfl import GflHead
from compressed_detector.detection.manifest import InputSpec, Manifest, OutputSpec
from compressed_detector.errors import ModelError


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        name='m', file='m.tflite', sha256='0', input=InputSpec((1, 16, 16, 3), 'uint8'),
        outputs=(OutputSpec('stride_8', 't', (1, 2, 2, 18), 'float32'),), head='gfl',
        labels=('person', 'car'), head_options={'strides': [8], 'bins': 4},
    )


def test_gfl_manifest_makes_a_gfl_head(manifest: Manifest) -> None:
    assert isinstance(make_head(manifest), GflHead)


def test_unknown_head_lists_the_known_ones(manifest: Manifest) -> None:
    with pytest.raises(ModelError, match=r"head: expected one of \['gfl'.*\], got 'ssd9'"):
        make_head(dataclasses.replace(manifest, head='ssd9'))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({}, "head_options of 'gfl': .*missing.* 'strides' and 'bins'"),
        ({'strides': [8]}, "head_options of 'gfl': .*'bins'"),
        ({'strides': [8], 'bins': 4, 'sides': 4}, "unexpected keyword argument 'sides'"),
        ({'strides': [8], 'bins': 4, 'num_classes': 2}, "'num_classes'"),
        ({'strides': 8, 'bins': 4}, "head_options of 'gfl': .*'?int'?"),
        ({'strides': None, 'bins': 4}, "head_options of 'gfl': "),
        ({'strides': [[8]], 'bins': 4}, 'positive whole strides'),
        ({'strides': '8', 'bins': 4}, 'positive whole strides'),
        ({'strides': [8], 'bins': None}, 'positive whole number of bins'),
        ({'strides': [8], 'bins': 4, 'input_size': [16, 16]}, "'input_size'"),
    ],
)
def test_wrong_options_are_refused(
    manifest: Manifest, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        make_head(dataclasses.replace(manifest, head_options=options))


def test_labels_that_do_not_fit_the_outputs_are_refused(manifest: Manifest) -> None:
    with pytest.raises(ModelError, match=r'\(1, 4, 19\) for 3 labels, 4 bins'):
        make_head(dataclasses.replace(manifest, labels=('person', 'car', 'dog')))
