# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""ROS 2 parameters from the options of config: declared, described, validated, applied live."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node

from compressed_detector.config import (
    CameraSettings,
    NodeConfig,
    Option,
    from_mapping,
    options,
    unknown_key,
)
from compressed_detector.errors import ConfigError

# Declared by rclpy itself, or addressed to it.
_FOREIGN = ('use_sim_time', 'start_type_description_service', 'qos_overrides.')
UNNAMED = ''


@dataclass(frozen=True)
class Configuration:
    """Every parameter of the node, as values that belong together."""

    node: NodeConfig
    cameras: Mapping[str, CameraSettings]


class Parameters:
    """
    The node's configuration, kept equal to its ROS parameters.

    ``current`` is replaced as a whole when a set of parameters is accepted, so that whoever reads
    it once works with values that belong together. The camera parameters of a named camera carry
    its name before a dot; the ones without a name are then the defaults of all cameras.
    """

    def __init__(
        self,
        node: Node,
        may_change_structure: Callable[[], bool],
        check: Callable[[Configuration], None],
    ) -> None:
        """
        Declare every option on the node; raises ConfigError when a given value is refused.

        ``check`` is asked about every later change, and refuses it by raising ConfigError.
        """
        self._may_change_structure = may_change_structure
        self._check = check
        config = from_mapping(NodeConfig, {o.name: _declare(node, o) for o in options(NodeConfig)})
        defaults = {o.name: _declare(node, o) for o in options(CameraSettings)}
        cameras = {
            name: _declare_camera(node, name, defaults) for name in config.cameras or (UNNAMED,)
        }
        self.current = Configuration(config, MappingProxyType(cameras))
        self._warn_of_unknown(node)
        node.add_on_set_parameters_callback(self._on_set)

    def _on_set(self, parameters: list[Any]) -> SetParametersResult:
        try:
            changed = self._changed({p.name: p.value for p in parameters})
            self._check(changed)
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self.current = changed
        return SetParametersResult(successful=True)

    def _changed(self, values: Mapping[str, Any]) -> Configuration:
        """Return the configuration with all the values changed at once."""
        node_values: dict[str, Any] = {}
        camera_values: dict[str, dict[str, Any]] = {name: {} for name in self.current.cameras}
        of_node, of_camera = _by_name(NodeConfig), _by_name(CameraSettings)
        for name, value in values.items():
            camera, _, field = name.rpartition('.')
            if name in of_node:
                self._refuse_structural(of_node[name], name, self.current.node, value)
                node_values[name] = value
            elif field in of_camera:
                self._require_camera(camera, name, field)
                settings = self.current.cameras[camera]
                self._refuse_structural(of_camera[field], name, settings, value)
                camera_values[camera][field] = value
            # Others are somebody else's, such as use_sim_time.
        return Configuration(
            dataclasses.replace(self.current.node, **node_values),
            MappingProxyType({
                name: dataclasses.replace(settings, **camera_values[name])
                for name, settings in self.current.cameras.items()
            }),
        )

    def _require_camera(self, camera: str, name: str, field: str) -> None:
        if camera not in self.current.cameras:
            names = ', '.join(f'{known}.{field}' for known in self.current.cameras)
            raise ConfigError(f'{name}: the cameras of this node have names; set {names}')

    def _refuse_structural(self, option: Option, name: str, current: Any, value: Any) -> None:
        if option.live or option.check(value) == getattr(current, option.name):
            return
        if option.fixed:
            raise ConfigError(f'{name} cannot change: restart the node with the new value')
        if not self._may_change_structure():
            raise ConfigError(
                f'{name} cannot change while the node is configured: restart it with the new '
                'value, or deactivate, cleanup, set and configure again'
            )

    def _warn_of_unknown(self, node: Node) -> None:
        # ROS 2 drops parameters that nobody declares without a word: a misspelt threshold
        # would silently stay at its default. rclpy has no public accessor for the overrides.
        known = [name for name in node._parameters if not name.startswith(_FOREIGN)]
        for name in node._parameter_overrides:
            if name not in known and not name.startswith(_FOREIGN):
                node.get_logger().warning(f'ignored: {unknown_key(name, known)}')


def _by_name(config: type) -> dict[str, Option]:
    return {option.name: option for option in options(config)}


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


def _declare_camera(node: Node, name: str, defaults: Mapping[str, Any]) -> CameraSettings:
    if name == UNNAMED:
        return from_mapping(CameraSettings, defaults)
    inherited = {**defaults}
    if defaults['image_topic'] == CameraSettings().image_topic:
        inherited['image_topic'] = f'{name}/{defaults["image_topic"]}'
    return from_mapping(CameraSettings, {
        option.name: _declare(
            node, dataclasses.replace(option, default=inherited[option.name]), f'{name}.'
        )
        for option in options(CameraSettings)
    })


def _declare(node: Node, option: Option, prefix: str = '') -> Any:
    name = f'{prefix}{option.name}'
    default: Any = option.default
    if option.is_list:
        default = list(default) or ['']  # ROS 2 has no type for an empty list
    try:
        return node.declare_parameter(name, default, descriptor(option)).value
    except InvalidParameterTypeException as error:
        hint = '; write a decimal point: 3.0, not 3' if option.type is float else ''
        raise ConfigError(f'{name}: expected {option.constraint}{hint}: {error}') from error
    except InvalidParameterValueException as error:
        raise ConfigError(f'{name}: expected {option.constraint}: {error}') from error
