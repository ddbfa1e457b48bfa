# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""compress_model archive: pack a model and its manifest into a small file (.dcz), or unpack it."""

from __future__ import annotations

import argparse
from pathlib import Path

from compressed_detector.compression import files
from compressed_detector.compression.archive_report import SizeReport, size_report
from compressed_detector.compression.archiving import pack
from compressed_detector.detection.archive import SUFFIX, Archive
from compressed_detector.detection.bundle import MAX_MODEL_BYTES, Bundle
from compressed_detector.detection.model_cache import read_archive
from compressed_detector.errors import ConfigError

EXAMPLES = """
examples:
  compress_model archive models/nanodet_g/nanodet_g_416_wi8_ai8.json --output nanodet_g.dcz
  compress_model archive nanodet_g.dcz             where its bytes went
  compress_model archive nanodet_g.dcz --expand    write the .tflite file and the manifest again

The node takes the archive as it is: set its parameter `model` to the path of the .dcz file. It
is expanded once into ~/.cache/compressed_detector.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command archive to compress_model."""
    parser = commands.add_parser(
        'archive', help='pack a model and its manifest into one small file (.dcz), or unpack it',
        description='Code pruned, shared and quantized weights in the bits that they are worth, '
                    'bit-exactly, and say where the bytes went.',
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('file', type=Path, metavar='MODEL.json|MODEL.dcz')
    parser.add_argument(
        '--output', type=Path, metavar='PATH',
        help='the archive to write (default: MODEL.dcz beside the manifest), or the folder to '
             'expand into (default: that of the archive)',
    )
    parser.add_argument('--expand', action='store_true', help='write what is in the archive')
    parser.add_argument('--force', action='store_true', help='replace files that exist')
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Archive, expand, or describe, as the file's kind and the options say."""
    if arguments.file.suffix != SUFFIX:
        _pack(arguments)
    elif arguments.expand:
        _expand(arguments)
    else:
        print(describe(size_report(read_archive(arguments.file, MAX_MODEL_BYTES))))


def _pack(arguments: argparse.Namespace) -> None:
    if arguments.expand:
        raise ConfigError(f'--expand: expected an archive ({SUFFIX}), got {arguments.file}')
    target: Path = arguments.output or arguments.file.with_suffix(SUFFIX)
    if target.suffix != SUFFIX:
        raise ConfigError(f'--output: expected a name that ends in {SUFFIX}, got {target}')
    files.refuse_existing([target], arguments.force)
    content = pack(Bundle.load(arguments.file))
    files.write_together(target.parent, {target.name: content}, arguments.force)
    print(f'{describe(size_report(content))}\nwrote {target}')


def _expand(arguments: argparse.Namespace) -> None:
    archive = Archive.open(read_archive(arguments.file, MAX_MODEL_BYTES), MAX_MODEL_BYTES)
    folder: Path = arguments.output or arguments.file.parent
    contents = {
        archive.manifest.file: archive.expand(),
        f'{Path(archive.manifest.file).stem}.json': archive.manifest.to_json().encode(),
    }
    files.write_together(folder, contents, arguments.force)
    for name in contents:
        print(f'wrote {folder / name}')


def describe(report: SizeReport) -> str:
    """Return a table of the tensors, then the totals."""
    width = max([len(tensor.name) for tensor in report.tensors] + [6])
    before, after = report.bits_per_weight
    return '\n'.join([
        f'{"tensor":{width}}  {"kind":6}  elements  density  bits: weights    gaps  codebook',
        *(f'{tensor.name:{width}}  {tensor.kind.name.lower():6}  {tensor.elements:8}  '
          f'{tensor.density:7.1%}  {tensor.weight_bits / tensor.elements:13.3f}  '
          f'{tensor.gap_bits / tensor.elements:6.3f}  '
          f'{tensor.codebook_bits / tensor.elements:8.3f}' for tensor in report.tensors),
        '',
        *(f'{name:20}  {size:9} bytes' for name, size in report.sections.items()),
        f'{"archive":20}  {report.file_bytes:9} bytes, '
        f'{report.file_bytes / report.model_bytes:.2%} of the .tflite file '
        f'({report.model_bytes} bytes)',
        f'{"paper accounting":20}  {report.paper_bytes:9.0f} bytes: weights, gaps and codebooks, '
        f'{before:.2f} -> {after:.3f} bits per weight',
    ])
