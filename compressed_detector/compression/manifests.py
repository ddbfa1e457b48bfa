# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The manifest of a built model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compressed_detector.compression import files
from compressed_detector.compression.build import Build
from compressed_detector.compression.convert import Converted
from compressed_detector.compression.cost import cost
from compressed_detector.compression.naming import Design
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.bundle import Bundle
from compressed_detector.detection.manifest import InputSpec, Manifest


def describe(
    design: Design, converted: Converted, build: Build, provenance: Mapping[str, Any]
) -> Bundle:
    """Return a converted network together with the manifest that the node reads."""
    architecture = design.kind
    figures = cost(build.network, design.input_size)
    manifest = Manifest(
        name=design.name,
        file=f'{design.name}.tflite',
        sha256=files.sha256(converted.tflite),
        input=InputSpec(
            shape=converted.input_shape, dtype=converted.input_dtype, color=architecture.color,
            pad_value=architecture.pad_value, resize=architecture.resize,
        ),
        outputs=converted.outputs,
        head=architecture.head,
        labels=architecture.labels,
        head_options=dict(architecture.head_options),
        lineage={
            'architecture': design.architecture,
            'stages': list(build.notes),
            'dense': dict(provenance),
            'converter': f'tensorflow {tensorflow().__version__}',
            'macs': figures.macs,
            'params': figures.params,
            'size_bytes': len(converted.tflite),
        },
    )
    return Bundle(manifest, converted.tflite)
