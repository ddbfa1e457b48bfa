# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Write config/detector.yaml and docs/parameters.md from what compressed_detector/config declares.

With --check nothing is written; the exit code says whether the files are up to date.
"""

from __future__ import annotations

import argparse
import html
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
YAML_HEAD = """\
# Parameters of the detector node, with their defaults.
# Written by tools/render_parameters.py from compressed_detector/config: copy this file to change
# values. Those marked "live" also change with `ros2 param set` while the node runs.
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
PAGE_HEAD = """\
# Parameters of the detector node

Written by `tools/render_parameters.py` from `compressed_detector/config`; the same in a file to
copy is [`config/detector.yaml`](../config/detector.yaml). How to set them, and how to change them
while the node runs, is in the [README](../README.md#tune-it-while-it-runs).

They change

- **live**: between two frames, with `ros2 param set`;
- **unconfigured**: with a new start, or between cleanup and configure;
- **start**: only with a new start.
"""
NODE_HEAD = """
## Of the node
"""
CAMERA_HEAD = """
## Of each camera

For `front` of `cameras: [front, left]` they are set under its name, such as `front.max_rate`;
without a name they hold for all cameras that do not say otherwise.
"""
TABLE_HEAD = """
| parameter | default | must be | unit | changes | meaning |
|---|---|---|---|---|---|
"""


def render_yaml() -> str:
    """Return the text of config/detector.yaml."""
    return YAML_HEAD + '\n'.join([
        *(_yaml_entry(option) for option in options(NodeConfig)),
        YAML_CAMERAS,
        *(_yaml_entry(option) for option in camera_options()),
    ])


def render_page() -> str:
    """Return the text of docs/parameters.md."""
    return ''.join([
        PAGE_HEAD,
        NODE_HEAD, TABLE_HEAD, *(_row(option) for option in options(NodeConfig)),
        CAMERA_HEAD, TABLE_HEAD, *(_row(option) for option in camera_options()),
    ])


def camera_options() -> list[Option]:
    """Return the options of a camera, those about ranging last."""
    ranging = [option.name for option in options(RangingSettings)]
    return sorted(options(CameraSettings), key=lambda option: option.name in ranging)


def main() -> int:
    """Write or check the rendered files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--check', action='store_true', help='only say whether anything differs')
    check = parser.parse_args().check
    rendered = {
        ROOT / 'config' / 'detector.yaml': render_yaml(),
        ROOT / 'docs' / 'parameters.md': render_page(),
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
    changes = 'live' if option.live else 'start' if option.fixed else 'unconfigured'
    return (
        f'| `{option.name}` | `{_text(option)}` | {option.constraint} | {option.unit} '
        # Unescaped, Markdown takes <name> for an HTML tag and shows nothing.
        f'| {changes} | {html.escape(option.description, quote=False)} |\n'
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
