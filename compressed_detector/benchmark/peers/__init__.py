# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Other runtimes, to be timed on the same network in the same run."""

from __future__ import annotations

from compressed_detector.benchmark.peers import ncnn, onnx_runtime, openvino
from compressed_detector.benchmark.peers.peer import Exported, Peer, Runner

PEERS: tuple[Peer, ...] = (
    Peer('onnxruntime', 'float32', ('onnxruntime',), 'MIT', onnx_runtime.prepare),
    Peer('openvino', 'float32', ('openvino',), 'Apache-2.0', openvino.prepare),
    Peer('openvino_int8', 'int8', ('openvino', 'nncf'), 'Apache-2.0', openvino.prepare_int8),
    Peer('ncnn', 'float32', ('ncnn',), 'BSD-3-Clause', ncnn.prepare),
)

__all__ = ['PEERS', 'Exported', 'Peer', 'Runner']
