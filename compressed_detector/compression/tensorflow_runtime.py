# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The one place that imports TensorFlow: late, quietly, and with a remedy when it is missing."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from compressed_detector.errors import CompressionError

REMEDY = 'install the workshop with: python3 -m pip install -r requirements/workshop.txt'


def tensorflow() -> Any:
    """
    Return the module tensorflow.

    It takes seconds to import, so that nothing imports it before it is needed. Raises
    CompressionError when it is not installed.
    """
    # Level 3 leaves only fatal messages of the C++ part; the user cannot act on the others.
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    try:
        with captured_output():
            import tensorflow
    except ImportError as error:
        raise CompressionError(f'TensorFlow cannot be imported ({error}); {REMEDY}') from error
    return tensorflow


def tflite_schema() -> Any:
    """Return the module with the tables of .tflite files as classes, made from the schema."""
    tensorflow()
    from tensorflow.lite.python import schema_py_generated

    return schema_py_generated


@contextmanager
def captured_output() -> Iterator[None]:
    """
    Keep what libraries print away from the terminal, unless the block fails.

    The converter prints from C++, past Python's streams and through any progress bar. What it
    printed is shown on standard error only when the block raises an unexpected error.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as sink:
        saved = [(descriptor, os.dup(descriptor)) for descriptor in (1, 2)]
        try:
            for descriptor, _ in saved:
                os.dup2(sink.fileno(), descriptor)
            yield
        except (CompressionError, KeyboardInterrupt):
            raise  # says itself what is wrong
        except BaseException:
            sink.seek(0)
            os.write(saved[1][1], sink.read())
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, copy in saved:
                os.dup2(copy, descriptor)
                os.close(copy)
