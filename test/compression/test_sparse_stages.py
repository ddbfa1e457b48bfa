# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stages that tie weights: on a build, with the notes and the forms that they leave."""

from pathlib import Path

import numpy as np
import pytest
from calibration_pictures import write_pictures
from small_networks import tiny_network

from compressed_detector.compression.architectures import ARCHITECTURES
from compressed_detector.compression.binarize import Binarize
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.forms import Form
from compressed_detector.compression.naming import decode
from compressed_detector.compression.progress import silent
from compressed_detector.compression.prune import Prune, PruneNofM, density
from compressed_detector.compression.share_coded import ShareCoded
from compressed_detector.compression.share_stage import Share
from compressed_detector.errors import CompressionError

NETWORK = tiny_network()
FEW = {'calibration_images': 4, 'positions': 64}


@pytest.fixture(scope='module')
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp('pictures'), 4)


def workplace(images: Path | None) -> Workplace:
    return Workplace(ARCHITECTURES['nanodet_g'], 32, images, silent, NETWORK)


@pytest.mark.parametrize('method', ['magnitude', 'obd', 'obs'])
def test_prune_removes_what_it_says(method: str, pictures: Path) -> None:
    stage = Prune(removed_percent=60, method=method, **FEW)
    build = stage.apply(Build(NETWORK), workplace(pictures))
    (note,) = build.notes
    assert note['prune']['density'] == density(build.network) == pytest.approx(0.4, abs=0.01)
    assert note['prune']['method'] == method


def test_pictures_are_only_needed_by_what_looks_at_them() -> None:
    for stage in (Prune(), PruneNofM(), Share()):
        stage.apply(Build(NETWORK), workplace(None))
    for stage in (Prune(method='obs'), Prune(method='obd'), PruneNofM(method='obs'),
                  Share(importance='hessian'), ShareCoded()):
        with pytest.raises(CompressionError, match='needs pictures to calibrate on: --images DIR'):
            stage.apply(Build(NETWORK), workplace(None))


def test_spared_layers_stay_as_they_are() -> None:
    build = Prune(spare_first=True, spare_last=True).apply(Build(NETWORK), workplace(None))
    assert set(build.forms) == {'b_weight'}


def test_sharing_after_pruning_leaves_the_zeros_alone(pictures: Path) -> None:
    pruned = Prune().apply(Build(NETWORK), workplace(None))
    for stage in (Share(bits=3), Share(bits=3, importance='hessian', **FEW),
                  ShareCoded(centibits=300, **FEW)):
        build = stage.apply(pruned, workplace(pictures))
        for name, form in pruned.forms.items():
            weights = build.network.weights[name]
            assert not weights[~form.mask].any()
            assert not (build.forms[name].mask & ~form.mask).any()
        assert len(build.notes) == 2


def test_coded_weights_take_about_the_bits_asked_for(pictures: Path) -> None:
    build = ShareCoded(centibits=300, **FEW).apply(Build(NETWORK), workplace(pictures))
    assert build.notes[0]['share_coded']['bits'] == pytest.approx(3, abs=0.1)
    for name, form in build.forms.items():
        weights = build.network.weights[name]
        np.testing.assert_array_equal(weights != 0, form.mask)
        values = [np.unique(weights[form.mask & (form.assignments == entry)]).size
                  for entry in range(form.codebook_size)]
        assert set(values) == {1}


def test_layers_measured_in_order_make_up_for_the_errors_of_those_before(pictures: Path) -> None:
    def error(in_order: bool) -> float:
        stage = ShareCoded(centibits=150, in_order=in_order, calibration_images=4, positions=1024)
        work = workplace(pictures)
        build = stage.apply(Build(NETWORK), work)
        moments = stage.measure(Build(NETWORK), work, 'test')(build.network, ['d'])['d']
        kernel, bias = build.network.weights['d_weight'], build.network.weights['d_bias']
        weights = np.vstack([kernel.reshape(-1, kernel.shape[3]), bias])
        squares = weights.T @ moments.gram @ weights - 2 * weights.T @ moments.cross
        return float(np.trace(squares + moments.target) / moments.samples)

    assert error(in_order=True) < error(in_order=False)


def test_groups_must_be_larger_than_what_is_kept() -> None:
    with pytest.raises(CompressionError, match='expected fewer kept .* got nm4of4'):
        PruneNofM(kept=4, group=4).apply(Build(NETWORK), workplace(None))


def test_binary_weights_are_the_nearest_of_one_magnitude_per_channel() -> None:
    build = Binarize().apply(Build(NETWORK), workplace(None))
    assert set(build.forms) == {'b_weight'}, 'first and last layers are spared'
    dense, binary = NETWORK.weights['b_weight'], build.network.weights['b_weight']
    for channel in range(dense.shape[-1]):
        scale = np.abs(binary[..., channel]).max()
        np.testing.assert_array_equal(binary[..., channel], np.where(
            dense[..., channel] >= 0, scale, -scale))
        errors = [np.sum((np.sign(binary[..., channel]) * other - dense[..., channel]) ** 2)
                  for other in (scale, 1.01 * scale, 0.99 * scale)]
        assert errors[0] == min(errors)


def test_binary_weights_have_no_other_ties() -> None:
    with pytest.raises(CompressionError, match='binary weights without masks'):
        Form(mask=np.ones((1, 1, 2, 2), bool), binary=True)


@pytest.mark.parametrize(('name', 'stages'), [
    ('prune50', (Prune(),)),
    ('nm2of4', (PruneNofM(),)),
    ('prune70_share4', (Prune(removed_percent=70), Share(bits=4))),
    ('coded160', (ShareCoded(centibits=160),)),
    ('bin', (Binarize(),)),
])
def test_names_decode_to_the_stages(name: str, stages: tuple[object, ...]) -> None:
    assert decode(f'nanodet_g_416_{name}').stages == stages
