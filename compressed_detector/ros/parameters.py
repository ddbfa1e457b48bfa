# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""ROS 2 parameters from config.py: declared, described, validated and applied live."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node

from compressed_detector.config import NodeConfig, Option, from_mapping, options, unknown_key
from compressed_detector.errors import ConfigError

# Declared by rclpy itself, or addressed to it.
_FOREIGN = ('use_sim_time', 'start_type_description_service', 'qos_overrides.')


def descriptor(option: Option) -> ParameterDescriptor:
    """Return what `ros2 param describe` shows of an option."""
    text = f'{option.description} [{option.unit}]' if option.unit else option.description
    described = ParameterDescriptor(description=text, additional_constraints=option.constraint)
    if option.minimum is not None and option.maximum is not None:
        if option.type is float:
            described.floating_point_range = [
                FloatingPointRange(from_value=option.minimum, to_value=option.maximum)
            ]
        else:
            described.integer_range = [
                IntegerRange(
                    from_value=int(option.minimum), to_value=int(option.maximum), step=1
                )
            ]
    return described


class Parameters:
    """
    The node's configuration, kept equal to its ROS parameters.

    ``config`` is replaced as a whole when a set of parameters is accepted, so that whoever reads
    it once works with values that belong together.
    """

    def __init__(self, node: Node, may_change_structure: Callable[[], bool]) -> None:
        """Declare every option on the node; raises ConfigError when a given value is refused."""
        self._may_change_structure = may_change_structure
        self._warn_of_unknown(node)
        self.config = from_mapping(
            NodeConfig, {option.name: _declare(node, option) for option in options(NodeConfig)}
        )
        node.add_on_set_parameters_callback(self._on_set)

    def _on_set(self, parameters: list[Any]) -> SetParametersResult:
        names = [option.name for option in options(NodeConfig)]
        changes = {p.name: p.value for p in parameters if p.name in names}
        try:
            self._refuse_structural(changes)
            self.config = dataclasses.replace(self.config, **changes)
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _refuse_structural(self, changes: dict[str, Any]) -> None:
        if self._may_change_structure():
            return
        fixed = [
            option.name
            for option in options(NodeConfig)
            if not option.live
            and changes.get(option.name, getattr(self.config, option.name))
            != getattr(self.config, option.name)
        ]
        if fixed:
            raise ConfigError(
                f'{", ".join(fixed)} cannot change while the node is configured: restart it with '
                'the new value, or deactivate, cleanup, set and configure again'
            )

    @staticmethod
    def _warn_of_unknown(node: Node) -> None:
        # ROS 2 drops parameters that nobody declares without a word: a misspelt threshold
        # would silently stay at its default. rclpy has no public accessor for the overrides.
        known = [option.name for option in options(NodeConfig)]
        for name in node._parameter_overrides:
            if name not in known and not name.startswith(_FOREIGN):
                node.get_logger().warning(f'ignored: {unknown_key(name, known)}')


def _declare(node: Node, option: Option) -> Any:
    try:
        return node.declare_parameter(option.name, option.default, descriptor(option)).value
    except InvalidParameterTypeException as error:
        hint = '; write a decimal point: 3.0, not 3' if option.type is float else ''
        raise ConfigError(f'{option.name}: expected {option.constraint}{hint}: {error}') from error
    except InvalidParameterValueException as error:
        raise ConfigError(f'{option.name}: expected {option.constraint}: {error}') from error
