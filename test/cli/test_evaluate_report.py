# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""report.html of evaluate_bag, as a browser shows it."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from known_scene import FRAMES, IMAGES, TRUTH, stamp
from tiny_detector import TINY_MODELS

from compressed_detector.cli.evaluate_bag import main

sys.path.append(str(Path(__file__).parents[2] / 'tools'))

from render_report import BROWSERS

TINY = str(TINY_MODELS / 'tiny_gfl.json')
OTHER = str(TINY_MODELS / 'tiny_gfl_float.json')
PROBE = """<script>
addEventListener('load', () => {
  const shown = [...document.images].filter(image => image.naturalWidth > 100).length;
  document.body.setAttribute('data-pictures', `${shown} of ${document.images.length}`);
});
</script>"""


@pytest.fixture(scope='module')
def output(bag: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('out') / 'results'
    assert main([str(bag), '--ground-truth', TRUTH, '--models', TINY, OTHER, '--video',
                 '--camera-height', '1', '--corridor', '2', '--samples', '20',
                 '--output', str(folder)]) == 0
    return folder


def browser() -> str:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f'no headless browser: none of {", ".join(BROWSERS)} is installed')
    return path


def dumped(page: Path, profile: Path) -> str:
    """Return the document as Chromium has it once it is loaded, without any network."""
    result = subprocess.run(
        [browser(), '--headless', '--no-sandbox', '--disable-gpu', f'--user-data-dir={profile}',
         '--host-resolver-rules=MAP * ~NOTFOUND', '--dump-dom', page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True)
    return result.stdout


def cells(document: str, first: str) -> list[str]:
    """Return the cells of the row that begins with these words."""
    row = re.search(rf'<tr><td>{re.escape(first)}</td>(.*?)</tr>', document, re.DOTALL)
    assert row, first
    return [html.unescape(cell) for cell in re.findall(r'<td>(.*?)</td>', row.group(1))]


def captions(document: str, title: str) -> list[str]:
    """Return what is said under the crops of a section."""
    section = document.partition(f'<h2>{title}</h2>')[2].partition('<h2>')[0]
    found = re.findall(r'<figcaption>(.*?)</figcaption>', section, re.DOTALL)
    return [re.sub(r'<.*?>', ' ', item) for item in found]


def test_a_browser_shows_every_picture_and_the_figures(output: Path, tmp_path: Path) -> None:
    probed = tmp_path / 'probed.html'
    probed.write_text((output / 'report.html').read_text().replace('</body>', f'{PROBE}</body>'))
    document = dumped(probed, tmp_path / 'profile')
    shown, there = re.findall(r'data-pictures="(\d+) of (\d+)"', document)[0]
    # Precision, recall by height and by distance, latency twice; and what each model did wrong.
    assert int(shown) == int(there) >= 5 + 2 * 2
    figures = json.loads((output / 'metrics.json').read_text())['models']
    recalls = [model['figures']['recall'] for model in figures.values()]
    assert cells(document, 'recall') == [
        f'{item["value"]:.1%}  [{item["low"]:.1%}, {item["high"]:.1%}]' for item in recalls]
    assert cells(document, 'second_channel')[:3] == ['tiny_gfl', '5', '1.000']
    assert 'tiny_gfl_float against tiny_gfl' in document


def test_everything_is_in_the_page_but_the_films(output: Path) -> None:
    page = (output / 'report.html').read_text()
    assert set(re.findall(r'(?:src|href)="(?!data:image/(?:png|jpeg);base64,)(.*?)"', page)) == {
        'tiny_gfl/known.mp4', 'tiny_gfl_float/known.mp4'}
    assert 'http' not in re.sub(r'base64,[\w+/=]*', '', page)


def test_the_worst_are_told_with_their_place_and_are_shown_once(output: Path) -> None:
    page = (output / 'report.html').read_text()
    # 'near' is 4 m away when it is lost, the nearest; 'hidden' is never seen, 8 m away.
    near, hidden = captions(page, 'Worst misses: tiny_gfl')
    assert near.startswith(' first_channel 4.0 m ahead, 8 px tall: nothing reported')
    assert hidden.startswith(' third_channel 8.0 m ahead')
    ns = stamp(10)
    assert near.endswith(f' known {IMAGES} frame 10 stamp {ns // 10**9}.{ns % 10**9:09d}')
    # The square that is nothing, in three frames, and where 'near' was a frame before.
    alarms = captions(page, 'Worst false alarms: tiny_gfl')
    assert [re.findall(r'frame (\d+)', item) for item in alarms] == [['3'], ['10']]


def test_a_crop_has_what_went_wrong_in_red(output: Path) -> None:
    page = (output / 'report.html').read_text()
    section = page.partition('Worst misses: tiny_gfl<')[2]
    data = base64.b64decode(re.findall(r'base64,([\w+/=]+)', section)[0])
    crop = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).astype(int)
    blue, green, red = crop[..., 0], crop[..., 1], crop[..., 2]
    assert ((red > 200) & (green < 120) & (blue < 120)).sum() > 100


def test_a_film_has_every_frame(output: Path) -> None:
    video = cv2.VideoCapture(str(output / 'tiny_gfl' / 'known.mp4'))
    assert int(video.get(cv2.CAP_PROP_FRAME_COUNT)) == FRAMES
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(10)


def test_without_truth_there_is_a_page_with_times(bag: Path, tmp_path: Path) -> None:
    assert main([str(bag), '--models', TINY, '--samples', '1', '--output', str(tmp_path)]) == 0
    page = (tmp_path / 'report.html').read_text()
    assert page.count('<img ') == 2
    assert cells(page, 'latency p50 (ms)')
    assert 'Worst' not in page
    assert 'Films' not in page


def test_pictures_are_no_film(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / 'pictures').mkdir()
    cv2.imwrite(str(tmp_path / 'pictures' / 'a.png'), np.zeros((64, 64, 3), np.uint8))
    arguments = [str(tmp_path / 'pictures'), '--models', TINY, '--output', str(tmp_path / 'out')]
    assert main([*arguments, '--video']) == 2
    assert '--video: expected films, got the pictures of pictures' in capsys.readouterr().err
    assert main(arguments) == 0
    assert (tmp_path / 'out' / 'report.html').is_file()
