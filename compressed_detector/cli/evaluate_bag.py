# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""evaluate_bag: how good, how fast and how safe a detector is on your own recordings."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from compressed_detector.cli.evaluate_arguments import build_parser
from compressed_detector.cli.exit_code import exit_code
from compressed_detector.cli.ros_tool import require


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run evaluate_bag; return the exit code.

    0; 1 if a condition holds; 2 for an error; 3 if some recordings could not be evaluated.
    """
    arguments = build_parser().parse_args(argv)
    return exit_code(lambda: _run(arguments))


def _run(arguments: argparse.Namespace) -> int:
    require('compressed_detector.cli.evaluate_session')
    from compressed_detector.cli.evaluate_session import run

    return run(arguments)


if __name__ == '__main__':
    sys.exit(main())
