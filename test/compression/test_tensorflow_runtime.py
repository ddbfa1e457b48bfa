# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What printed output is worth when an operation fails, and what when it does not."""

import builtins
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compressed_detector.compression.tensorflow_runtime import captured_output, tensorflow
from compressed_detector.errors import CompressionError

ROOT = Path(__file__).parents[2]


def print_past_python() -> None:
    os.write(1, b'from C++ to stdout\n')
    os.write(2, b'from C++ to stderr\n')


def print_and_raise(error: Exception) -> None:
    with captured_output():
        print_past_python()
        raise error


def test_output_is_kept_away_while_all_goes_well(capfd: pytest.CaptureFixture[str]) -> None:
    with captured_output():
        print_past_python()
    print('after')
    captured = capfd.readouterr()
    assert captured.out == 'after\n'
    assert captured.err == ''


def test_output_is_shown_on_an_unexpected_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        print_and_raise(ZeroDivisionError())
    assert capfd.readouterr().err == 'from C++ to stdout\nfrom C++ to stderr\n'


def test_error_that_explains_itself_shows_no_output(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CompressionError):
        print_and_raise(CompressionError('explained'))
    assert capfd.readouterr().err == ''


def test_missing_tensorflow_is_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_tensorflow(name, *arguments, **keywords):
        if name == 'tensorflow':
            raise ImportError('No module named tensorflow')
        return real_import(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, '__import__', without_tensorflow)
    with pytest.raises(CompressionError, match='pip install -r requirements/workshop.txt'):
        tensorflow()


def test_command_line_does_not_import_tensorflow_for_its_help() -> None:
    script = (
        'import sys\n'
        'from compressed_detector.cli.compress_model import build_parser\n'
        'build_parser()\n'
        "print('tensorflow' in sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, timeout=60,
        check=True,
    )
    assert result.stdout == 'False\n'
