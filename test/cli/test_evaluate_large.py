# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""evaluate_bag in a process of its own, on a bag that does not fit into its memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from camera_bags import images
from replay_bags import FIRST_NS, MS, write_bag
from tiny_detector import TINY_MODELS

FRAMES, SIZE = 100, (1080, 1920)
BOUND_BYTES = 500e6
# What the process had at most is the last thing that it says; ru_maxrss would be its parent's.
PROGRAM = """
import sys
from compressed_detector.cli.evaluate_bag import main
from compressed_detector.process_figures import peak_rss_bytes
code = main(sys.argv[1:])
print(peak_rss_bytes())
sys.exit(code)
"""


def test_a_bag_is_evaluated_in_less_memory_than_it_takes_on_disk(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    stamps = [FIRST_NS + 100 * MS * index for index in range(FRAMES)]
    bag = write_bag(tmp_path / 'drive', images('/camera/image', dict.fromkeys(stamps, picture)))
    assert sum(path.stat().st_size for path in bag.iterdir()) > 1.2 * BOUND_BYTES
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM, str(bag), '--models', str(TINY_MODELS / 'tiny_gfl.json'),
         '--samples', '20', '--output', str(tmp_path / 'out')],
        capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    content = json.loads((tmp_path / 'out' / 'metrics.json').read_text())
    assert content['models']['tiny_gfl']['counts']['frames_answered'] == FRAMES
    assert 50e6 < int(done.stdout.split()[-1]) < BOUND_BYTES
