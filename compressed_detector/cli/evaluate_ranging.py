# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Compare ground-plane ranges with the measured distances of KITTI objects."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from compressed_detector.config import DetectionSettings, RangingSettings
from compressed_detector.detection.bundle import find_manifest
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.ranging import Ranges
from compressed_detector.errors import CompressedDetectorError, EvaluationError
from compressed_detector.evaluation import kitti
from compressed_detector.evaluation.kitti_numbers import read_numbers, write_numbers
from compressed_detector.evaluation.range_pictures import write_scatter
from compressed_detector.evaluation.range_scores import RangeScore, score_ranges
from compressed_detector.resources import model_folders

BANDS_M = ((3.0, 10.0), (10.0, 20.0), (20.0, 30.0), (3.0, 30.0))


@dataclass(frozen=True, eq=False)
class Run:
    """Objects and the ranges that boxes from one source give them, row by row."""

    boxes_from: str
    objects: Sequence[kitti.KittiObject]
    ranges: Ranges


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    arguments = build_parser().parse_args(argv)
    try:
        _run(arguments)
    except OSError as error:
        print(f'error: cannot write {error.filename}: {error.strerror}', file=sys.stderr)
        return 2
    except CompressedDetectorError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog='evaluate_ranging', description=__doc__)
    parser.add_argument(
        'data', type=Path, help='KITTI folder with image_2, label_2 and calib, or a file that '
        '--export wrote',
    )
    parser.add_argument(
        '--model', metavar='NAME', help='range the boxes of this detector too: the name of an '
        'installed model, or the path of a manifest (.json); needs the pictures',
    )
    parser.add_argument(
        '--export', type=Path, metavar='FILE', help='write boxes, cameras and distances as JSON'
    )
    parser.add_argument(
        '--output', type=Path, metavar='FOLDER', help='write a picture of ranges over distances'
    )
    return parser


def _run(arguments: argparse.Namespace) -> None:
    data = arguments.data
    objects = read_numbers(data) if data.is_file() else kitti.load_folder(data)
    if arguments.export:
        write_numbers(arguments.export, objects)
    settings = RangingSettings()
    boxes = [item.box_xyxy for item in objects]
    runs = [Run('labels', objects, kitti.range_objects(objects, boxes, settings))]
    if arguments.model:
        runs.append(_detect(objects, data, arguments.model, settings))
    console = Console()
    for run in runs:
        console.print(_table(run))
    if arguments.output:
        for path in _write_pictures(runs, arguments.output):
            console.print(f'wrote {path}')


def _detect(
    objects: Sequence[kitti.KittiObject], folder: Path, model: str, settings: RangingSettings
) -> Run:
    if not folder.is_dir():
        raise EvaluationError(f'--model: expected a KITTI folder with pictures, got {folder}')
    detector = Detector.load(find_manifest(model, model_folders()), num_threads=2)
    rows, boxes = kitti.detect_objects(
        objects, folder, lambda image: detector.detect(image, DetectionSettings()),
        detector.labels,
    )
    found = [objects[row] for row in rows]
    return Run('detector', found, kitti.range_objects(found, boxes, settings))


def _table(run: Run) -> Table:
    title = f'Error of the range, boxes of the {run.boxes_from}'
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 0, 0, 1), pad_edge=False)
    table.add_column('object', no_wrap=True)
    for column in ('distance', 'count', 'median', 'MAD', 'p90', 'too far', 'in 2 std'):
        table.add_column(column, justify='right', no_wrap=True)
    for subject in kitti.SUBJECTS:
        for band_m in BANDS_M:
            rows, distances_m = kitti.clear_distances(run.objects, subject, band_m)
            table.add_row(
                subject.name, f'{band_m[0]:g}-{band_m[1]:g} m',
                *_cells(score_ranges(run.ranges[rows], distances_m)),
                end_section=band_m == BANDS_M[-1],
            )
    rows, distances_m = kitti.cut_distances(run.objects)
    cells = _cells(score_ranges(run.ranges[rows], distances_m))
    table.add_row('cut by the bottom', 'near face', *cells)
    return table


def _cells(score: RangeScore) -> tuple[str, ...]:
    total = score.count + score.unknown
    count = f'{score.count} of {total}' if score.unknown else str(total)
    if not score.count:
        return (count, *'-----')
    return (
        count, f'{score.median_error:+.1%}', f'{score.mad:.1%}', f'{score.p90_abs_error:.1%}',
        f'{score.too_far:.0%}', f'{score.coverage:.0%}',
    )


def _write_pictures(runs: Sequence[Run], folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for run in runs:
        groups = {}
        for subject in kitti.SUBJECTS[:2]:
            rows, distances_m = kitti.clear_distances(run.objects, subject, BANDS_M[-1])
            groups[subject.name] = (run.ranges[rows], distances_m)
        path = folder / f'ranges_{run.boxes_from}.png'
        write_scatter(path, groups, BANDS_M[-1][1])
        yield path


if __name__ == '__main__':
    sys.exit(main())
