# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The models that are shipped: each complete, small, and what its recipe says."""

import json
from pathlib import Path

import pytest

from compressed_detector.compression.naming import decode
from compressed_detector.compression.recipe import load_recipe
from compressed_detector.detection.bundle import Bundle, find_manifest

ROOT = Path(__file__).parents[1]
MODELS = ROOT / 'models' / 'nanodet_g'
FAMILY = json.loads((MODELS / 'family.json').read_text())
LARGEST_BYTES = 4_000_000


@pytest.mark.parametrize('short', ['fast', 'balanced', 'accurate'])
def test_every_member_of_the_family_is_complete(short: str) -> None:
    manifest = find_manifest(short, [ROOT / 'models'])
    name = FAMILY[short]
    assert manifest == MODELS / f'{name}.json'
    bundle = Bundle.load(manifest)
    metrics = json.loads((MODELS / f'{name}.metrics.json').read_text())
    assert metrics['size_bytes'] == len(bundle.model) < LARGEST_BYTES
    assert f'# {name}' in (MODELS / f'{name}.report.md').read_text()
    recipe = load_recipe(ROOT / 'config' / 'recipes' / f'{name}.yaml')
    assert recipe.name == bundle.manifest.name == decode(name).name


def test_the_family_trades_time_for_precision() -> None:
    figures = [json.loads((MODELS / f'{FAMILY[short]}.metrics.json').read_text())
               for short in ('fast', 'balanced', 'accurate')]
    for key in ('latency_ratio_1thread', 'ap', 'macs'):
        values = [item[key] for item in figures]
        assert values == sorted(values)
