# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which head could read a model's outputs, by their shapes and the model's operators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compressed_detector.detection.heads.levels import grid
from compressed_detector.detection.inspection import Inspection
from compressed_detector.detection.tensors import TensorInfo

POSTPROCESS = 'TFLite_Detection_PostProcess'
STRIDE_SETS = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32))
STRIDES = (4, 8, 16, 32, 64, 128)
# Distances of 0..7 (NanoDet, NanoDet-Plus, PicoDet), 0..10 (NanoDet-g), 0..16 (GFL).
USUAL_BINS = (8, 11, 17)
BACKGROUND = ('background', '???')
BOX, BOX_AND_OBJECTNESS = 4, 5


@dataclass(frozen=True)
class Layout:
    """A head that could read the outputs: which is which, and what else it has to be told."""

    head: str
    family: str
    why: str
    num_classes: int
    roles: Mapping[str, TensorInfo]
    options: Mapping[str, Any]


def layouts(
    model: Inspection, input_size: tuple[int, int], labels: Sequence[str]
) -> Iterator[Layout]:
    """
    Yield every layout that fits an input of (width, height) and the labels.

    No labels mean that their number is not known.
    """
    yield from _ssd(model, labels)
    if not all(info.shape for info in model.outputs):
        return  # a single number is no prediction
    if len(model.outputs) == 1:
        yield from _yolov8(model.outputs[0], input_size, labels)
        yield from _yolox(model, input_size, labels)
        yield from _gfl_joined(model, input_size, labels)
    yield from _gfl_maps(model.outputs, input_size, labels)
    yield from _gfl_pairs(model, input_size, labels)


def _ssd(model: Inspection, labels: Sequence[str]) -> Iterator[Layout]:
    for operator in model.operators:
        if operator.name != POSTPROCESS or len(operator.outputs) != 4:
            continue
        # The operator reads the class scores, nearly always with a column for the background.
        columns = operator.inputs[1].shape[-1]
        if len(labels) in (0, columns - 1, columns):
            has_background = len(labels) == columns and labels[0].lower() in BACKGROUND
            yield Layout(
                'ssd', 'SSD', f'the network ends with {POSTPROCESS}', len(labels) or columns - 1,
                dict(zip(('boxes', 'classes', 'scores', 'count'), operator.outputs)),
                {'label_offset': int(has_background)},
            )


def _yolov8(
    output: TensorInfo, input_size: tuple[int, int], labels: Sequence[str]
) -> Iterator[Layout]:
    if len(output.shape) != 3 or not _strides_of(input_size, output.shape[2]):
        return
    num_classes = output.shape[1] - BOX
    if num_classes >= 1 and len(labels) in (0, num_classes):
        yield Layout(
            'yolov8', 'YOLOv8', f'the shape is (1, 4 + {num_classes} classes, anchors)',
            num_classes, {'predictions': output}, {'normalized': True},
        )


def _yolox(
    model: Inspection, input_size: tuple[int, int], labels: Sequence[str]
) -> Iterator[Layout]:
    output = model.outputs[0]
    strides = _strides_of(input_size, output.shape[1]) if len(output.shape) == 3 else ()
    num_classes = output.shape[-1] - BOX_AND_OBJECTNESS
    if strides and num_classes >= 1 and len(labels) in (0, num_classes):
        yield Layout(
            'yolox', 'YOLOX', f'the shape is (1, anchors, 5 + {num_classes} classes)',
            num_classes, {'predictions': output},
            # Width and height are decoded with an exponential, which nothing else needs.
            {'strides': list(strides), 'decoded': _has(model, 'EXP')},
        )


