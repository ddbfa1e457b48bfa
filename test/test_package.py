# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""package.xml tells the truth, and an installation has everything where ROS 2 looks for it."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import compressed_detector

ROOT = Path(compressed_detector.__file__).parents[1]
PACKAGE = 'compressed_detector'
# Python packages that apt brings to a robot, by the name they are imported under.
ROSDEP_KEYS = {'cv2': 'python3-opencv', 'hypothesis': 'python3-hypothesis',
               'numpy': 'python3-numpy', 'pytest': 'python3-pytest', 'yaml': 'python3-yaml'}
# Needed without being imported: `ros2 launch` itself.
COMMANDS = {'ros2launch'}


def manifest():
    return ElementTree.parse(ROOT / 'package.xml').getroot()


IMPORTED_AS = {'scikit_learn': 'sklearn'}


def declared(*tags):
    return {element.text for tag in tags for element in manifest().findall(tag)}


def imports(*folders):
    """Return the top-level packages that the modules in some folders import, anywhere in them."""
    found = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob('*.py')):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition('.')[0])
    return found - set(sys.stdlib_module_names) - {PACKAGE}


def from_the_package_index():
    """Return what requirements/ lists besides ROS, by the name it is imported under."""
    lines = [line for path in (ROOT / 'requirements').glob('*.txt')
             for line in path.read_text().splitlines() if not line.startswith(('#', 'ros-'))]
    names = {re.split(r'[=<>;\[ ]', line)[0].lower().replace('-', '_') for line in lines}
    return {IMPORTED_AS.get(name, name) for name in names - {''}}


def needed(*folders):
    """Return what package.xml has to declare for some folders."""
    index = from_the_package_index() - ROSDEP_KEYS.keys()
    return {ROSDEP_KEYS.get(name, name) for name in imports(*folders) if name not in index}


def test_package_xml_is_format_3_of_an_ament_python_package():
    root = manifest()
    assert root.tag == 'package'
    assert root.get('format') == '3'
    assert root.findtext('name') == PACKAGE
    assert root.findtext('export/build_type') == 'ament_python'
    assert re.fullmatch(r'\d+\.\d+\.\d+', root.findtext('version'))
    assert root.findtext('license') == 'Apache-2.0'
    assert (ROOT / root.find('license').get('file')).is_file()
    assert '@' in root.find('maintainer').get('email')


def test_every_import_of_the_robot_is_declared():
    assert not (needed(PACKAGE, 'launch') | COMMANDS) - declared('exec_depend')


def test_every_import_of_the_tests_is_declared():
    own = {path.stem for folder in ('test', 'tools') for path in (ROOT / folder).rglob('*')}
    assert not needed('test', 'tools') - own - declared('exec_depend', 'test_depend')


def test_no_dependency_is_declared_twice():
    names = [element.text for element in manifest() if element.tag.endswith('depend')]
    assert len(names) == len(set(names))


def test_version_is_the_same_everywhere():
    version = manifest().findtext('version')
    assert compressed_detector.__version__ == version
    assert f"version='{version}'" in (ROOT / 'setup.py').read_text()


def test_vision_msgs_of_the_checkout_is_hidden_from_colcon():
    assert (ROOT / 'interfaces' / 'vision_msgs' / 'COLCON_IGNORE').is_file()


@pytest.fixture(scope='module')
def prefix(tmp_path_factory):
    """Install as colcon does, with everything that is built outside the checkout."""
    pytest.importorskip('setuptools', reason='needs setuptools, as colcon does')
    folder = tmp_path_factory.mktemp('installation')
    subprocess.run(
        [sys.executable, '-W', 'ignore', 'setup.py', '--quiet', 'egg_info', '--egg-base', folder,
         'build', '--build-base', folder / 'build', 'install', '--prefix', folder / 'prefix',
         '--single-version-externally-managed', '--record', folder / 'record.txt'],
        # Or else the Python of Debian and Ubuntu puts everything into local/.
        env={**os.environ, 'DEB_PYTHON_INSTALL_LAYOUT': 'deb'}, cwd=ROOT, check=True, timeout=60,
    )
    return folder / 'prefix'


def files_in(folder):
    return {path.relative_to(folder) for path in folder.rglob('*')
            if path.is_file() and '__pycache__' not in path.parts}


def test_installation_announces_itself_to_the_ament_index(prefix):
    assert (prefix / 'share/ament_index/resource_index/packages' / PACKAGE).is_file()
    assert (prefix / 'share' / PACKAGE / 'package.xml').is_file()


@pytest.mark.parametrize('folder', ['launch', 'config', 'models', 'interfaces/vision_msgs/msg'])
def test_installation_shares_every_file_of(prefix, folder):
    assert files_in(ROOT / folder)
    assert files_in(prefix / 'share' / PACKAGE / folder) == files_in(ROOT / folder)


def test_installation_has_every_module_and_what_lies_among_them(prefix):
    installed = next(prefix.glob(f'lib/python3*/*-packages/{PACKAGE}'))
    assert files_in(installed) == files_in(ROOT / PACKAGE)


def test_executables_are_where_ros2_run_looks_and_each_has_a_main(prefix):
    folder = prefix / 'lib' / PACKAGE
    names = {path.name for path in folder.iterdir()}
    assert {'detector_node', 'replay_bag', 'compress_model', 'evaluate_bag'} <= names
    for name in names:
        module = ast.parse((ROOT / PACKAGE / 'cli' / f'{name}.py').read_text())
        assert 'main' in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
