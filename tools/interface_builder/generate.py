# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Turn message definitions into C, C++ and Python source with the rosidl generators."""

import contextlib
import importlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import BuildError
from .layout import Layout
from .package import InterfacePackage

# The middleware wheels bring Fast DDS; introspection serves every other rmw implementation.
TYPESUPPORTS = ('rosidl_typesupport_fastrtps_c', 'rosidl_typesupport_introspection_c')
TYPE_DESCRIPTION = 'rosidl_generator_type_description'


@dataclass(frozen=True)
class Generator:
    """One rosidl generator: its package, the function to call, and what it takes beside a file."""

    name: str
    function: str
    extra: tuple[list[str], ...] = ()


# rclpy loads only the rosidl_typesupport_c module of a package.
GENERATORS = (
    Generator('rosidl_generator_c', 'generate_c'),
    Generator('rosidl_typesupport_introspection_c', 'generate_c'),
    Generator('rosidl_typesupport_fastrtps_c', 'generate_typesupport_fastrtps_c'),
    Generator('rosidl_typesupport_c', 'generate_c', (list(TYPESUPPORTS),)),
    Generator('rosidl_generator_py', 'generate_py', (['rosidl_typesupport_c'],)),
)
GENERATOR_PACKAGES = ('rosidl_adapter', TYPE_DESCRIPTION, *(g.name for g in GENERATORS))


def check_generators(environment: Layout) -> None:
    """Raise BuildError, with the command to run, when a generator is not in the environment."""
    missing = [
        name for name in GENERATOR_PACKAGES
        if not (environment.share / name / 'package.xml').exists()
    ]
    if not missing:
        return
    distribution = os.environ.get('ROS_DISTRO')
    if distribution:
        raise BuildError(
            f'ROS 2 {distribution} is sourced but has no vision_msgs; '
            f'run: sudo apt install ros-{distribution}-vision-msgs'
        )
    raise BuildError(
        f'the rosidl generators are not in {environment.prefix} (missing: {", ".join(missing)}); '
        f'run: "{environment.prefix}/bin/python" -m pip install -r requirements/ros-kilted.txt'
    )


def generate(package: InterfacePackage, environment: Layout, work: Path) -> None:
    """
    Write the sources to `work/<generator>/<package>/`, the .idl files to `work/idl/<package>/`.

    Raises BuildError with the generator's own words when one refuses a message.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            _write_idl(package, work)
            _write_type_descriptions(package, environment, work)
            for generator in GENERATORS:
                _run(generator, package, environment, work)
    except Exception as error:  # each generator raises its own unrelated types
        raise BuildError(
            f'generating {package.name} failed: {error!r}\n{said.getvalue().strip()}'
        ) from error


def _write_idl(package: InterfacePackage, work: Path) -> None:
    convert = importlib.import_module('rosidl_adapter.msg').convert_msg_to_idl
    for path in package.messages:
        convert(
            package.folder, package.name, path.relative_to(package.folder),
            work / 'idl' / package.name / 'msg',
        )


def _write_type_descriptions(
    package: InterfacePackage, environment: Layout, work: Path
) -> None:
    arguments = _arguments(TYPE_DESCRIPTION, package, environment, work)
    arguments['include_paths'] = [
        f'{name}:{environment.share / name}' for name in package.dependencies
    ]
    module = importlib.import_module(TYPE_DESCRIPTION)
    module.generate_type_hash(_write_arguments(TYPE_DESCRIPTION, arguments, work))


def _run(
    generator: Generator, package: InterfacePackage, environment: Layout, work: Path
) -> None:
    arguments = _arguments(generator.name, package, environment, work)
    descriptions = work / TYPE_DESCRIPTION / package.name / 'msg'
    arguments['type_description_tuples'] = [
        f'msg/{path.stem}.idl:{descriptions / path.stem}.json' for path in package.messages
    ]
    arguments['ros_interface_files'] = [str(path) for path in package.messages]
    function = getattr(importlib.import_module(generator.name), generator.function)
    function(_write_arguments(generator.name, arguments, work), *generator.extra)
    _write_visibility_header(generator.name, package, environment, work)


def _arguments(
    generator_name: str, package: InterfacePackage, environment: Layout, work: Path
) -> dict[str, Any]:
    return {
        'package_name': package.name,
        'output_dir': str(work / generator_name / package.name),
        'template_dir': str(environment.share / generator_name / 'resource'),
        'target_dependencies': [],
        'idl_tuples': [
            f'{work / "idl" / package.name}:msg/{path.stem}.idl' for path in package.messages
        ],
    }


def _write_arguments(generator_name: str, arguments: dict[str, Any], work: Path) -> str:
    path = work / f'{generator_name}.json'
    path.write_text(json.dumps(arguments), encoding='utf-8')
    return str(path)


def _write_visibility_header(
    generator_name: str, package: InterfacePackage, environment: Layout, work: Path
) -> None:
    # In a CMake build this is a configure_file() beside the generator.
    header = f'{generator_name}__visibility_control.h'
    template = environment.share / generator_name / 'resource' / f'{header}.in'
    if not template.exists():
        return
    text = template.read_text(encoding='utf-8').replace('@PROJECT_NAME@', package.name)
    target = work / generator_name / package.name / 'msg' / header
    target.write_text(text.replace('@PROJECT_NAME_UPPER@', package.name.upper()), encoding='utf-8')
