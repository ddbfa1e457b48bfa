# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The core imports on a machine that has neither ROS nor TensorFlow nor an inference runtime."""

import subprocess
import sys
from pathlib import Path

import compressed_detector

ROOT = Path(compressed_detector.__file__).parents[1]

# Refuses the heavy packages even where they are installed, as if they were not.
BLOCKER = """
import sys

BLOCKED = {'rclpy', 'tensorflow', 'keras', 'ai_edge_litert', 'tflite_runtime'}


class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in BLOCKED:
            raise ModuleNotFoundError(f'No module named {name!r} (blocked)')


sys.meta_path.insert(0, Blocker())
sys.dont_write_bytecode = True
"""

IMPORT_ALL = """
import importlib
import pkgutil

import compressed_detector.config
import compressed_detector.detection

package = compressed_detector.detection
for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):
    importlib.import_module(module.name)
    print(module.name)
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-c', BLOCKER + script],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )


def test_core_imports_without_ros_tensorflow_and_runtime() -> None:
    result = run(IMPORT_ALL)
    assert result.returncode == 0, result.stderr
    imported = result.stdout.split()
    assert 'compressed_detector.detection.detector' in imported
    assert 'compressed_detector.detection.heads.gfl' in imported


def test_blocker_of_these_tests_does_block() -> None:
    for name in ('rclpy', 'tensorflow', 'ai_edge_litert.interpreter'):
        result = run(f'import {name}')
        assert result.returncode == 1
        assert '(blocked)' in result.stderr


def test_missing_runtime_is_a_model_error_that_names_the_command() -> None:
    result = run(
        'from compressed_detector.detection.interpreter import LiteInterpreter\n'
        'from compressed_detector.errors import ModelError\n'
        'try:\n'
        "    LiteInterpreter(b'', num_threads=1)\n"
        'except ModelError as error:\n'
        '    print(error)\n'
    )
    assert result.returncode == 0, result.stderr
    assert 'python3 -m pip install ai-edge-litert' in result.stdout
    # The user who did install one wants to know why it was passed over.
    assert "No module named 'ai_edge_litert' (blocked)" in result.stdout
