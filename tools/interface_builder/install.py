# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bring a compiled interface package into an environment, all of it or nothing."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .compiler import LIBRARIES, library_name
from .errors import BuildError
from .generate import TYPE_DESCRIPTION
from .layout import STAMP_NAME, Layout
from .package import InterfacePackage

# Loads every library of the package the way a node does.
VERIFY_SCRIPT = """
import importlib, sys
from rclpy.serialization import deserialize_message, serialize_message
messages = importlib.import_module(sys.argv[1] + '.msg')
for name in sys.argv[2:]:
    message = getattr(messages, name)
    assert deserialize_message(serialize_message(message()), message) == message(), name
"""


def foreign_provider(package_name: str) -> Path | None:
    """Return the folder of an importable package that this tool did not build, or None."""
    spec = importlib.util.find_spec(package_name)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return None if (folder / STAMP_NAME).exists() else folder


def is_up_to_date(package_name: str, fingerprint: str, destination: Layout) -> bool:
    """Tell whether the destination holds every file of a build with this fingerprint."""
    try:
        stamp = json.loads(destination.stamp(package_name).read_text(encoding='utf-8'))
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return stamp['fingerprint'] == fingerprint and all(
        (destination.prefix / name).exists() for name in stamp['files']
    )


def stage(package: InterfacePackage, work: Path, staging: Layout, fingerprint: str) -> None:
    """Lay out the files of the package below the staging prefix as they are to be installed."""
    modules = staging.python / package.name
    shutil.copytree(work / 'rosidl_generator_py' / package.name, modules,
                    ignore=shutil.ignore_patterns('*.c', '*.o'))
    (modules / '__init__.py').touch()
    shutil.copytree(work / 'python' / package.name, modules, dirs_exist_ok=True)
    staging.lib.mkdir(parents=True, exist_ok=True)
    for library in LIBRARIES:
        shutil.copy(work / 'lib' / library_name(package, library.generator), staging.lib)
    _stage_share(package, work, staging)
    files = sorted(
        str(path.relative_to(staging.prefix)) for path in staging.prefix.rglob('*')
        if path.is_file()
    )
    staging.stamp(package.name).write_text(
        json.dumps({'fingerprint': fingerprint, 'files': files}, indent=1), encoding='utf-8'
    )


def verify(package: InterfacePackage, staging: Layout) -> None:
    """
    Serialize and deserialize every message of the staged package in a process of its own.

    Raises BuildError with what that process said when one cannot be loaded.
    """
    environment = dict(os.environ)
    for variable, folder in (('PYTHONPATH', staging.python), ('LD_LIBRARY_PATH', staging.lib)):
        rest = environment.get(variable)
        environment[variable] = f'{folder}{os.pathsep}{rest}' if rest else str(folder)
    result = subprocess.run(
        [sys.executable, '-c', VERIFY_SCRIPT, package.name, *(m.stem for m in package.messages)],
        env=environment, capture_output=True, text=True, check=False,
    )
    if result.returncode != 0:
        said = result.stderr.strip()
        raise BuildError(f'{package.name} was compiled but does not load:\n{said}')


def install(package: InterfacePackage, staging: Layout, destination: Layout) -> None:
    """
    Move the staged files into the destination, on the same file system.

    The old Python package goes first and the new one comes last, in one rename: whoever finds
    the package importable finds all of it.
    """
    shutil.rmtree(destination.python / package.name, ignore_errors=True)
    for source in _installed_entries(package, staging):
        target = destination.prefix / source.relative_to(staging.prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(source, target)


def _stage_share(package: InterfacePackage, work: Path, staging: Layout) -> None:
    share = staging.share / package.name
    (share / 'msg').mkdir(parents=True)
    shutil.copy(package.manifest, share)
    descriptions = work / TYPE_DESCRIPTION / package.name / 'msg'
    interfaces = [*package.messages, *sorted((work / 'idl' / package.name / 'msg').iterdir())]
    for path in [*interfaces, *descriptions.iterdir()]:
        shutil.copy(path, share / 'msg')
    for resource_type, content in (
        ('packages', ''),
        ('rosidl_interfaces', '\n'.join(sorted(f'msg/{path.name}' for path in interfaces))),
    ):
        marker = staging.index(resource_type) / package.name
        marker.parent.mkdir(parents=True)
        marker.write_text(content, encoding='utf-8')


def _installed_entries(package: InterfacePackage, staging: Layout) -> Iterator[Path]:
    yield from (staging.lib / library_name(package, library.generator) for library in LIBRARIES)
    yield staging.share / package.name
    yield from (staging.index(kind) / package.name for kind in ('packages', 'rosidl_interfaces'))
    yield staging.python / package.name
