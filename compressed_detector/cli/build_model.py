# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""compress_model build and plan: what a recipe makes of the dense network, and what it costs."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.annotations import CocoData
from compressed_detector.benchmark.contenders import contender, latencies
from compressed_detector.benchmark.pinning import processors
from compressed_detector.benchmark.timing import Plan
from compressed_detector.cli import bag_frames, build_report, user_labels
from compressed_detector.cli.build_figures import Examination, Examined
from compressed_detector.cli.compress_display import plan_table, step_table
from compressed_detector.cli.progress import open_progress
from compressed_detector.compression import dense, files, pipeline
from compressed_detector.compression.build import Build
from compressed_detector.compression.labels import Labels
from compressed_detector.compression.naming import Design
from compressed_detector.compression.pictures import held_out_images, learning_images
from compressed_detector.compression.recipe import Recipe, load_recipe
from compressed_detector.compression.workshop_folder import WorkshopFolder
from compressed_detector.errors import ConfigError
from compressed_detector.evaluation import coco

DEFAULT_WORK = Path('out/workshop')
SUFFIXES = ('tflite', 'json', 'metrics.json', 'report.md', 'report.html')


def add_parsers(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], default_output: Path
) -> None:
    """Add the commands build and plan to compress_model."""
    build = commands.add_parser(
        'build', help='build a .tflite model and its manifest from a recipe',
        description='Write NAME.tflite and NAME.json (its manifest), and what every stage cost '
                    'and won as NAME.metrics.json, NAME.report.md and NAME.report.html, where '
                    'NAME is the name of the recipe.',
    )
    _add_recipe(build)
    build.add_argument(
        '--coco', type=Path, metavar='FILE',
        help='annotations in COCO format: measure the average precision after every stage',
    )
    build.add_argument(
        '--coco-images', type=Path, metavar='DIR',
        help='the pictures of --coco (default: the folder images beside it)',
    )
    build.add_argument(
        '--resume', action='store_true', help='go on from what an earlier run left in --work')
    build.add_argument(
        '--stop-after', metavar='STAGE',
        help='end after this stage, such as kd12 of nanodet_g_416_kd12_wi8_ai8; writes no model',
    )
    build.add_argument(
        '--output', type=Path, default=default_output, metavar='DIR',
        help='where the files are written (default %(default)s)',
    )
    build.add_argument('--force', action='store_true', help='replace files that exist')
    build.set_defaults(run=run_build)
    plan = commands.add_parser(
        'plan', help='say what a recipe would do: operations, parameters, bytes, minutes',
        description='Computes nothing but the time of one inference of the dense network here, '
                    'from which the minutes are estimated.',
    )
    _add_recipe(plan)
    plan.set_defaults(run=run_plan)


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('recipe', type=Path, help='for example config/recipes/*.yaml')
    parser.add_argument(
        '--images', type=Path, metavar='DIR',
        help='pictures to calibrate on and to learn from, without labels: a folder, or a rosbag2 '
             'with camera topics; some hundred, like those the robot sees. One in ten is held '
             'out, to judge by',
    )
    user_labels.add_option(parser)
    parser.add_argument(
        '--classes', metavar='A,B,...',
        help='keep only these, such as person,bicycle: the heads shrink, and nothing else is '
             'learned, scored or detected',
    )
    parser.add_argument(
        '--input-size', type=int, metavar='PIXELS',
        help='in place of that of the recipe; fewer are faster and see less far',
    )
    parser.add_argument(
        '--seed', type=int, metavar='N', help='in place of the seeds in the recipe')
    parser.add_argument(
        '--work', type=Path, default=DEFAULT_WORK, metavar='DIR',
        help='keeps the frames of bags, finished stages and the progress of training '
             '(default %(default)s)',
    )


def run_plan(arguments: argparse.Namespace) -> None:
    """Say what a recipe would do."""
    recipe = _recipe(arguments)
    start = dense.load(recipe.weights)
    with open_progress() as progress:
        images = bag_frames.pictures_in(arguments.images, arguments.work, progress)
        labels = user_labels.load(arguments.labels, images, recipe.design)
        pictures = len(learning_images(images)) if images else 0
        plain = dataclasses.replace(recipe.design, stages=())
        bundle = pipeline.run_design(plain, start, pipeline.Order(None, progress))
    threads = min(2, processors())
    times_ms = latencies([contender('dense', bundle.model)], threads, Plan(turns=3, runs=3),
                             lambda done, total: None)
    inference_ms = float(np.median(times_ms['dense']))
    expected = pipeline.forecasts(recipe.design, start, pictures)
    print(plan_table(recipe.name, expected, inference_ms))
    if labels and images:
        print(user_labels.summary(labels, images, recipe.design))


