# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The node's health as diagnostic messages (REP-107): one status per camera, one for the model."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from compressed_detector.config import NodeConfig
from compressed_detector.detection.detector import Detector
from compressed_detector.ros.health import Snapshot
from compressed_detector.ros.judgement import Camera, Level, judge


def of_model(
    node_name: str, state: str, problem: str, warning: str, detector: Detector | None,
    config: NodeConfig,
) -> DiagnosticStatus:
    """
    Return the status of the model, and with it of the node's lifecycle.

    ``node_name`` is the fully qualified one: a robot may have a node of this name per namespace.
    """
    level = Level.ERROR if problem else Level.WARN if warning else Level.OK
    loaded = '' if detector is None else detector.manifest.name
    message = problem or warning or f'{state}, {loaded or "no model"}'
    return _status(_name(node_name, 'model'), level, message, {
        'state': state,
        'model': loaded,
        'runtime': '' if detector is None else detector.runtime_name,
        'threads': str(config.num_threads),
    })


def of_camera(
    node_name: str, camera_name: str, node_state: str,
    state: tuple[Camera, Snapshot, float] | None,
) -> DiagnosticStatus:
    """Return the status of a camera, with the numbers that explain it while it is listened to."""
    name = _name(node_name, camera_name or 'camera')
    if state is None:
        why = 'nobody subscribes its outputs (lazy)' if node_state == 'active' else node_state
        return _status(name, Level.OK, f'takes no images: {why}', {})
    camera, numbers, _ = state
    level, message = judge(*state)
    counts = numbers.counts
    return _status(name, level, message, {
        'image topic': camera.topic,
        'image publishers': str(camera.publishers),
        'frames received': str(counts.received),
        'frames processed': str(counts.processed),
        'frames replaced by newer': str(counts.replaced),
        'frames skipped by max_rate': str(counts.skipped),
        'frames older than max_age': str(counts.too_old),
        'frames undecodable': str(sum(counts.undecodable.values())),
        **{f'undecodable: {reason}': str(n) for reason, n in sorted(counts.undecodable.items())},
        'frames lost in transport': str(counts.lost),
        'frames per second': f'{numbers.fps:.2f}',
        'latency p50 (ms)': f'{numbers.latency.p50_ms:.2f}',
        'latency p99 (ms)': f'{numbers.latency.p99_ms:.2f}',
        'inference p50 (ms)': f'{numbers.inference.p50_ms:.2f}',
        'inference p99 (ms)': f'{numbers.inference.p99_ms:.2f}',
        'age p50 (ms)': f'{numbers.age.p50_ms:.2f}',
        'age p99 (ms)': f'{numbers.age.p99_ms:.2f}',
        'silent for (s)': f'{numbers.silent_s:.2f}',
        'objects without range': str(numbers.unranged),
    })


def level_of(status: DiagnosticStatus) -> Level:
    """Return the level of a status; the message stores it as a byte."""
    return Level(status.level[0])


def _name(node_name: str, subject: str) -> str:
    # A slash at the front would be an empty group in the tree of the diagnostic aggregator.
    return f'{node_name.lstrip("/")}: {subject}'


def _status(
    name: str, level: Level, message: str, values: Mapping[str, str]
) -> DiagnosticStatus:
    return DiagnosticStatus(
        level=bytes([level]), name=name, message=message, hardware_id='compressed_detector',
        values=[KeyValue(key=key, value=value) for key, value in values.items()],
    )
