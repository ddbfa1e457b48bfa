# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from compressed_detector.compression import dense
from compressed_detector.compression.architectures import nanodet_g
from compressed_detector.compression.network import Network

MODELS = Path(__file__).parents[2] / 'models' / 'nanodet_g'


@pytest.fixture(scope='session')
def shipped() -> dense.DenseWeights:
    return dense.load(MODELS / 'dense.npz')


@pytest.fixture(scope='session')
def network(shipped: dense.DenseWeights) -> Network:
    return nanodet_g.build(shipped.weights)
