# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the head of NanoDet and PicoDet refuses, before a robot drives with it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from compressed_detector.detection.heads.gfl import GflHead
from compressed_detector.errors import ModelError

CLASSES, BINS = 2, 4
CHANNELS = CLASSES + 4 * BINS
SIZE = (24, 16)  # 3 x 2 cells of 8, and 2 x 1 of 16
SHAPES = {'stride_8': (1, 2, 3, CHANNELS), 'stride_16': (1, 1, 2, CHANNELS)}
PAIRS = {'scores_8': (1, 6, 2), 'boxes_8': (1, 6, 16), 'scores_16': (1, 2, 2),
         'boxes_16': (1, 2, 16)}


@pytest.mark.parametrize(
    ('shapes', 'message'),
    [
        ({'stride_8': (1, 2, 3, 18)},
         r"expected outputs \['stride_16', 'stride_8'\], got \['stride_8'\]"),
        ({**SHAPES, 'stride_32': (1, 1, 1, 18)}, "got .*'stride_32'"),
        ({'stride_8': (1, 2, 3, 18), 'other': (1, 1, 2, 18)}, "got .'other', 'stride_8'"),
        ({**SHAPES, 'predictions': (1, 8, 18)}, "got .'predictions', 'stride_16', 'stride_8'"),
        ({**SHAPES, 'scores_8': (1, 6, 2)},
         r"expected outputs \['boxes_16', 'boxes_8', 'scores_16', 'scores_8'\], got"),
        ({**SHAPES, 'stride_8': (1, 2, 3, 19)},
         r'stride_8 of shape \(1, 2, 3, 18\) or \(1, 6, 18\) for 2 labels, 4 bins and an input '
         r'of 24 x 16, got \(1, 2, 3, 19\)'),
        ({**SHAPES, 'stride_8': (6, 18)}, r'got \(6, 18\)'),
        ({**SHAPES, 'stride_8': (1, 18, 2, 3)}, r'got \(1, 18, 2, 3\)'),
        ({**SHAPES, 'stride_8': (1, 3, 2, 18)}, r'got \(1, 3, 2, 18\)'),
        ({**SHAPES, 'stride_8': (2, 2, 3, 18)}, r'got \(2, 2, 3, 18\)'),
        # The roles of two outputs are exchanged.
        ({'stride_8': (1, 1, 2, 18), 'stride_16': (1, 2, 3, 18)},
         r'stride_8 of shape \(1, 2, 3, 18\) .*, got \(1, 1, 2, 18\)'),
        ({**PAIRS, 'scores_8': (1, 6, 16), 'boxes_8': (1, 6, 2)}, r'scores_8 of .*got \(1, 6, 16'),
        ({**PAIRS, 'boxes_16': (1, 2, 20)}, r'boxes_16 of .* \(1, 2, 16\) .*got \(1, 2, 20\)'),
        ({'predictions': (1, 7, 18)}, r'predictions of .* \(1, 8, 18\) .*got \(1, 7, 18\)'),
        ({'predictions': (1, 18, 8)}, r'got \(1, 18, 8\)'),
    ],
)
def test_outputs_that_do_not_fit_the_options_are_refused(
    shapes: dict[str, tuple[int, ...]], message: str
) -> None:
    GflHead(SHAPES, CLASSES, SIZE, [8, 16], BINS)
    with pytest.raises(ModelError, match=f'gfl head: .*{message}'):
        GflHead(shapes, CLASSES, SIZE, [8, 16], BINS)


def test_grids_of_an_input_that_no_stride_divides_are_rounded_up() -> None:
    # 100 pixels are 13 cells of 8, 7 of 16 and 4 of 32.
    shapes = {f'stride_{stride}': (1, cells, cells, CHANNELS)
              for stride, cells in ((8, 13), (16, 7), (32, 4))}
    GflHead(shapes, CLASSES, (100, 100), [8, 16, 32], BINS)


@pytest.mark.parametrize('strides', [[], [8.0, 16], [0, 16], [-8, 16], ['8', '16'], [8, 8, 16],
                                     [True, 16], '8'])
def test_strides_that_are_not_different_counts_are_refused(strides: Any) -> None:
    with pytest.raises(ModelError, match='gfl head: expected different positive whole strides'):
        GflHead(SHAPES, CLASSES, SIZE, strides, BINS)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'bins': 0}, 'positive whole number of bins, got 0'),
        ({'bins': -4}, 'bins, got -4'),
        ({'bins': 4.0}, r'bins, got 4\.0'),
        ({'bins': True}, 'bins, got True'),
        ({'bins': '4'}, "bins, got '4'"),
        ({'bins': 4, 'scores': 'sigmoid'}, r"one of \('logits', 'probabilities'\), got 'sigmoid'"),
        ({'bins': 4, 'scores': None}, 'got None'),
        ({'bins': 4, 'cell_offset': 1.5}, r'cell_offset from 0 to 1, got 1\.5'),
        ({'bins': 4, 'cell_offset': math.nan}, 'cell_offset from 0 to 1, got nan'),
        ({'bins': 4, 'cell_offset': True}, 'cell_offset from 0 to 1, got True'),
        ({'bins': 4, 'cell_offset': '0'}, "cell_offset from 0 to 1, got '0'"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=f'gfl head: expected .*{message}'):
        GflHead(SHAPES, CLASSES, SIZE, [8, 16], **options)
