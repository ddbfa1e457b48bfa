# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The folder that keeps what took long: finished stages, and training as far as it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compressed_detector.compression import checkpoint, files
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.dense import DenseWeights
from compressed_detector.compression.naming import Design
from compressed_detector.compression.pictures import find_images
from compressed_detector.compression.stages import Stage, is_final
from compressed_detector.errors import CompressionError


@dataclass(frozen=True)
class WorkshopFolder:
    """
    Finished stages by what they were made from: weights, pictures, and all stages up to them.

    So a stage is never taken for another one, and recipes that begin alike share their
    beginnings. Without ``resume``, earlier progress of the same build is refused, not used.
    """

    path: Path
    resume: bool

    def stage(
        self, design: Design, start: DenseWeights, number: int, build: Build, workplace: Workplace
    ) -> Build:
        """Return the build after a stage of the design, from the folder if it is there."""
        stage = design.stages[number]
        if is_final(stage):
            return stage.apply(build, workplace)  # quick, and its data is not the network's
        name = f'{number + 1:02d}_{stage.code}_{_key(design, start, number, workplace)}'
        finished, begun = self.path / f'{name}.npz', self.path / name
        self._refuse_unless_resumed(finished, begun)
        if finished.exists():
            workplace.report(f'{stage.code}: taken from {self.path}', 1, 1)
            return checkpoint.load(finished)
        result = stage.apply(build, dataclasses.replace(workplace, folder=begun))
        files.write_together(self.path, {finished.name: checkpoint.encode(result)}, force=True)
        return result

    def _refuse_unless_resumed(self, finished: Path, begun: Path) -> None:
        found = [str(path) for path in (finished, begun) if path.exists()]
        if found and not self.resume:
            raise CompressionError(
                f'expected no earlier progress of this build, got {found[0]}; continue from it '
                'with --resume, or work elsewhere with --work'
            )


def _key(design: Design, start: DenseWeights, number: int, workplace: Workplace) -> str:
    images, labels = workplace.images, workplace.labels
    made_from: list[Any] = [
        design.architecture, design.input_size, *design.classes, start.provenance,
        [(type(stage).__name__, _options_that_count(stage, labels is not None))
         for stage in design.stages[:number + 1]],
        [(path.name, path.stat().st_size) for path in find_images(images)] if images else [],
        *([labels.digest] if labels else ()),
    ]
    return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:12]


def _options_that_count(stage: Stage, labelled: bool) -> dict[str, Any]:
    """Return the options of a stage, but without labels not what their weight is."""
    options = dataclasses.asdict(stage)
    return {name: value for name, value in options.items()
            if labelled or name != 'label_weight'}
