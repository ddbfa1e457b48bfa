# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Compile generated interface sources into shared libraries with the C and C++ compilers."""

import importlib
import os
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .errors import BuildError
from .layout import Layout
from .package import InterfacePackage

MAX_ERROR_LINES = 15


@dataclass(frozen=True)
class Library:
    """
    One shared library: the generator of its sources and the libraries it links with.

    `extension` tells the language, `runtime` names libraries of the environment, `own` names
    generators whose libraries of the same package it needs.
    """

    generator: str
    extension: str
    runtime: tuple[str, ...]
    own: tuple[str, ...] = ('rosidl_generator_c',)


LIBRARIES = (
    Library('rosidl_generator_c', '.c', ('rosidl_runtime_c', 'rcutils'), ()),
    Library(
        'rosidl_typesupport_introspection_c', '.c',
        ('rosidl_typesupport_introspection_c', 'rosidl_runtime_c'),
    ),
    Library(
        'rosidl_typesupport_fastrtps_c', '.cpp',
        ('rosidl_typesupport_fastrtps_c', 'rosidl_typesupport_fastrtps_cpp', 'rosidl_runtime_c',
         'fastcdr'),
    ),
    Library('rosidl_typesupport_c', '.cpp', ('rosidl_typesupport_c', 'rosidl_runtime_c')),
    Library('rosidl_generator_py', '.c', ('rosidl_runtime_c',)),
)


@dataclass(frozen=True)
class Compilers:
    """The command of each language, split into words."""

    c: tuple[str, ...]
    cxx: tuple[str, ...]

    def command(self, source: Path) -> tuple[str, ...]:
        """Return the words that compile this source, less files and include folders."""
        if source.suffix == '.cpp':
            return (*self.cxx, '-std=c++17', '-O2', '-fPIC')
        return (*self.c, '-std=gnu11', '-O2', '-fPIC')


def find_compilers() -> Compilers:
    """
    Find a C and a C++ compiler and the headers of this Python.

    `$CC` and `$CXX` are taken at their word; otherwise the compiler that built Python and the
    usual names are tried. Raises BuildError that names what to install.
    """
    compilers = Compilers(
        c=_find_compiler('CC', 'C', ('gcc', 'cc', 'clang')),
        cxx=_find_compiler('CXX', 'C++', ('g++', 'c++', 'clang++')),
    )
    header = Path(sysconfig.get_path('include')) / 'Python.h'
    if not header.exists():
        version = sysconfig.get_python_version()
        raise BuildError(
            f'{header} is missing: the Python headers are not installed; '
            f'on Debian or Ubuntu run: sudo apt install python{version}-dev'
        )
    return compilers


def compile_libraries(
    package: InterfacePackage, environment: Layout, work: Path, compilers: Compilers
) -> None:
    """
    Compile what `generate` left in `work` into `work/lib` and `work/python`.

    Raises BuildError with the compiler's first complaints.
    """
    job = _Job(package, environment, work, compilers)
    units = {library: job.gather_units(library) for library in LIBRARIES}
    job.compile([*(unit for group in units.values() for unit in group), job.entry_point])
    for library in LIBRARIES:
        job.link_library(library, units[library])
    job.link_extension()


def library_name(package: InterfacePackage, generator: str) -> str:
    """Return the file name under which the ROS 2 middleware looks for the library."""
    return f'lib{package.name}__{generator}.so'


def _find_compiler(variable: str, language: str, names: Sequence[str]) -> tuple[str, ...]:
    asked = os.environ.get(variable)
    built_with = sysconfig.get_config_var(variable) or ''
    for command in [asked] if asked else [built_with, *names]:
        words = tuple(shlex.split(command))
        if words and shutil.which(words[0]):
            return words
    tried = f'${variable}={asked}' if asked else ', '.join(names)
    raise BuildError(
        f'no {language} compiler found (tried {tried}); the messages need gcc and g++ and the '
        f'Python headers; on Debian or Ubuntu run: sudo apt install gcc g++ python3-dev'
    )


