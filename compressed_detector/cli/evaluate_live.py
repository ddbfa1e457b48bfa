# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""evaluate_bag --live: the node as its own process, and a bag that is played to it over DDS."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from compressed_detector.cli.evaluate_runs import Model, Options, Progress, Said, settings_for
from compressed_detector.cli.ros_tool import require
from compressed_detector.detection.bundle import Bundle
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.detector_run import CameraRun, Usage
from compressed_detector.evaluation.live_frames import live_frames
from compressed_detector.evaluation.scene import Scene
from compressed_detector.evaluation.sources import COMPRESSED, BagFrames, FrameSource

# What the node says of the frames that it did not look at, by our names.
FATES = {
    'frames_undecodable': 'frames undecodable', 'frames_replaced': 'frames replaced by newer',
    'frames_skipped': 'frames skipped by max_rate', 'frames_too_old': 'frames older than max_age',
}


def live(model: Model, name: str, scene: Scene, options: Options, progress: Progress) -> Said:
    """Play a recording to the node with a model; a Runner."""
    assert model.manifest is not None
    # A domain of its own keeps it apart from whatever else talks on this network.
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randint(1, 100)))
    labels = Bundle.load(model.manifest).manifest.labels
    # The replay shows how far it is: two bars would draw over each other.
    print(f'{model.name}: playing {name}', file=sys.stderr, flush=True)
    run, usage = _play(name, scene, labels, _node_command(options, model.manifest), options.rate)
    return labels, [run], usage


def check(sources: Mapping[str, FrameSource], models: Sequence[Model]) -> None:
    """
    Raise EvaluationError when something cannot be played to the node.

    Raises RosError where there is no ROS.
    """
    require('compressed_detector.ros.live_run')
    for model in models:
        if model.manifest is None:
            raise EvaluationError(f'--live: expected models that the node can run, got '
                                  f'{model.name}; leave it out, or evaluate --offline')
    for name, source in sources.items():
        if not isinstance(source, BagFrames):
            raise EvaluationError(f'--live: expected bags, got {name}; evaluate it --offline')
        if len(source.cameras) != 1:
            raise EvaluationError(f'--live: expected one camera at a time, got '
                                  f'{", ".join(source.cameras)}; choose one with --topics')
        compressed = source.types[source.cameras[0]] == COMPRESSED
        if compressed != source.cameras[0].endswith('/compressed'):
            raise EvaluationError(
                f'--live: expected a topic that ends in /compressed if it has compressed images, '
                f'and only then, got {source.cameras[0]}; evaluate it --offline')


def _node_command(options: Options, manifest: Path) -> list[str]:
    command = [sys.executable, '-m', 'compressed_detector.cli.detector_node', '--ros-args']
    if options.params_file:
        command += ['--params-file', str(options.params_file)]
    else:
        command += ['-p', f'num_threads:={options.num_threads}']
    everything = settings_for(options.score_threshold)
    return [*command, '-p', f'model:={manifest.resolve()}',
            '-p', f'score_threshold:={everything.score_threshold}']


def _play(
    name: str, scene: Scene, labels: tuple[str, ...], node: list[str], rate: float
) -> tuple[CameraRun, Usage]:
    from compressed_detector.ros.live_run import run_live

    source = scene.source
    assert isinstance(source, BagFrames)
    topic = source.cameras[0]
    transport = 'compressed' if topic.endswith('/compressed') else 'raw'
    observed = run_live(
        [*node, '-p', f'image_transport:={transport}',
         '-r', f'image:={topic.removesuffix("/compressed")}'],
        # The recorder is a second subscriber beside the node: wait for both.
        [sys.executable, '-m', 'compressed_detector.cli.replay_bag', str(source.path),
         '--topics', topic, '--rate', str(rate), '--wait-for-subscribers', '2'],
        topic,
    )
    run = live_frames(name, source, labels, observed.answers, observed.latencies_ms)
    answered = len(observed.answers)
    counts = {key: int(value) for key, value in observed.counts.items() if value.isdigit()}
    return run, Usage(
        frames=answered,
        cpu_s_per_frame=observed.node_cpu_s / answered if answered else float('nan'),
        peak_rss_mb=observed.node_peak_rss_bytes / 1e6,
        frames_lost=observed.frames_published - counts.get('frames received', 0),
        **{name: counts.get(key, 0) for name, key in FATES.items()},
    )

