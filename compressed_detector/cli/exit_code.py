# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How the command line tools end, and what they say of it."""

from __future__ import annotations

import sys
from collections.abc import Callable

from compressed_detector.errors import CompressedDetectorError


def exit_code(run: Callable[[], int | None], interrupted: str = 'interrupted') -> int:
    """
    Run a command and return its exit code, 0 unless it returns one.

    That is 2 for a mistake of the user, told in one line, and 130 for Ctrl-C, after the given
    words.
    """
    try:
        return run() or 0
    except CompressedDetectorError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        return 130
