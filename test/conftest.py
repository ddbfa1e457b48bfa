# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures that need a ROS graph; tests without one do not import rclpy."""

import pytest


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
