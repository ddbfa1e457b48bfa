# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The tests keep out of each other's way, and of what else runs on this machine."""

import harness
import pytest


@pytest.fixture
def try_first(monkeypatch):
    """Return a function that makes a domain the next to be tried, and then all others."""
    def try_first(domain_id):
        first = harness.DOMAINS.index(domain_id)
        candidates = iter(range(first, first + len(harness.DOMAINS)))
        monkeypatch.setattr(harness, '_candidates', candidates)

    return try_first


def test_a_domain_is_not_given_to_two_tests_at_a_time(try_first, domain_id):
    try_first(domain_id)
    assert harness.fresh_domain() != domain_id


def test_a_domain_with_a_node_in_it_is_not_given_to_a_test(try_first, graph, domain_id):
    # As after another run was killed, and its node lives on.
    while harness._held:
        harness._held.pop().close()
    try_first(domain_id)
    assert harness.fresh_domain() != domain_id
