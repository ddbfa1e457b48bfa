# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A Keras model computed with weights that are given, not with its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compressed_detector.compression.network import Network

Forward = Callable[[Mapping[str, Any], Any], Mapping[str, Any]]


def forward_of(model: Any, network: Network) -> Forward:
    """
    Return the model as a function of weights by name and images (batch, size, size, channels).

    The model is build_model's of this network; gradients reach the weights.
    """
    names = {f'{conv.name}/kernel': conv.weight_name for conv in network.convolutions}
    names.update({f'{conv.name}/bias': conv.bias_name for conv in network.convolutions})
    order = [names[variable.path] for variable in model.trainable_variables]

    def forward(weights: Mapping[str, Any], images: Any) -> Mapping[str, Any]:
        values = [weights[name] for name in order]
        outputs, _ = model.stateless_call(values, model.non_trainable_variables, images)
        return outputs

    return forward
