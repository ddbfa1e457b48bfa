# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Networks that are described beside their dense weights, not in code: users' own detectors."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from compressed_detector.compression import layer_json
from compressed_detector.compression.architectures.architecture import Architecture, Weights
from compressed_detector.compression.network import Network
from compressed_detector.errors import CompressionError

# Where a model's name has the input size, a number follows an underscore.
NAME = re.compile(r'[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*')
KEY = 'network'


def to_json(architecture: Architecture, network: Network) -> dict[str, Any]:
    """Return what describes an architecture and its layers, for the weights' provenance."""
    described = {field.name: getattr(architecture, field.name)
                 for field in dataclasses.fields(architecture) if field.name != 'build'}
    return {'architecture': architecture.name, KEY: {
        **described, 'outputs': dict(network.outputs), 'input_channels': network.input_channels,
        'layers': layer_json.to_json(network.layers),
    }}


def from_json(provenance: Mapping[str, Any]) -> Architecture:
    """Return the architecture described in a provenance; raises CompressionError."""
    try:
        described = dict(provenance[KEY])
        outputs, channels = described.pop('outputs'), described.pop('input_channels')
        layers = layer_json.from_json(described.pop('layers'))
        for name in ('labels', 'features'):
            described[name] = tuple(described[name])

        def build(weights: Weights) -> Network:
            return Network(layers, outputs, weights, channels)

        return Architecture(build=build, **described)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CompressionError(
            f'dense weights: expected the description of a network that compress_model import '
            f'wrote, got {type(error).__name__}: {error}; import the model again'
        ) from error
