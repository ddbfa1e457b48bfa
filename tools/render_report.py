# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Take the picture of evaluate_bag's report that the README shows: of the sample bag, in a browser.

Nothing else should run meanwhile: latencies are in it.

    .venv/bin/python tools/render_report.py docs/report.png
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2

from compressed_detector.cli import evaluate_bag

BAG = Path(__file__).resolve().parent.parent / 'test' / 'data' / 'pedestrians'
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
# From the title to the plots; smaller than Chromium writes it.
WIDTH_PX, HEIGHT_PX, SCALE = 1180, 1480, 0.8


def main(argv: Sequence[str] | None = None) -> int:
    """Write the picture; return the exit code."""
    parser = argparse.ArgumentParser(description='Take a picture of the report of evaluate_bag.')
    parser.add_argument('picture', type=Path)
    picture = parser.parse_args(argv).picture
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f'none of {", ".join(BROWSERS)} is installed', file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder)
        code = evaluate_bag.main([str(BAG), '--models', 'fast', 'balanced', 'accurate',
                                  '--output', str(output / 'report')])
        if code:
            return code
        _shoot(browser, output / 'report' / 'report.html', output / 'page.png')
        page = cv2.imread(str(output / 'page.png'))
    small = cv2.resize(page, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(picture), small, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return 0


def _shoot(browser: str, page: Path, picture: Path) -> None:
    subprocess.run(
        [browser, '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars',
         f'--user-data-dir={picture.parent / "profile"}',
         f'--window-size={WIDTH_PX},{HEIGHT_PX}', f'--screenshot={picture}', page.as_uri()],
        check=True, capture_output=True, timeout=120)


if __name__ == '__main__':
    sys.exit(main())