def _gfl_joined(
    model: Inspection, input_size: tuple[int, int], labels: Sequence[str]
) -> Iterator[Layout]:
    output = model.outputs[0]
    strides = _strides_of(input_size, output.shape[1]) if len(output.shape) == 3 else ()
    plus = 64 in strides
    for num_classes, bins in _classes_and_bins(output.shape[-1], labels) if strides else ():
        yield Layout(
            'gfl', 'NanoDet-Plus' if plus else 'NanoDet',
            f'the shape is (1, cells, {num_classes} classes + 4 x {bins} bins)', num_classes,
            {'predictions': output},
            {'strides': list(strides), 'bins': bins, 'scores': _scores(model),
             'cell_offset': 0.0 if plus else 0.5},
        )


def _gfl_maps(
    outputs: Sequence[TensorInfo], input_size: tuple[int, int], labels: Sequence[str]
) -> Iterator[Layout]:
    by_stride = {_stride_of(input_size, info): info for info in outputs}
    channels = {info.shape[-1] for info in outputs}
    maps = all(len(info.shape) == 4 for info in outputs)
    if not maps or None in by_stride or len(by_stride) != len(outputs) or len(channels) != 1:
        return
    for num_classes, bins in _classes_and_bins(channels.pop(), labels):
        yield Layout(
            'gfl', 'NanoDet',
            f'each stride has a map with {num_classes} classes + 4 x {bins} bins', num_classes,
            {f'stride_{stride}': info for stride, info in by_stride.items()},
            {'strides': sorted(filter(None, by_stride)), 'bins': bins, 'scores': 'logits'},
        )


def _gfl_pairs(
    model: Inspection, input_size: tuple[int, int], labels: Sequence[str]
) -> Iterator[Layout]:
    sides = {info.shape[-1] for info in model.outputs if _may_be_sides(info, labels)}
    classes = {info.shape[-1] for info in model.outputs} - sides
    roles = {
        f'{"boxes" if info.shape[-1] in sides else "scores"}_{_stride_of(input_size, info)}': info
        for info in model.outputs
    }
    strides = sorted({stride for stride in STRIDES if f'boxes_{stride}' in roles})
    complete = {f'{kind}_{stride}' for kind in ('scores', 'boxes') for stride in strides}
    fits = len(roles) == len(model.outputs) and set(roles) == complete
    if fits and len(sides) == len(classes) == 1:
        (num_classes,), (side_channels,) = classes, sides
        yield Layout(
            'gfl', 'PicoDet', 'each stride has an output for classes and one for sides',
            num_classes, roles,
            {'strides': strides, 'bins': side_channels // BOX, 'scores': _scores(model)},
        )


def _may_be_sides(info: TensorInfo, labels: Sequence[str]) -> bool:
    channels = info.shape[-1]
    if labels:
        return channels != len(labels) and channels % BOX == 0
    return channels in [BOX * bins for bins in USUAL_BINS]


def _classes_and_bins(channels: int, labels: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield how many classes and bins the channels could be."""
    if labels:
        bins, rest = divmod(channels - len(labels), BOX)
        if rest == 0 and bins >= 2:
            yield len(labels), bins
        return
    yield from (
        (channels - BOX * bins, bins) for bins in USUAL_BINS if channels > BOX * bins
    )


def _strides_of(input_size: tuple[int, int], cells: int) -> tuple[int, ...]:
    """Return the usual strides that together have so many cells, or none."""
    for strides in STRIDE_SETS:
        grids = [grid(input_size, stride) for stride in strides]
        if sum(rows * columns for rows, columns in grids) == cells:
            return strides
    return ()


def _stride_of(input_size: tuple[int, int], info: TensorInfo) -> int | None:
    """Return the stride whose cells an output has, as a map or one after the other."""
    for stride in STRIDES:
        rows, columns = grid(input_size, stride)
        if info.shape[:-1] in ((1, rows, columns), (1, rows * columns)):
            return stride
    return None


def _scores(model: Inspection) -> str:
    """Return what the authors' exports contain, unless the network has no sigmoid at all."""
    return 'probabilities' if _has(model, 'LOGISTIC') else 'logits'


def _has(model: Inspection, operator: str) -> bool:
    return operator in model.operator_counts