@dataclass(frozen=True)
class _Job:
    """What every step of one compilation needs to know."""

    package: InterfacePackage
    environment: Layout
    work: Path
    compilers: Compilers

    @property
    def entry_point(self) -> Path:
        """Return the generated source of the extension module that rclpy imports."""
        folder = self.work / 'rosidl_generator_py' / self.package.name
        return folder / f'_{self.package.name}_s.ep.rosidl_typesupport_c.c'

    def gather_units(self, library: Library) -> list[Path]:
        """
        Gather the sources of a library into one translation unit: the headers cost the time.

        The type descriptions stay apart, since all of them use the same names for static data.
        """
        folder = self.work / library.generator / self.package.name / 'msg'
        sources = sorted(folder.rglob(f'*{library.extension}'))
        apart = [source for source in sources if source.name.endswith('__description.c')]
        unit = self.work / f'{library.generator}{library.extension}'
        unit.write_text(
            ''.join(f'#include "{source}"\n' for source in sources if source not in apart),
            encoding='utf-8',
        )
        return [unit, *apart]

    def compile(self, sources: Iterable[Path]) -> None:
        """Compile each source into an object beside it, as many at once as there are cores."""
        includes = [f'-I{folder}' for folder in self._include_folders()]
        commands = [
            [*self.compilers.command(path), *includes, '-c', str(path), '-o', str(_object(path))]
            for path in sources
        ]
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(_run, commands))  # a list, so that the first failure is raised here

    def link_library(self, library: Library, units: Sequence[Path]) -> None:
        """Link the objects of one library, by the name under which the middleware looks for it."""
        name = library_name(self.package, library.generator)
        needed = [f'{self.package.name}__{generator}' for generator in library.own]
        needed += [f'{other}__{library.generator}' for other in self.package.dependencies]
        needed += library.runtime
        options = [f'-Wl,-soname,{name}']
        if library.generator != 'rosidl_generator_py':
            # Python's own symbols are there at run time only; everything else is there now.
            options.append('-Wl,--no-undefined')
        self._link(options, units, needed, self.work / 'lib' / name)

    def link_extension(self) -> None:
        """Link the extension module that rclpy imports."""
        own = ('rosidl_generator_py', 'rosidl_typesupport_c', 'rosidl_generator_c')
        needed = [*(f'{self.package.name}__{generator}' for generator in own), 'rosidl_runtime_c']
        folder = self.work / 'python' / self.package.name
        target = folder / f'{self.package.name}_s__rosidl_typesupport_c.so'
        self._link([], [self.entry_point], needed, target)

    def _include_folders(self) -> Iterator[Path]:
        yield from (self.work / library.generator for library in LIBRARIES)
        yield self.environment.include
        packages = self.environment.index('packages').iterdir()
        yield from sorted(self.environment.include / marker.name for marker in packages)
        yield Path(sysconfig.get_path('include'))
        yield Path(importlib.import_module('numpy').get_include())

    def _link(
        self, options: Sequence[str], units: Sequence[Path], needed: Sequence[str], target: Path
    ) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        is_cxx = any(unit.suffix == '.cpp' for unit in units)
        folders = (self.work / 'lib', self.environment.lib)
        _run([
            *(self.compilers.cxx if is_cxx else self.compilers.c), '-shared', *options,
            *(str(_object(unit)) for unit in units),
            *(f'-L{folder}' for folder in folders),
            *(f'-Wl,-rpath-link,{folder}' for folder in folders),
            *(f'-l{name}' for name in needed), '-o', str(target),
        ])


def _object(source: Path) -> Path:
    return source.with_suffix(source.suffix + '.o')


def _run(command: Sequence[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        said = '\n'.join(result.stderr.splitlines()[:MAX_ERROR_LINES])
        made = Path(command[-1]).name  # the command line itself is pages of include folders
        raise BuildError(f'{command[0]} could not make {made}:\n{said}')
