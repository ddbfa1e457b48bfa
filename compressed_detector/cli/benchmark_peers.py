# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The dense networks behind models, in float32, for the runtime of the node and for others."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compressed_detector.benchmark.contenders import Contender
from compressed_detector.benchmark.equality import TOLERANCES, check, difference
from compressed_detector.benchmark.litert import LiteRt
from compressed_detector.benchmark.peers import PEERS, Exported, Peer
from compressed_detector.benchmark.subjects import Subject
from compressed_detector.cli import bag_frames
from compressed_detector.cli.progress import Progress
from compressed_detector.compression import dense, ncnn_graph, onnx_graph
from compressed_detector.compression.architectures import ARCHITECTURES, Architecture
from compressed_detector.compression.calibration import calibration_inputs, choose_images
from compressed_detector.compression.convert import Conversion, Converted, convert
from compressed_detector.compression.network import Network
from compressed_detector.detection.types import Floats
from compressed_detector.errors import BenchmarkError
from compressed_detector.resources import model_folders

CALIBRATION_IMAGES = 100
# Pictures that nothing was calibrated on.
CHECK_IMAGES = 3


@dataclass(frozen=True, eq=False)
class Prepared:
    """Dense networks as models and in peers; ``facts`` are what is known of each peer."""

    dense: list[Subject] = field(default_factory=list)
    contenders: list[Contender] = field(default_factory=list)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)


def prepare(
    subjects: Sequence[Subject], images: Path, work: Path, folder: Path, progress: Progress
) -> Prepared:
    """
    Return the dense network of each architecture and input size that occurs, native sizes first.

    Their .tflite files are written into a folder. A peer that is not installed, or computes
    something else, is left out and says why. Raises CompressionError and BenchmarkError.
    """
    prepared, kinds = Prepared(), _kinds(subjects)
    pictures = bag_frames.pictures_in(images, work, progress)
    assert pictures is not None, 'a path was given'
    for kind, size in kinds:
        network = kind.build(dense.load(_weights(kind)).weights)
        chosen = choose_images(pictures, CALIBRATION_IMAGES + CHECK_IMAGES, seed=0)
        inputs = list(calibration_inputs(chosen, kind, size, progress))
        name = f'{kind.name}_{size}'
        converted = _converted(network, size)
        path = folder / f'{name}.tflite'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(converted.tflite)
        prepared.dense.append(
            Subject(name, path, converted.tflite, None, _metrics(kind, size, subjects)))
        exported = Exported(
            onnx_graph.encode(network, size), ncnn_graph.encode(network, size),
            tuple(network.outputs), inputs[CHECK_IMAGES:] or inputs)
        _add_peers(prepared, name, exported, _expected(converted, inputs[:CHECK_IMAGES]), progress)
    return prepared


def _kinds(subjects: Iterable[Subject]) -> list[tuple[Architecture, int]]:
    found = {}
    for subject in subjects:
        name = subject.manifest.lineage.get('architecture') if subject.manifest else None
        if subject.manifest and name in ARCHITECTURES:
            kind, size = ARCHITECTURES[name], subject.manifest.input.size[0]
            found[kind.name, size] = kind, size
    if not found:
        raise BenchmarkError('--peers: expected a model that compress_model built, whose dense '
                             f'network is known ({", ".join(ARCHITECTURES)}), got none')
    return sorted(found.values(), key=lambda item: (item[0].native_size != item[1], item[1]))


def _weights(kind: Architecture) -> Path:
    paths = [folder / kind.name / 'dense.npz' for folder in model_folders()]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise BenchmarkError(f'--peers: expected the dense weights {kind.name}/dense.npz, got '
                             f'none in {", ".join(map(str, model_folders()))}')
    return path


def _metrics(kind: Architecture, size: int, subjects: Iterable[Subject]) -> Mapping[str, Any]:
    """Return the average precision that a build measured of the dense network, if any did."""
    for subject in subjects:
        of_kind = subject.manifest and subject.manifest.lineage.get('architecture') == kind.name
        if of_kind and size == kind.native_size and 'ap_dense' in subject.metrics:
            return {'ap': subject.metrics['ap_dense']}
    return {}


def _converted(network: Network, size: int) -> Converted:
    # In a process of its own: TensorFlow is large, and its threads would stay.
    context = multiprocessing.get_context('spawn')
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        return pool.submit(convert, network, size, Conversion()).result()


def _expected(
    converted: Converted, pictures: Sequence[Floats]
) -> list[tuple[Floats, dict[str, Floats]]]:
    """Return pictures, and what the .tflite file computes of them by role."""
    reference, expected = LiteRt(converted.tflite, 1), []
    for picture in pictures:
        reference.set_pixels(picture)
        outputs = reference.outputs()
        expected.append(
            (picture, {output.role: outputs[output.tensor] for output in converted.outputs}))
    return expected


def _add_peers(
    prepared: Prepared, network: str, exported: Exported,
    expected: Sequence[tuple[Floats, dict[str, Floats]]], progress: Progress,
) -> None:
    for number, peer in enumerate(PEERS):
        name = f'{network} {peer.name}'
        facts = prepared.facts[name] = {
            'peer': peer.name, 'network': network, 'precision': peer.precision,
            'licence': peer.licence, 'tolerance': TOLERANCES[peer.precision],
        }
        try:
            facts['version'] = peer.version
            contender, facts['difference'] = _checked(name, peer, exported, expected)
            prepared.contenders.append(contender)
        except BenchmarkError as error:
            facts['left_out'] = str(error)
        progress(f'preparing peers of {network}', number + 1, len(PEERS))


def _checked(
    name: str, peer: Peer, exported: Exported,
    expected: Sequence[tuple[Floats, dict[str, Floats]]],
) -> tuple[Contender, float]:
    opener = peer.prepare(exported)
    runner = opener(1)
    differences = []
    for picture, outputs in expected:
        runner.set_pixels(picture)
        differences.append(difference(runner.outputs(), outputs))
    return Contender(name, opener), check(differences, peer.precision)
