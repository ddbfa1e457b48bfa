# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Write the reference pages, and config/detector.yaml, from what the code declares.

docs/parameters.md and the YAML come from compressed_detector/config, docs/recipes.md from the
stages of compressed_detector/compression. With --check nothing is written; the exit code says
whether the files are up to date.
"""

from __future__ import annotations

import argparse
import html
import inspect
import json
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from compressed_detector.compression.calibrated import Calibrated
from compressed_detector.compression.distill import Distill
from compressed_detector.compression.layer_choice import LayerChoice
from compressed_detector.compression.stages import STAGES
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
RECIPES_HEAD = """\
# Recipes: the stages of compress_model

Written by `tools/render_parameters.py` from `compressed_detector/compression`.

A recipe lists stages, each with the options that differ from the defaults below. Its name says
what is built, and decodes back to the stages:

```yaml
name: nanodet_g_352_rank78_kd16_wi8_ai8     # architecture, input size, then a code per stage
architecture: nanodet_g
weights: ../../models/nanodet_g/dense.npz   # relative to the recipe
input_size: 352
stages:
  - low_rank: {percent: 78}
  - distill: {epochs: 16, teacher_size: 416}
  - quantize: {format: wi8_ai8}
```

Stages run in their order. Those that remove or share weights tie them; training after them keeps
the ties, `restore` undoes them. `quantize` comes last.
"""
SHARED = {Calibrated: 'look at pictures', LayerChoice: 'choose layers'}
STAGE_TABLE_HEAD = """
| option | default | must be | meaning |
|---|---|---|---|
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


def render_recipes() -> str:
    """Return the text of docs/recipes.md."""
    shared = [f'\n## Options of stages that {words}\n' + _options(group, ())
              for group, words in SHARED.items()]
    stages = [_stage(key, kind.parameters) for key, kind in STAGES.items()]
    return ''.join([RECIPES_HEAD, *stages, *shared])


def _stage(key: str, parameters: type) -> str:
    # The first line names the key and the code, as the heading does.
    _, _, about = inspect.getdoc(parameters).partition('\n\n')
    bases = [group for group in (*SHARED, Distill)
             if issubclass(parameters, group) and parameters is not group]
    known = [option for group in bases for option in options(group)]
    listed = ' and of '.join(
        '`distill`' if group is Distill else f'stages that {SHARED[group]}' for group in bases)
    return ''.join([
        f'\n## `{key}`: `{parameters().code}`\n', f'\n{about}\n' if about else '',
        _options(parameters, known), f'\nAnd the options of {listed}.\n' if listed else '',
    ])


def _options(group: type, known: Sequence[Option]) -> str:
    rows = [
        f'| `{option.name}` | `{_text(option)}` | {option.constraint} | {option.description} |\n'
        for option in options(group) if option not in known
    ]
    return STAGE_TABLE_HEAD + ''.join(rows) if rows else ''


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
        ROOT / 'docs' / 'recipes.md': render_recipes(),
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
