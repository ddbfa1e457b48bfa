#!/usr/bin/env python3
# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Generate and compile a package of ROS 2 messages into the Python environment that runs this.

    .venv/bin/python tools/build_interfaces.py interfaces/vision_msgs

It is for machines without a ROS distribution, where the ROS 2 wheels bring the generators but not
every package of messages. It needs a C and a C++ compiler and no CMake.
"""

import argparse
import hashlib
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from interface_builder.compiler import compile_libraries, find_compilers
from interface_builder.errors import BuildError
from interface_builder.generate import GENERATOR_PACKAGES, check_generators, generate
from interface_builder.install import foreign_provider, install, is_up_to_date, stage, verify
from interface_builder.layout import Layout
from interface_builder.package import InterfacePackage, check_messages, read_package


def fingerprint(package: InterfacePackage, environment: Layout) -> str:
    """Hash what the result depends on: messages, generators, Python, NumPy and this tool."""
    # NumPy keeps its binary interface within a major version.
    numpy_major = version('numpy').partition('.')[0]
    digest = hashlib.sha256(f'{sys.version} {numpy_major}'.encode())
    tool = Path(__file__).resolve()
    files = [tool, *sorted((tool.parent / 'interface_builder').glob('*.py'))]
    files += [package.manifest, *package.messages]
    files += [
        environment.share / name / 'package.xml'
        for name in (*GENERATOR_PACKAGES, *package.dependencies)
    ]
    for path in files:
        digest.update(f'{path.parent.name}/{path.name}'.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build(package: InterfacePackage, environment: Layout, destination: Layout) -> bool:
    """
    Build the package with the environment's generators and install it into the destination.

    Returns False when it was up to date. Raises BuildError, with the destination untouched.
    """
    check_messages(package, environment)
    mark = fingerprint(package, environment)
    if is_up_to_date(package.name, mark, destination):
        return False
    # Inside the destination: the same file system, and a read-only one fails here, at once.
    with tempfile.TemporaryDirectory(
        prefix=f'.{package.name}-build-', dir=destination.prefix
    ) as folder:
        staging = _build_staged(package, environment, Path(folder), mark)
        _say(package, f'installing into {destination.prefix} (4/4)')
        install(package, staging, destination)
    return True


def _build_staged(
    package: InterfacePackage, environment: Layout, folder: Path, mark: str
) -> Layout:
    compilers = find_compilers()
    work, staging = folder / 'work', Layout(folder / 'staging')
    work.mkdir()
    _say(package, f'generating {len(package.messages)} messages (1/4)')
    generate(package, environment, work)
    _say(package, f'compiling with {compilers.c[0]} and {compilers.cxx[0]} (2/4)')
    compile_libraries(package, environment, work, compilers)
    _say(package, 'checking that every message loads and serializes (3/4)')
    stage(package, work, staging, mark)
    verify(package, staging)
    return staging


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('package', type=Path, help='folder of the package: package.xml and msg/')
    folder = parser.parse_args(argv).package
    # Ended either way, the temporary folder is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _build_into_this_environment(folder)
    except (BuildError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('error: interrupted; nothing was installed', file=sys.stderr)
        return 130
    return 0


def _build_into_this_environment(folder: Path) -> None:
    started = time.monotonic()
    environment = Layout(Path(sys.prefix))
    package = read_package(folder, environment)
    provider = foreign_provider(package.name)
    if provider:
        _say(package, f'already provided by {provider}; nothing to do')
        return
    check_generators(environment)
    if build(package, environment, environment):
        _say(package, f'done in {time.monotonic() - started:.1f} s')
    else:
        _say(package, 'up to date')


def _say(package: InterfacePackage, text: str) -> None:
    print(f'{package.name} {package.version}: {text}', flush=True)


if __name__ == '__main__':
    sys.exit(main())
