# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The interface builder installs a package whole or not at all, and says what is wrong."""

import importlib
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
TOOL = TOOLS / 'build_interfaces.py'
VISION_MSGS = TOOLS.parent / 'interfaces' / 'vision_msgs'

pytestmark = pytest.mark.skipif(
    not Path(sys.prefix, 'share', 'rosidl_generator_py').exists(),
    reason='the rosidl generators of the ROS 2 wheels are not in this environment; '
           'a ROS distribution brings its own vision_msgs',
)

MANIFEST = """
<package format="3">
  <name>probe_msgs</name>
  <version>1.2.3</version>
  <depend>std_msgs</depend>
</package>
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return the folder of a package of one message that builds."""
    folder = tmp_path / 'probe_msgs'
    (folder / 'msg').mkdir(parents=True)
    (folder / 'package.xml').write_text(MANIFEST.strip())
    (folder / 'msg' / 'Probe.msg').write_text('std_msgs/Header header\nfloat64[] ranges\n')
    return folder


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the tool as a module, so that it can install elsewhere than into the environment."""
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module('build_interfaces')


def run_tool(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(TOOL), str(folder)], env={**os.environ, **variables},
        capture_output=True, text=True, timeout=120, check=False,
    )


def traces_in_environment() -> list[Path]:
    """Return every file that a build of probe_msgs leaves, hidden temporary folders included."""
    prefix = Path(sys.prefix)
    places = (prefix, prefix / 'lib', prefix / 'share', Path(sysconfig.get_path('platlib')))
    index = (prefix / 'share' / 'ament_index' / 'resource_index').iterdir()
    return [found for place in (*places, *index) for found in place.glob('*probe_msgs*')]


MALFORMED = {
    'a type that does not exist': ('flaot64 x', 'Probe.msg:1: .*flaot64'),
    'a field without a name': ('float64 x\nfloat64', 'Probe.msg:2: float64'),
    'a name with a capital': ('# width\nfloat64 Width', 'Probe.msg:2: .*invalid field name'),
    'a name used twice': ('int8 a\nint8 a', 'Probe.msg: .*duplicate names: a'),
    'a default out of range': ('int8 a 300', "Probe.msg:1: value '300'"),
    'a package not declared': ('nav_msgs/Path path', 'nav_msgs is not in package.xml'),
    'a message its package lacks': ('std_msgs/Heder h', 'std_msgs has no such message'),
    'a message of its own that is missing': ('Other other', 'has no msg/Other.msg'),
    'itself': ('Probe probe', 'cannot contain itself'),
}


@pytest.mark.parametrize(('text', 'reason'), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_message_is_refused_and_leaves_nothing(
    package: Path, text: str, reason: str
) -> None:
    (package / 'msg' / 'Probe.msg').write_text(text)
    result = run_tool(package)
    assert result.returncode == 2
    assert result.stderr.startswith(f'error: {package}/msg/Probe.msg')
    assert 'Traceback' not in result.stderr
    assert re.search(reason, result.stderr)
    assert traces_in_environment() == []


def test_missing_compiler_is_named_and_leaves_nothing(package: Path) -> None:
    result = run_tool(package, CXX='/nowhere/g++')
    assert result.returncode == 2
    assert 'no C++ compiler found (tried $CXX=/nowhere/g++)' in result.stderr
    assert 'apt install gcc g++' in result.stderr
    assert traces_in_environment() == []


def test_failing_compiler_leaves_nothing(package: Path) -> None:
    result = run_tool(package, CC='false')
    assert result.returncode == 2
    assert 'error: false could not make' in result.stderr
    assert traces_in_environment() == []


def test_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    result = run_tool(tmp_path)
    assert result.returncode == 2
    assert 'package.xml is missing' in result.stderr


def test_package_that_is_importable_from_elsewhere_is_left_alone(tmp_path: Path) -> None:
    """As with a sourced distribution, which puts its folder on PYTHONPATH."""
    elsewhere = tmp_path / 'distribution'
    (elsewhere / 'vision_msgs').mkdir(parents=True)
    (elsewhere / 'vision_msgs' / '__init__.py').touch()
    result = run_tool(VISION_MSGS, PYTHONPATH=str(elsewhere))
    assert result.returncode == 0
    assert f'already provided by {elsewhere / "vision_msgs"}' in result.stdout


def test_vision_msgs_of_this_environment_is_up_to_date() -> None:
    result = run_tool(VISION_MSGS)
    assert result.returncode == 0
    assert result.stdout.splitlines() == ['vision_msgs 4.1.1: up to date']


def test_second_build_is_up_to_date_until_a_message_changes(
    package: Path, tmp_path: Path, builder: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = builder.Layout(Path(sys.prefix))
    destination = builder.Layout(tmp_path / 'prefix')
    destination.prefix.mkdir()

    def build() -> object:
        return builder.build(builder.read_package(package, environment), environment, destination)

    assert build() is True
    assert build() is False
    built = snapshot(destination.prefix)
    assert destination.python / 'probe_msgs' / 'msg' / '_probe.py' in built

    (package / 'msg' / 'Probe.msg').write_text('float32 other\n')
    monkeypatch.setenv('CC', 'false')
    with pytest.raises(builder.BuildError, match='could not make'):
        build()
    assert snapshot(destination.prefix) == built, 'a failed build touched the good one'

    monkeypatch.delenv('CC')
    assert build() is True
    assert 'other' in (destination.python / 'probe_msgs' / 'msg' / '_probe.py').read_text()
    assert snapshot(destination.prefix).keys() == built.keys()


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}
