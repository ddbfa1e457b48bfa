# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The weights of a network as variables that can only move within their forms."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from compressed_detector.compression.forms import Form, codebook, project
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.types import Floats

FREE = Form()
# Called with a weight's name and its value: what is computed with instead (fake quantization).
Disguise = Callable[[str, Any], Any]


class Weighted(Protocol):
    """A dataclass of which training changes the weights alone: a network, a classifier."""

    @property
    def weights(self) -> Mapping[str, Floats]:
        """The weights by name."""


Net = TypeVar('Net', bound=Weighted)


class Parameters(Generic[Net]):
    """
    One variable per weight: its values, or its codebook if they are shared.

    The gradient of an entry of a codebook is the sum over its members (Han et al., Deep
    Compression, ICLR 2016, section 3.3); that of a removed weight is zero. What moves of binary
    weights are the real numbers behind their signs, by the gradients of the signs (Courbariaux
    et al., BinaryConnect, NeurIPS 2015).
    """

    def __init__(self, network: Net, forms: Mapping[str, Form]) -> None:
        tf = tensorflow()
        self._network = network
        self._forms = {name: forms.get(name, FREE) for name in sorted(network.weights)}
        self._variables = {
            name: tf.Variable(_free_values(network.weights[name], form), name=name)
            for name, form in self._forms.items()
        }

    @property
    def variables(self) -> list[Any]:
        """The variables in the order of the weights' names."""
        return list(self._variables.values())

    def decays(self) -> list[bool]:
        """Whether each variable is a kernel, which weight decay is for; biases are not."""
        return [self._network.weights[name].ndim > 1 for name in self._variables]

    def weights(self, disguise: Disguise | None = None) -> dict[str, Any]:
        """Return the weights by name as tensors through which gradients reach the variables."""
        tensors = {name: self._shaped(name) for name in self._variables}
        if disguise is None:
            return tensors
        return {name: disguise(name, tensor) for name, tensor in tensors.items()}

    def network(self, values: list[Floats] | None = None) -> Net:
        """Return the network with the variables' values, or others in their place."""
        arrays = values or [variable.numpy() for variable in self.variables]
        weights = {
            name: _members(array, self._forms[name])
            for name, array in zip(self._variables, arrays)
        }
        changed: Any = self._network
        trained: Net = dataclasses.replace(changed, weights=weights)
        return trained

    def _shaped(self, name: str) -> Any:
        tf, form, tensor = tensorflow(), self._forms[name], self._variables[name]
        if form.binary:
            return _straight_through(tensor)
        if form.assignments is not None:
            tensor = tf.gather(tensor, form.assignments.astype(np.int32))
        return tensor if form.mask is None else tf.where(form.mask, tensor, 0.0)


def _straight_through(latent: Any) -> Any:
    """Return binary weights whose gradients go to the latent ones as they are."""
    tf = tensorflow()
    scales = tf.reduce_mean(tf.abs(latent), axis=list(range(len(latent.shape) - 1)))
    binary = tf.where(latent >= 0, scales, -scales)
    return latent + tf.stop_gradient(binary - latent)


def _free_values(weights: Floats, form: Form) -> Floats:
    return project(weights, form) if form.assignments is None else codebook(weights, form)


def _members(values: Floats, form: Form) -> Floats:
    return project(values if form.assignments is None else values[form.assignments], form)
