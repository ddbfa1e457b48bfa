# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures that need a ROS graph; tests without one do not import rclpy."""

import pytest
from hypothesis import settings

# A busy machine is slow, not wrong.
settings.register_profile('patient', deadline=None)
settings.load_profile('patient')


@pytest.fixture
def domain_id():
    from harness import fresh_domain

    return fresh_domain()


@pytest.fixture
def graph(domain_id):
    from harness import Graph

    graph = Graph(domain_id)
    yield graph
    graph.close()
