# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Measurements in a process of their own: of its memory, or of what could take this one with it.

``python -m compressed_detector.benchmark.child TASK ARGUMENT...`` prints what the function
``child`` of the module of that name returns, as the last line, JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from compressed_detector.errors import BenchmarkError, CompressedDetectorError

TIMEOUT_S = 600.0


def ask(
    task: str, *arguments: object, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """
    Run a task in a process of its own, on the processors of this thread, and return its answer.

    ``environment``: variables beside those of this process. Raises BenchmarkError with the end of
    what it said when it fails.
    """
    try:
        process = subprocess.run(
            [sys.executable, '-m', __name__, task, *map(str, arguments)],
            env={**os.environ, **(environment or {})}, capture_output=True, text=True,
            timeout=TIMEOUT_S, check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f'{task}: not ready within {TIMEOUT_S:.0f} s') from error
    if process.returncode != 0:
        said = process.stderr.strip().splitlines()[-1:] or ['nothing']
        raise BenchmarkError(f'{task}: ended with {process.returncode} and said: {said[0]}')
    answer: dict[str, Any] = json.loads(process.stdout.strip().splitlines()[-1])
    return answer


def main() -> None:
    """Run the task of the command line."""
    task, *arguments = sys.argv[1:]
    module = importlib.import_module(f'compressed_detector.benchmark.{task}')
    try:
        answer = module.child(*arguments)
    except CompressedDetectorError as error:
        sys.exit(str(error))
    print()  # ends what a library may have begun to say
    print(json.dumps(answer))


if __name__ == '__main__':
    main()
