# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of ranges against the truth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt

from compressed_detector.detection.ranging import Ranges
from compressed_detector.evaluation.plots import COLOURS

matplotlib.use('Agg')
from matplotlib import pyplot as plt


def write_scatter(
    path: Path, groups: Mapping[str, tuple[Ranges, npt.ArrayLike]], farthest_m: float
) -> None:
    """
    Write ranges over true distances, both metres, with bars of two standard deviations.

    groups: by their names in the legend, ranges (N,) and true distances (N,).
    """
    figure, axes = plt.subplots(figsize=(6, 6), layout='constrained')
    axes.plot([0, farthest_m], [0, farthest_m], color='black', linewidth=1, label='exact')
    for colour, (name, (ranges, truth_m)) in zip(COLOURS, groups.items()):
        axes.errorbar(
            np.asarray(truth_m), ranges.forward_m, yerr=2 * ranges.std_m, fmt='o', markersize=4,
            linewidth=0.8, alpha=0.7, color=colour, label=f'{name} ({len(ranges)})',
        )
    axes.set(
        xlim=(0, farthest_m), ylim=(0, 1.5 * farthest_m), xlabel='true distance (m)',
        ylabel='range from the ground plane, 2 standard deviations (m)',
    )
    axes.spines[['top', 'right']].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=130)
    plt.close(figure)
