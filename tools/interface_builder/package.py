# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Read a package of ROS 2 messages and refuse what could not be built."""

import contextlib
import importlib
import io
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import BuildError
from .layout import Layout

DEPENDENCY_TAGS = ('depend', 'build_depend', 'build_export_depend', 'exec_depend')


@dataclass(frozen=True)
class InterfacePackage:
    """A package of messages: absolute paths, everything in a fixed order."""

    name: str
    version: str
    folder: Path
    messages: tuple[Path, ...]
    dependencies: tuple[str, ...]

    @property
    def manifest(self) -> Path:
        """Return the path of package.xml."""
        return self.folder / 'package.xml'


def read_package(folder: Path, environment: Layout) -> InterfacePackage:
    """
    Read package.xml and the list of messages.

    `dependencies` are the interface packages that it needs, directly or not, and that the
    environment has. Raises BuildError where the folder is not a package of messages.
    """
    folder = folder.resolve()
    root = _read_manifest(folder / 'package.xml')
    messages = tuple(sorted((folder / 'msg').glob('*.msg')))
    if not messages:
        raise BuildError(f'{folder / "msg"} holds no .msg file; expected at least one')
    return InterfacePackage(
        name=_text(root, 'name', folder),
        version=_text(root, 'version', folder),
        folder=folder,
        messages=messages,
        dependencies=_interface_dependencies(root, environment),
    )


def check_messages(package: InterfacePackage, environment: Layout) -> None:
    """
    Parse every message and look up every type it uses.

    Raises BuildError that names the file, the line where there is one, and the reason.
    """
    parse = importlib.import_module('rosidl_adapter.parser').parse_message_string
    for path in package.messages:
        text = _read_message(path)
        try:
            fields = _parse_quietly(parse, package.name, path.stem, text).fields
        except Exception as error:  # the parser raises a dozen unrelated types
            line = _first_bad_line(parse, package.name, path.stem, text)
            raise BuildError(f'{path}{line}: {error}') from error
        for field in fields:
            _check_type(path, field, package, environment)


def _read_manifest(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()
    except FileNotFoundError as error:
        raise BuildError(f'{path} is missing; expected the folder of a ROS package') from error
    except ElementTree.ParseError as error:
        raise BuildError(f'{path} is not well-formed XML: {error}') from error


def _text(root: ElementTree.Element, tag: str, folder: Path) -> str:
    text = (root.findtext(tag) or '').strip()
    if not text:
        raise BuildError(f'{folder / "package.xml"} has no <{tag}>; every package needs one')
    return text


def _interface_dependencies(root: ElementTree.Element, environment: Layout) -> tuple[str, ...]:
    found: set[str] = set()
    pending = _declared(root)
    while pending:
        name = pending.pop()
        if name in found or not (environment.index('rosidl_interfaces') / name).exists():
            continue
        found.add(name)
        pending |= _declared(_read_manifest(environment.share / name / 'package.xml'))
    return tuple(sorted(found))


def _declared(root: ElementTree.Element) -> set[str]:
    return {(el.text or '').strip() for tag in DEPENDENCY_TAGS for el in root.findall(tag)}


def _read_message(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8')
    except UnicodeDecodeError as error:
        raise BuildError(f'{path}: expected UTF-8 text: {error}') from error


def _parse_quietly(parse: Callable[[str, str, str], Any], *arguments: str) -> Any:
    # The parser also prints what it raises.
    with contextlib.redirect_stderr(io.StringIO()):
        return parse(*arguments)


def _first_bad_line(
    parse: Callable[[str, str, str], Any], package_name: str, stem: str, text: str
) -> str:
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            _parse_quietly(parse, package_name, stem, line)
        except Exception:
            return f':{number}'
    return ''  # wrong only as a whole, as with a field that is declared twice


def _check_type(
    path: Path, field: Any, package: InterfacePackage, environment: Layout
) -> None:
    base = field.type
    if base.is_primitive_type():
        return
    reason = ''
    if base.pkg_name == package.name:
        if base.type == path.stem:
            reason = 'a message cannot contain itself'
        elif base.type not in {message.stem for message in package.messages}:
            reason = f'{package.name} has no msg/{base.type}.msg'
    elif base.pkg_name not in package.dependencies:
        reason = f'{base.pkg_name} is not in package.xml, or not installed in this environment'
    elif not (environment.share / base.pkg_name / 'msg' / f'{base.type}.json').exists():
        reason = f'{base.pkg_name} has no such message in this environment'
    if reason:
        raise BuildError(
            f'{path}: field {field.name!r} has type {base.pkg_name}/{base.type}, but {reason}'
        )
