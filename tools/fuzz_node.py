# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Send malformed messages to the real detector node and hold it to what it promises.

It stays alive, answers the next good frame, counts every frame under its fate, never meets an
error that it did not foresee, and its memory stays bounded. Needs the test tools:

    python tools/fuzz_node.py --messages 20000 --seed 1
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / 'test'))
sys.path.append(str(ROOT / 'tools'))

from node_fuzzer.session import FATES, Report, session  # noqa: E402

from compressed_detector.detection.images import MAX_PIXELS  # noqa: E402

TRANSPORTS = ('raw', 'compressed')
# What pools and caches may still take after a tenth of the run. A leak of 1.6 kB per message,
# less than any image of the run, is more than this after 20,000 of them.
GROWTH_MIB = 32.0
# OpenCV starts its pool, a thread for each core, at the first large picture.
LATE_THREADS = os.cpu_count() or 1
# Diagnostics are read by people, and sent every second.
STATUS_CHARACTERS = 2000
# The largest picture that is let in, as BGR, and twice that for a decoder at work.
PEAK_MIB = 3 * 3 * MAX_PIXELS / 2**20


def main(arguments: list[str] | None = None) -> int:
    """Run both configurations; return 0 when the node kept every promise."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--messages', type=int, default=20_000, help='in all (default 20000)')
    parser.add_argument('--seed', type=int, default=1, help='the same messages again (default 1)')
    options = parser.parse_args(arguments)
    failed = False
    for number, transport in enumerate(TRANSPORTS):
        seed = options.seed * len(TRANSPORTS) + number
        try:
            with session(transport, seed) as running:
                report = running.run(options.messages // len(TRANSPORTS))
            print(table(transport, report))
            problems = broken_promises(report)
        except AssertionError as error:
            problems = [str(error)]
        for problem in problems:
            print(f'FAILED ({transport}, --seed {options.seed}): {problem}', file=sys.stderr)
        failed |= bool(problems)
    return int(failed)


def table(transport: str, report: Report) -> str:
    """Return what was sent and what became of it, line by line."""
    warm, end = report.memory[0], report.memory[-1]
    lines = [
        ('malformed images sent', report.sent['image']),
        ('malformed images looked at', report.examined),
        ('images overwritten in the queue', report.unheard),
        ('malformed camera_info', report.sent['camera_info']),
        ('malformed depth images', report.sent['depth']),
        ('good frames answered', f'{report.good} of {report.good} ({report.resent} sent twice)'),
        *((name, report.values[name]) for name in (
            'frames received', *FATES, 'frames lost in transport')),
        *((name, number) for name, number in sorted(report.values.items())
          if name.startswith('undecodable: ')),
        ('latency p99 (ms)', report.values['latency p99 (ms)']),
        ('resident after a tenth / end / peak',
         f'{warm.resident:.1f} / {end.resident:.1f} / {end.peak:.1f} MiB'),
        ('threads, open files', f'{warm.threads}, {warm.files} -> {end.threads}, {end.files}'),
        ('seconds', f'{report.seconds:.1f}'),
    ]
    return '\n'.join([f'{transport}:', *(f'  {name:38}{value}' for name, value in lines)])


def broken_promises(report: Report) -> list[str]:
    """Return what a run shows that must not be."""
    warm, end = report.memory[0], report.memory[-1]
    counted = sum(report.count(name) for name in FATES)
    rules = [
        (counted == report.count('frames received'),
         f'{report.count("frames received")} frames received, {counted} accounted for'),
        (not report.count('undecodable: internal error'),
         f'{report.count("undecodable: internal error")} unforeseen errors; see the log'),
        (report.longest_status <= STATUS_CHARACTERS,
         f'a diagnostic message of {report.longest_status} characters'),
        (end.resident - warm.resident <= GROWTH_MIB,
         f'resident memory grew from {warm.resident:.1f} to {end.resident:.1f} MiB'),
        (end.peak - warm.resident <= PEAK_MIB, f'peak memory of {end.peak:.1f} MiB'),
        (end.threads <= warm.threads + LATE_THREADS and end.files <= warm.files,
         f'threads and files: {warm.threads}, {warm.files} -> {end.threads}, {end.files}'),
    ]
    return [problem for holds, problem in rules if not holds]


if __name__ == '__main__':
    sys.exit(main())
