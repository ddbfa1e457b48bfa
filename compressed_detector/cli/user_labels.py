# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The option --labels of compress_model: what is learned from and what is scored by."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from compressed_detector.annotations import CocoData
from compressed_detector.compression.distill import Distill
from compressed_detector.compression.labels import Labels, load_labels
from compressed_detector.compression.naming import Design
from compressed_detector.compression.pictures import held_out_images, learning_images
from compressed_detector.errors import ConfigError


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add --labels to a command that has --images."""
    parser.add_argument(
        '--labels', type=Path, metavar='FILE',
        help='what is on some of the pictures of --images, in COCO format: file_name is the path '
             'in that folder, or a name that only one picture there has; an image without '
             'annotations is one of nothing. Stages that train learn from it, as much as their '
             'label_weight says (docs/recipes.md); held-out pictures are never learned from: '
             'without --coco the average precision is measured on them',
    )


def load(labels: Path | None, images: Path | None, design: Design) -> Labels | None:
    """Return the labels, if there are any; raises what load_labels raises, and ConfigError."""
    if labels is None:
        return None
    if images is None:
        raise ConfigError('--labels: expected --images DIR beside it, the pictures that it is '
                          'about, got none')
    return load_labels(labels, images, design.kind, only_some=bool(design.classes))


def held_out_truth(labels: Labels, images: Path) -> CocoData | None:
    """Return what is labelled on held-out pictures; None where no object is."""
    truth = labels.of(set(held_out_images(images)) - set(learning_images(images)))
    objects = [item for item in truth.dataset['annotations'] if not item['iscrowd']]
    return truth if objects else None


def summary(labels: Labels, images: Path, design: Design) -> str:
    """Return how many pictures are labelled, with what, and what becomes of that, as text."""
    learners = [stage.code for stage in design.stages if isinstance(stage, Distill)]
    lines = [
        f'labels: {_share(labels, learning_images(images))} pictures to learn from, '
        f'{_share(labels, held_out_images(images))} held-out ones',
        f'  annotations: {_listed(labels.counts()) or "none: these are pictures of nothing"}',
        f'  learned from in: {", ".join(learners) or "no stage, since none of these trains"}',
    ]
    if labels.left_out:
        lines.append(f'  left out, of other classes: {_listed(labels.left_out)}')
    if held_out_truth(labels, images) is None:
        lines.append('  no average precision: there is no object on a held-out picture')
    return '\n'.join(lines)


def _share(labels: Labels, pictures: Sequence[Path]) -> str:
    return f'{len(labels.pictures & set(pictures))} of {len(pictures)}'


def _listed(counts: Mapping[str, int]) -> str:
    return ', '.join(f'{count} {name}' for name, count in counts.items())
