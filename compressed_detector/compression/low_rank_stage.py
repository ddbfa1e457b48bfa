# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage that factors convolutions: fewer multiply-accumulates, the same channels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from compressed_detector.compression import low_rank, rank_search
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.calibrated import Measure, refuse_ties
from compressed_detector.compression.cost import cost
from compressed_detector.compression.evidence import gather
from compressed_detector.compression.fitting import Fitted, fit_in_order
from compressed_detector.compression.moments import Doubles, Moments
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import Report
from compressed_detector.compression.refit import refit


@dataclass(frozen=True)
class LowRank(Fitted):
    """
    The recipe's stage ``low_rank``; in a model's name ``rank80``.

    Ranks are allocated over the layers by what their errors do to the outputs, per
    multiply-accumulate saved. Then layer by layer, in the order of computation, each is fitted
    to what it computed before, given what the layers before it now compute.
    """

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return f'rank{self.percent}'

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """Return the build with factored convolutions; raises CompressionError."""
        refuse_ties(build, 'low_rank')
        network, size = build.network, workplace.input_size
        evidence = gather(self, build, workplace, 'low_rank')
        ranks = rank_search.search(network, size, evidence, self.percent / 100, self.ridge)
        curvatures = {name: curvature for name, (_, curvature) in evidence.items()}
        measure = self.measure(build, workplace, 'low_rank')
        factored = factor_in_order(
            network, ranks, curvatures, measure, self.ridge, workplace.report)
        note = {'low_rank': {
            **dataclasses.asdict(self), 'ranks': ranks, 'macs': cost(factored, size).macs,
        }}
        return build.then(note, network=factored)


def factor_in_order(
    network: Network, ranks: Mapping[str, int], curvatures: Mapping[str, Doubles],
    measure: Measure, strength: float, report: Report,
) -> Network:
    """
    Return the network with the named convolutions factored, and those after them fitted again.

    Raises CompressionError.
    """
    def fit(network: Network, name: str, moments: Moments) -> Network:
        if name in ranks:
            return low_rank.factor(
                network, name, moments, curvatures[name], ranks[name], strength)
        return refit(network, name, moments, strength)

    return fit_in_order(network, ranks, measure, fit, report)
