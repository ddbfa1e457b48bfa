# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""compress_model inspect: what a .tflite file is, and a manifest to run it with."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from compressed_detector.compression import files
from compressed_detector.detection.heads import HEADS
from compressed_detector.detection.inspection import Inspection, inspect, read_labels
from compressed_detector.detection.suggestion import Suggestion, suggest
from compressed_detector.detection.tensors import TensorInfo
from compressed_detector.errors import ConfigError, ModelError


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command inspect to compress_model."""
    parser = commands.add_parser(
        'inspect', help="describe somebody's .tflite detector, and suggest its manifest",
        description='Print inputs, outputs, quantization and operators of a .tflite file, and a '
                    'manifest to start from. What the file does not say is marked as assumed: '
                    'confirm it before a robot relies on it.',
    )
    parser.add_argument('model', type=Path, metavar='FILE.tflite')
    parser.add_argument(
        '--labels', type=Path, metavar='FILE',
        help='class names, one a line, in the order of their ids (default: those in the file)',
    )
    parser.add_argument(
        '--head', choices=sorted(HEADS), help='how the outputs are read (default: by their shapes)'
    )
    parser.add_argument(
        '--write', action='store_true',
        help='write the manifest beside the file; needs --head, and class names',
    )
    parser.add_argument('--force', action='store_true', help='replace a manifest that exists')
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Describe the model; suggest its manifest, or write it."""
    labels = read_labels(arguments.labels) if arguments.labels else ()
    model = inspect(arguments.model)
    print('\n'.join(_facts(model)))
    try:
        suggestion = suggest(model, labels, arguments.head)
    except ModelError as error:
        if arguments.write:
            raise
        print(f'\nNo manifest to suggest: {error}')
        return
    print('\n'.join(_marked(suggestion)))
    if arguments.write:
        _write(arguments, suggestion, bool(labels or model.labels))
    else:
        print('\n' + '\n'.join(_next_steps(arguments, suggestion, bool(labels or model.labels))))


def _facts(model: Inspection) -> list[str]:
    rows = [('input', model.input), *(('output', info) for info in model.outputs)]
    width = max(len(info.name) for _, info in rows)
    operators = ', '.join(f'{count} {name}' for name, count in model.operator_counts.items())
    return [
        f'{model.file}: {model.size_bytes} bytes, sha256 {model.sha256}',
        *(f'{what:7} {info.name:{width}}  {_described(info)}' for what, info in rows),
        f'{len(model.operators)} operators: {operators}',
        f'labels in the file: {_shortened(model.labels) if model.labels else "none"}',
    ]


def _described(info: TensorInfo) -> str:
    quantization = f'  real = {info.scale:g} x (stored {-info.zero_point:+d})'
    return f'{info.dtype} {info.shape}' + (quantization if info.quantized else '')


def _shortened(labels: Sequence[str]) -> str:
    return f'{len(labels)} ({", ".join(labels[:3])}{", ..." if len(labels) > 3 else ""})'


def _marked(suggestion: Suggestion) -> list[str]:
    return [
        '\nA manifest to start from. ASSUMED, not in the file; confirm:',
        *(f'  - {assumption}' for assumption in suggestion.assumptions),
        '', suggestion.manifest.to_json().rstrip(),
    ]


def _next_steps(
    arguments: argparse.Namespace, suggestion: Suggestion, has_labels: bool
) -> list[str]:
    command = f'compress_model inspect {shlex.quote(str(arguments.model))}'
    command += f' --head {suggestion.manifest.head}'
    if arguments.labels:
        command += f' --labels {shlex.quote(str(arguments.labels))}'
    elif not has_labels:
        command += ' --labels LABELS.txt'
    return ['When that is right, write it beside the model and try it:', f'  {command} --write']


def _write(arguments: argparse.Namespace, suggestion: Suggestion, has_labels: bool) -> None:
    if not arguments.head:
        raise ConfigError(
            f'--write: expected --head to confirm how the outputs are read; '
            f'the suggestion is --head {suggestion.manifest.head}'
        )
    if not has_labels:
        raise ConfigError(
            '--write: expected --labels FILE with '
            f'{len(suggestion.manifest.labels)} class names, as the file carries none'
        )
    name = f'{suggestion.manifest.name}.json'
    content = suggestion.manifest.to_json().encode()
    files.write_together(arguments.model.parent, {name: content}, arguments.force)
    print(f'\nwrote {arguments.model.parent / name}; set the parameter `model` to this path')
