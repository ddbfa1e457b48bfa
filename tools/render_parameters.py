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

from compressed_detector.config import NodeConfig, Option, options

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = '<!-- parameters -->', '<!-- end of parameters -->'
YAML_HEAD = """\
# Parameters of the detector node, with their defaults.
# Written by tools/render_parameters.py from compressed_detector/config.py: copy this file to
# change values. Those marked "live" also change with `ros2 param set` while the node runs.
/**:
  ros__parameters:
"""


def render_yaml() -> str:
    """Return the text of config/detector.yaml."""
    return YAML_HEAD + '\n'.join(_yaml_entry(option) for option in options(NodeConfig))


def render_table() -> str:
    """Return the README's table of parameters in Markdown."""
    rows = [
        '| parameter | default | must be | unit | live | meaning |',
        '|---|---|---|---|---|---|',
    ]
    for option in options(NodeConfig):
        rows.append(
            f'| `{option.name}` | `{json.dumps(option.default)}` | {option.constraint} '
            f'| {option.unit} | {"yes" if option.live else ""} | {option.description} |'
        )
    return '\n'.join(rows)


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


def _yaml_entry(option: Option) -> str:
    unit = f' [{option.unit}]' if option.unit else ''
    live = ', live' if option.live else ''
    text = f'{option.description}{unit} ({option.constraint}{live})'
    comment = textwrap.fill(text, 95, initial_indent='    # ', subsequent_indent='    # ')
    return f'{comment}\n    {option.name}: {json.dumps(option.default)}\n'


if __name__ == '__main__':
    sys.exit(main())
