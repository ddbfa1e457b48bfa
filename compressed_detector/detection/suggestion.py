# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A manifest to start from, for a model that came without one.

What a model's tensors do not say is filled in as the authors of such models preprocess, and
listed as assumptions for the user to confirm. The node itself never guesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.detection.heads import HEADS, make_head
from compressed_detector.detection.inspection import Inspection
from compressed_detector.detection.manifest import InputSpec, Manifest, OutputSpec
from compressed_detector.detection.output_layouts import Layout, layouts
from compressed_detector.detection.tensors import TensorInfo
from compressed_detector.errors import ModelError

COCO_CLASSES = 80
IMAGENET = {'mean': (123.675, 116.28, 103.53), 'std': (58.395, 57.12, 57.375)}
IMAGENET_BGR = {'mean': (103.53, 116.28, 123.675), 'std': (57.375, 57.12, 58.395)}

# How the authors of each family prepare an image, and where they say so.
PREPROCESSING: dict[str, tuple[dict[str, Any], str]] = {
    'YOLOX': ({'color': 'bgr', 'pad_value': 114, 'resize': 'letterbox_top_left'},
              'YOLOX since 0.1.1: preproc() in yolox/data/data_augment.py'),
    'YOLOv8': ({'color': 'rgb', 'pad_value': 114, 'std': (255.0,) * 3},
               'Ultralytics: LetterBox, then division by 255'),
    'SSD': ({'color': 'rgb', 'mean': (127.5,) * 3, 'std': (127.5,) * 3, 'resize': 'stretch'},
            'TensorFlow object detection: fixed_shape_resizer, pixels to -1..1; EfficientDet '
            "was trained with resize 'letterbox_top_left' and pad_value 127"),
    'NanoDet': ({'color': 'bgr', **IMAGENET_BGR}, 'NanoDet: keep_ratio true, normalize'),
    'NanoDet-Plus': ({'color': 'bgr', 'resize': 'stretch', **IMAGENET_BGR},
                     'NanoDet-Plus: keep_ratio false, normalize'),
    'PicoDet': ({'color': 'rgb', 'resize': 'stretch', **IMAGENET},
                'PicoDet: keep_ratio false, NormalizeImage'),
}


@dataclass(frozen=True)
class Suggestion:
    """A manifest that fits the model's tensors, and what in it is only assumed."""

    manifest: Manifest
    assumptions: tuple[str, ...] = field(default=())


def suggest(
    model: Inspection, labels: Sequence[str] = (), head: str | None = None
) -> Suggestion:
    """
    Return a manifest to start from.

    Without labels, those in the file or, failing these, class_0, class_1, ... are used. Raises
    ModelError that says what a head needs when none fits, or several do.
    """
    known = tuple(labels) or model.labels
    shape = _image_shape(model.input)
    layout = _choose(model, InputSpec(shape, str(model.input.dtype)).size, known, head)
    names = known or tuple(f'class_{number}' for number in range(layout.num_classes))
    preprocessing, source = _preprocessing(layout.family, model.input)
    manifest = Manifest(
        name=Path(model.file).stem, file=model.file, sha256=model.sha256,
        input=InputSpec(shape, str(model.input.dtype), **preprocessing),
        outputs=tuple(
            OutputSpec(role, info.name, info.shape, str(info.dtype))
            for role, info in layout.roles.items()
        ),
        head=layout.head, labels=names, head_options=dict(layout.options),
        lineage={'made_by': 'compress_model inspect'},
    )
    make_head(manifest)
    return Suggestion(manifest, _assumptions(layout, known, source, head))


def _image_shape(info: TensorInfo) -> tuple[int, int, int, int]:
    if len(info.shape) != 4:
        raise ModelError(f'expected an image of (1, height, width, 3) as input, got {info.shape}')
    batch, first, second, last = info.shape
    return batch, first, second, last


def _choose(
    model: Inspection, input_size: tuple[int, int], labels: Sequence[str], head: str | None
) -> Layout:
    if head is not None and head not in HEADS:
        raise ModelError(f'head: expected one of {sorted(HEADS)}, got {head!r}')
    found = [
        item for item in layouts(model, input_size, labels) if head in (None, item.head)
    ]
    # Most published detectors have COCO's 80 classes.
    likely = [item for item in found if item.num_classes == COCO_CLASSES] or found
    if len(likely) == 1:
        return likely[0]
    outputs = ', '.join(f'{info.name} {info.shape}' for info in model.outputs)
    if likely:
        raise ModelError(f'the outputs, {outputs}, could be those of {_listed(likely)}: '
                         'choose with --head, and give the class names with --labels')
    wanted = f'the head {head}' if head else f'a known head ({", ".join(sorted(HEADS))})'
    others = list(layouts(model, input_size, ())) if labels else []
    raise ModelError(
        f'the outputs, {outputs}, are not those of {wanted}'
        + (f' with {len(labels)} labels' if labels else ' with a usual number of classes; '
           'give the class names with --labels')
        + (f'; they could be those of {_listed(others)}' if others else '')
    )


def _listed(found: Sequence[Layout]) -> str:
    return ' or '.join(f'{item.head} with {item.num_classes} labels' for item in found)


def _preprocessing(family: str, info: TensorInfo) -> tuple[dict[str, Any], str]:
    """Return the reference preprocessing, unless the input stores pixels as they are."""
    reference, source = PREPROCESSING[family]
    if not info.quantized or (family != 'SSD' and _fills(reference, info)):
        return reference, source
    # Calibrated on pixels, the stored number is the pixel, for int8 less 128.
    zero_point = info.zero_point - int(np.iinfo(info.dtype).min)
    taken = {'mean': (float(zero_point),) * 3, 'std': (1 / info.scale,) * 3}
    return {**reference, **taken}, f'{source}; mean and std from the quantization of the input'


def _fills(preprocessing: dict[str, Any], info: TensorInfo) -> bool:
    """Whether normalized pixels use most of the numbers that the input can store."""
    limits = np.iinfo(info.dtype)
    std = np.array(preprocessing.get('std', (1.0,) * 3))
    share = 255 / std / info.scale / (int(limits.max) - int(limits.min))
    return bool(np.all((share > 0.7) & (share < 1.3)))


def _assumptions(
    layout: Layout, labels: Sequence[str], source: str, head: str | None
) -> tuple[str, ...]:
    made = [f'input: as in {source}; your training may differ']
    if head is None:
        made.insert(0, f'head: {layout.head}, as {layout.why}')
    if layout.options:
        made.append('head_options: ' + ', '.join(
            f'{name} {value}' for name, value in layout.options.items()
        ))
    if not labels:
        made.append(f'labels: {layout.num_classes} placeholders; give the names with --labels')
    return tuple(made)
