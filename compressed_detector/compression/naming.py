# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The names of models: ``<architecture>_<input size>_<classes>_<stage>_<stage>...``.

``nanodet_g_416_wi8_ai8`` is NanoDet-g at 416 pixels with weights and activations of 8 bits;
``fp32`` stands for no stage at all, and ``only-person-traffic.light`` before the stages for
heads that know these classes alone. A name says what the model is, not what it was calibrated
on; decoding it gives the stages with their other parameters at the defaults.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from compressed_detector.compression.architectures import ARCHITECTURES, Architecture
from compressed_detector.compression.stages import STAGES, Stage, is_final
from compressed_detector.errors import CompressionError, ConfigError

NO_STAGE = 'fp32'
LARGEST_SIZE = 1280
ONLY = 'only'
# File systems end at 255 bytes, and suffixes follow.
LONGEST_NAME = 200
PATTERN = rf'([a-z][a-z0-9_]*?)_([1-9]\d{{0,3}})_(?:{ONLY}-([a-z.-]+)_)?([a-z0-9_]+)'


@dataclass(frozen=True)
class Design:
    """
    What a model is built as; raises CompressionError when that is not possible.

    The input is ``input_size`` pixels square. ``stages`` are applied in their order. ``classes``
    are those that the heads know, all of the architecture's where none is named. ``imported`` is
    the architecture where it is a user's own.
    """

    architecture: str
    input_size: int
    stages: tuple[Stage, ...] = ()
    classes: tuple[str, ...] = ()
    imported: Architecture | None = None

    def __post_init__(self) -> None:
        known = [*sorted(ARCHITECTURES), *([self.imported.name] if self.imported else [])]
        if self.architecture not in known:
            raise CompressionError(
                f'architecture: expected one of {known}, got {self.architecture!r}')
        step = self.whole.size_multiple
        if not step <= self.input_size <= LARGEST_SIZE or self.input_size % step:
            raise CompressionError(
                f'input_size: expected a multiple of {step} from {step} to {LARGEST_SIZE}, '
                f'got {self.input_size}'
            )
        early = [stage.code for stage in self.stages[:-1] if is_final(stage)]
        if early:
            raise CompressionError(f'stages: expected {early[0]} once and last')
        if self.classes:
            object.__setattr__(self, 'classes', self.kind.labels)
        if len(self.name) > LONGEST_NAME:
            raise CompressionError(
                f'name: expected at most {LONGEST_NAME} characters, got {len(self.name)}: keep '
                f'fewer classes: {self.name}'
            )

    @property
    def whole(self) -> Architecture:
        """The architecture with all of its classes."""
        return ARCHITECTURES[self.architecture] if self.imported is None else self.imported

    @property
    def kind(self) -> Architecture:
        """The architecture, with the classes that the heads know."""
        return self.whole.of_classes(self.classes) if self.classes else self.whole

    @property
    def name(self) -> str:
        """The name that decodes to this design."""
        codes = [stage.code for stage in self.stages] or [NO_STAGE]
        only = ['-'.join([ONLY, *(name.replace(' ', '.') for name in self.classes)])]
        return '_'.join([self.architecture, str(self.input_size),
                         *(only if self.classes else ()), *codes])


def decode(name: str, imported: Architecture | None = None) -> Design:
    """
    Return the design that a name stands for; raises CompressionError for any other text.

    ``imported`` is the architecture of a name that begins with a user's own.
    """
    match = re.fullmatch(PATTERN, name, re.ASCII)
    if match is None:
        raise CompressionError(
            f'name: expected ARCHITECTURE_SIZE_STAGES like nanodet_g_416_wi8_ai8, got {name!r}'
        )
    architecture, size, only, codes = match.groups()
    stages = () if codes == NO_STAGE else _decode_stages(codes)
    classes = tuple(only.replace('.', ' ').split('-')) if only else ()
    design = Design(architecture, int(size), stages, classes, imported)
    if design.name != name:
        raise CompressionError(f'name: expected {design.name!r}, got {name!r}')
    return design


def _decode_stages(codes: str) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    rest = codes
    while rest:
        stage, length = _decode_stage(rest)
        stages.append(stage)
        rest = rest[length:].removeprefix('_')
    return tuple(stages)


def _decode_stage(codes: str) -> tuple[Stage, int]:
    for kind in STAGES.values():
        match = kind.code.match(codes)
        if match and codes[match.end():match.end() + 1] in ('', '_'):
            try:
                parameters = {
                    key: int(value) if value.isdecimal() else value
                    for key, value in match.groupdict().items()
                }
                return kind.parameters(**parameters), match.end()
            except (ConfigError, ValueError) as error:
                raise CompressionError(f'name: {match.group()!r}: {error}') from error
    raise CompressionError(
        f'name: expected {NO_STAGE} or stages like '
        f'{", ".join(kind.parameters().code for kind in STAGES.values())}, got {codes!r}'
    )
