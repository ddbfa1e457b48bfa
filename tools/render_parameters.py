# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Write config/detector.yaml and the README's parameter table from compressed_detector/config.py.

With --check nothing is written; the exit code says whether the files are up to date.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from pathlib import Path

from compressed_detector.config import (
    CameraSettings,
    NodeConfig,
    Option,
    RangingSettings,
    options,
)

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = '<!-- parameters -->', '<!-- end of parameters -->'
YAML_HEAD = """\
# Parameters of the detector node, with their defaults.
# Written by tools/render_parameters.py from compressed_detector/config.py: copy this file to
# change values. Those marked "live" also change with `ros2 param set` while the node runs.
/**:
  ros__parameters:
"""
YAML_CAMERAS = """\
    # For each camera. With cameras: [front, left] these hold for both, and what differs is set
    # under the name of one:
    #   front:
    #     image_topic: /front_camera/image_raw
    #     camera_height: 0.35
"""
TABLE_HEAD = (
    '| parameter | default | must be | unit | live | meaning |',
    '|---|---|---|---|---|---|',
)


def render_yaml() -> str:
    """Return the text of config/detector.yaml."""
    return YAML_HEAD + '\n'.join([
        *(_yaml_entry(option) for option in options(NodeConfig)),
        YAML_CAMERAS,
        *(_yaml_entry(option) for option in camera_options()),
    ])


def render_table() -> str:
    """Return the README's table of parameters in Markdown."""
    return '\n'.join([
        *TABLE_HEAD,
        *(_row(option) for option in options(NodeConfig)),
        '',
        'For each camera (for `front` of `cameras: [front, left]` under its name, such as',
        '`front.max_rate`; without a name they hold for all that do not say otherwise):',
        '',
        *TABLE_HEAD,
        *(_row(option) for option in camera_options()),
    ])


def camera_options() -> list[Option]:
    """Return the options of a camera, those about ranging last."""
    ranging = [option.name for option in options(RangingSettings)]
    return sorted(options(CameraSettings), key=lambda option: option.name in ranging)


def with_table(readme: str) -> str:
    """Return the README with the table between its markers renewed."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f'{before}{BEGIN}\n{render_table()}\n{END}{after}'


def main() -> int:
    """Write or check the rendered files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--check', action='store_true', help='only say whether anything differs')
    check = parser.parse_args().check
    readme = ROOT / 'README.md'
    rendered = {
        ROOT / 'config' / 'detector.yaml': render_yaml(),
        readme: with_table(readme.read_text(encoding='utf-8')),
    }
    stale = [path for path, text in rendered.items()
             if not path.exists() or path.read_text(encoding='utf-8') != text]
    for path in stale:
        if check:
            print(f'{path.relative_to(ROOT)} is not up to date: run tools/render_parameters.py')
        else:
            path.write_text(rendered[path], encoding='utf-8')
    return int(check and bool(stale))


def _row(option: Option) -> str:
    return (
        f'| `{option.name}` | `{_text(option)}` | {option.constraint} | {option.unit} '
        f'| {"yes" if option.live else ""} | {option.description} |'
    )


def _text(option: Option) -> str:
    """Return the default as YAML; ROS 2 cannot read an empty list, [""] stands for it."""
    return json.dumps(list(option.default) or ['']) if option.is_list else json.dumps(
        option.default
    )


def _yaml_entry(option: Option) -> str:
    unit = f' [{option.unit}]' if option.unit else ''
    live = ', live' if option.live else ''
    text = f'{option.description}{unit} ({option.constraint}{live})'
    comment = textwrap.fill(text, 95, initial_indent='    # ', subsequent_indent='    # ')
    return f'{comment}\n    {option.name}: {_text(option)}\n'


if __name__ == '__main__':
    sys.exit(main())
