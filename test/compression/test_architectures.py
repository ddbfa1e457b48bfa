# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Heads that know fewer classes say of those what they said before."""

from pathlib import Path

import numpy as np
import pytest

from compressed_detector.compression import dense
from compressed_detector.compression.architectures.nanodet_g import NANODET_G
from compressed_detector.compression.keras_network import build_model
from compressed_detector.errors import CompressionError

WEIGHTS = dense.load(Path(__file__).parents[2] / 'models' / 'nanodet_g' / 'dense.npz').weights


def test_logits_of_kept_classes_and_of_boxes_are_the_same() -> None:
    fewer = NANODET_G.of_classes(['car', 'person'])
    assert fewer.labels == ('person', 'car')
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    whole = build_model(NANODET_G.build(WEIGHTS), 64)(pixels)
    cut = build_model(fewer.build(WEIGHTS), 64)(pixels)
    for role, logits in whole.items():
        kept = np.asarray(logits)[..., [0, 2, *range(80, 124)]]
        np.testing.assert_allclose(np.asarray(cut[role]), kept, atol=1e-4)


@pytest.mark.parametrize(('classes', 'message'), [
    ([], 'got none'),
    (['pedestrian'], "got 'pedestrian'"),
    (['trafic light'], "got 'trafic light'; did you mean 'traffic light'"),
])
def test_classes_that_it_does_not_know_are_refused(classes: list[str], message: str) -> None:
    with pytest.raises(CompressionError, match=message):
        NANODET_G.of_classes(classes)
