# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Layers can be spared by their place and by their size."""

import pytest
from small_networks import tiny_network

from compressed_detector.compression.layer_choice import LayerChoice


@pytest.mark.parametrize(('choice', 'names'), [
    (LayerChoice(), 'abcd'),
    (LayerChoice(spare_first=True), 'bcd'),
    (LayerChoice(spare_last=True), 'ab'),  # c and d compute the outputs
    (LayerChoice(spare_below=500), 'bc'),  # 216, 576, 1152, 40 weights
    (LayerChoice(spare_below=576), 'bc'),
    (LayerChoice(spare_below=10**6), ''),
])
def test_what_is_not_spared_is_chosen_in_order(choice: LayerChoice, names: str) -> None:
    assert [conv.name for conv in choice.chosen(tiny_network())] == list(names)