def run_build(arguments: argparse.Namespace) -> None:
    """Build the model of a recipe, examine what every stage made of it, and write it."""
    recipe = _recipe(arguments)
    names = [f'{recipe.name}.{suffix}' for suffix in SUFFIXES]
    files.refuse_existing([arguments.output / name for name in names], arguments.force)
    _check_before_work(arguments, recipe)
    with open_progress() as progress:
        images = bag_frames.pictures_in(arguments.images, arguments.work, progress)
        labels = user_labels.load(arguments.labels, images, recipe.design)
        truth = _truth(arguments, recipe.design, labels, images)
        if labels and images:
            print(user_labels.summary(labels, images, recipe.design), flush=True)
        held_out = held_out_images(images) if images else []
        examination = Examination(truth, held_out, recipe.design.kind.labels, progress)
        order = pipeline.Order(
            images, progress, WorkshopFolder(arguments.work, arguments.resume),
            examination.judge, labels,
        )
        _build(recipe, order, examination, arguments.stop_after)
        examples = build_report.examples(examination, held_out)
    print(step_table(recipe.name, examination.stages))
    last = examination.last
    if arguments.stop_after and arguments.stop_after == last.code:
        print(f'stopped after {last.code}; go on with --resume')
        return
    contents = (
        last.bundle.model,
        last.bundle.manifest.to_json().encode(),
        (json.dumps(examination.metrics(), indent=1) + '\n').encode(),
        build_report.markdown(recipe.name, examination.stages).encode(),
        build_report.html(recipe.name, examination, examples).encode(),
    )
    files.write_together(arguments.output, dict(zip(names, contents)), arguments.force)
    for name in names:
        print(f'wrote {arguments.output / name}')


def _recipe(arguments: argparse.Namespace) -> Recipe:
    recipe = load_recipe(arguments.recipe)
    changes: dict[str, Any] = {}
    if arguments.classes is not None:
        names = (name.strip() for name in arguments.classes.split(','))
        changes['classes'] = recipe.design.kind.of_classes([*filter(None, names)]).labels
    if arguments.input_size is not None:
        changes['input_size'] = arguments.input_size
    recipe = recipe.changed(**changes)
    return recipe if arguments.seed is None else recipe.with_seed(arguments.seed)


def _check_before_work(arguments: argparse.Namespace, recipe: Recipe) -> None:
    """Raise for what would otherwise fail after minutes or hours."""
    codes = [stage.code for stage in recipe.design.stages]
    if arguments.stop_after and arguments.stop_after not in codes:
        raise ConfigError(f'--stop-after: expected one of {", ".join(codes) or "no stages"}, '
                          f'got {arguments.stop_after!r}')


def _truth(
    arguments: argparse.Namespace, design: Design, labels: Labels | None, images: Path | None
) -> CocoData | None:
    """Return what the average precision is measured by, if anything; raises AnnotationError."""
    if arguments.coco:
        folder = arguments.coco_images or arguments.coco.parent / 'images'
        known = design.whole.labels
        return coco.load_coco(arguments.coco, folder, known, design.kind.labels)
    return user_labels.held_out_truth(labels, images) if labels and images else None


def _build(
    recipe: Recipe, order: pipeline.Order, examination: Examination, stop_after: str | None
) -> None:
    start, design = dense.load(recipe.weights), recipe.design
    native = dataclasses.replace(
        design, input_size=design.whole.native_size, stages=(), classes=())
    whole = Build(native.kind.build(start.weights))
    bundle = pipeline.finish(native, whole, start, order.report)
    examination.add(Examined('dense', native.input_size, whole, bundle))
    for number, step in enumerate(pipeline.steps(design, start, order)):
        code = step.code or _beginning(design, native)
        if not code:
            continue
        so_far = dataclasses.replace(design, stages=design.stages[:number])
        bundle = pipeline.finish(so_far, step.build, start, order.report)
        examination.add(Examined(code, design.input_size, step.build, bundle))
        if step.code and step.code == stop_after:
            break


def _beginning(design: Design, native: Design) -> str:
    """Return how a design differs from the dense network before its first stage, in words."""
    size, classes = design.input_size, len(design.classes)
    parts = [f'input {size}' if size != native.input_size else '',
             f'{classes} class{"es"[:2 * (classes > 1)]}' if classes else '']
    return ', '.join(filter(None, parts))
