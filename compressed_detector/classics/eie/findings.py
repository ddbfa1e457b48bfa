# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a study of EIE in software says: figures, tables, plots and sentences from its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compressed_detector.classics.eie.encoding import CODE_BITS
from compressed_detector.classics.results import Cell, Curve, Figure, Plot, Table

# A layer, or a point of the sweep over densities, as the study describes it.
Layer = Mapping[str, Any]
BLAS, SKIPPING = 'dense_blas', 'dense_skipping'
CONTENDERS = {BLAS: 'dense BLAS', SKIPPING: 'dense, zero activations skipped'}
# Others' processors above which a measurement is said to be disturbed.
QUIET = 0.1


def figures(found: Mapping[str, Any]) -> list[Figure]:
    """Return EIE's times beside the paper's (table IV), and by how much this machine gains."""
    result = []
    for name, layer in found['layers'].items():
        paper = layer.get('paper', {})
        result += [
            Figure(f'theoretical_us_eie, {name}', layer['eie']['ideal_us'], paper.get('ideal_us'),
                   unit='us'),
            Figure(f'actual_us_eie, {name}', layer['eie']['time_us'], paper.get('actual_us'),
                   unit='us'),
            Figure(f'time_ratio_blas_by_compressed, {name}', _ratio(layer, BLAS)['value']),
            Figure(f'moved_bytes_ratio, {name}', _fewer(layer, 'moved_bytes')),
        ]
    return result


def tables(found: Mapping[str, Any]) -> tuple[Table, ...]:
    """Return what layers take: by counting, measured here, and on EIE by the model."""
    layers = found['layers'].items()
    return (
        Table('Operations, bytes and energy of one product, dense / compressed '
              '(energy: 45 nm, all from DRAM / compressed, all in SRAM)',
              ('layer', 'shape', 'weights kept', 'active', 'code bits', 'multiply-adds',
               'stored bytes', 'bytes moved', 'DRAM uJ', 'SRAM uJ'),
              tuple(_counted(name, layer) for name, layer in layers)),
        Table('Measured on one processor at batch 1, microseconds; how many times longer than the '
              'compressed form (95 %)',
              ('layer', 'compressed', *CONTENDERS.values(), 'BLAS / compressed',
               'skipping / compressed'),
              tuple(_measured(name, layer) for name, layer in layers)),
        Table('On EIE with 64 elements at 800 MHz by the model, and the paper (table IV)',
              ('layer', 'theoretical us', 'paper', 'actual us', 'paper', 'load balance',
               'entries / nonzeros', 'energy uJ'),
              tuple(_modelled(name, layer) for name, layer in layers)),
    )


def plots(found: Mapping[str, Any]) -> tuple[Plot, ...]:
    """Return the gain against density, and the model's times against the paper's."""
    curves = [
        Curve(f'{title}, {_percent(active)} of activations',
              tuple(100 * point['density'] for point in points),
              tuple(_ratio(point, contender)['value'] for point in points))
        for active, points in _by_activity(found['sweep']).items()
        for contender, title in CONTENDERS.items()
    ]
    ends = tuple(curve.x[index] for curve in curves[:1] for index in (0, -1))
    curves.append(Curve('as quick as the compressed form', ends, (1.0, 1.0)))
    published = sorted((layer for layer in found['layers'].values() if 'paper' in layer),
                       key=lambda layer: float(layer['paper']['actual_us']))
    times = tuple(layer['paper']['actual_us'] for layer in published)
    side = 'x'.join(map(str, found['sweep'][0]['shape']))
    return (
        Plot('gain_by_density', f'Dense by compressed time at batch 1, {side}',
             'weights kept (%)', 'times as long as compressed', tuple(curves), True, True),
        Plot('model_against_paper', 'Time of a layer on EIE', 'paper (us)', 'model (us)', (
            Curve('actual', times, tuple(layer['eie']['time_us'] for layer in published)),
            Curve('the same as in the paper', times, times))),
    )


def findings(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the claims, and whether they hold."""
    layers = found['layers']
    published = {name: layer for name, layer in layers.items() if 'paper' in layer}
    sentences = [
        f'The weights of {", ".join(published)} are random ones of the published densities, and '
        'so are the activations; those of the other layers are of a trained network and a test '
        'picture.',
        *_bits_findings(layers),
        *_model_findings(published),
        *_measured_findings(layers),
        *_border_finding(layers),
        *(_sweep_finding(found['sweep'], active) for active in _by_activity(found['sweep'])),
        _traffic_finding(layers),
    ]
    busy = found['others_processors']
    if busy > QUIET:
        sentences.append(f'While this was measured other programs took {busy:.2g} processors: '
                         'times are longer than they need be, ratios less certain.')
    return tuple(sentences)


def _bits_findings(layers: Mapping[str, Layer]) -> list[str]:
    wide = {name: layer['code_bits'] for name, layer in layers.items()
            if layer['code_bits'] > CODE_BITS}
    return [f'The codebooks of {", ".join(wide)} need up to {max(wide.values())} bits, where EIE '
            f'has {CODE_BITS}: its times for them are those of as many entries.'] if wide else []


def _model_findings(published: Mapping[str, Layer]) -> list[str]:
    sentences = []
    for kind, here, paper in (('theoretical', 'ideal_us', 'ideal_us'),
                              ('actual', 'time_us', 'actual_us')):
        errors = {name: layer['eie'][here] / layer['paper'][paper] - 1
                  for name, layer in published.items()}
        worst = max(errors, key=lambda name: abs(errors[name]))
        mean = sum(map(abs, errors.values())) / len(errors)
        sentences.append(
            f"EIE's {kind} time by the model is off the paper's by {mean:.0%} on average, at "
            f'most {errors[worst]:+.0%} ({worst}).')
    return sentences


def _measured_findings(layers: Mapping[str, Layer]) -> list[str]:
    sentences = []
    for contender, title in CONTENDERS.items():
        parts = []
        for verdict, words in (('wins', 'the compressed form is quicker in'),
                               ('even', 'no difference is certain in'),
                               ('loses', 'dense is quicker in')):
            named = [f'{name} ({_short(_ratio(layer, contender)["value"])}x)'
                     for name, layer in layers.items()
                     if _verdict(_ratio(layer, contender)) == verdict]
            if named:
                parts.append(f'{words} {", ".join(named)}')
        sentences.append(f'Against {title}: {"; ".join(parts)}.')
    return sentences


def _border_finding(layers: Mapping[str, Layer]) -> list[str]:
    """Return how large and how dense the layers are that BLAS is quicker with, and the others."""
    groups: dict[str, list[Layer]] = {'wins': [], 'loses': [], 'even': []}
    for layer in layers.values():
        groups[_verdict(_ratio(layer, BLAS))].append(layer)
    if not groups['wins'] or not groups['loses']:
        return []
    large, small = (
        sorted(layer['dense']['stored_bytes'] / 1e6 for layer in groups[verdict])
        for verdict in ('wins', 'loses'))
    sparse = max(layer['density'] for layer in groups['wins'])
    return [f'The layers in which the compressed form is quicker than BLAS have {large[0]:.2g} MB '
            f'or more in float32 and keep {_percent(sparse)} at most; those in which BLAS is '
            f'quicker have up to {small[-1]:.2g} MB.']


def _sweep_finding(sweep: Sequence[Layer], active: float) -> str:
    points = _by_activity(sweep)[active]
    size = 'x'.join(map(str, points[0]['shape']))
    reached = [f'{title} up to {_percent(won)} kept' if (won := _won_up_to(points, contender))
               else f'{title} at no density' for contender, title in CONTENDERS.items()]
    return (f'With {_percent(active)} of the activations not zero, a random {size} matrix is '
            f'multiplied quicker in compressed form than by {" and ".join(reached)} (tried: '
            f'{_percent(points[0]["density"])} to {_percent(points[-1]["density"])}).')


def _won_up_to(points: Sequence[Layer], contender: str) -> float:
    """Return the highest density up to which the compressed form always won; 0 if never."""
    reached = 0.0
    for point in points:
        if _verdict(_ratio(point, contender)) != 'wins':
            break
        reached = point['density']
    return reached


def _traffic_finding(layers: Mapping[str, Layer]) -> str:
    def span(part: str) -> str:
        fewer = [_fewer(layer, part) for layer in layers.values()]
        return f'{_short(min(fewer))} to {_short(max(fewer))}'

    return (f'Compressed, a layer takes {span("macs")} times fewer multiply-adds, is stored in '
            f'{span("stored_bytes")} times fewer bytes and moves {span("moved_bytes")} times '
            f'fewer: {span("dram_uj")} times less energy when all comes from DRAM.')


def _short(value: float) -> str:
    return f'{value:.2g}' if value < 10 else f'{value:.0f}'


def _fewer(layer: Layer, part: str) -> float:
    return float(layer['dense'][part]) / max(float(layer['compressed'][part]), 1e-9)


def _ratio(layer: Layer, contender: str) -> Mapping[str, float]:
    ratio: Mapping[str, float] = layer['measured'][f'{contender}_by_compressed']
    return ratio


def _verdict(ratio: Mapping[str, float]) -> str:
    if ratio['low'] > 1:
        return 'wins'
    return 'loses' if ratio['high'] < 1 else 'even'


def _by_activity(sweep: Sequence[Layer]) -> dict[float, list[Layer]]:
    found: dict[float, list[Layer]] = {}
    for point in sweep:
        found.setdefault(round(point['activation_density'], 2), []).append(point)
    return found


def _percent(share: float) -> str:
    return f'{100 * share:.2g} %' if share < 0.995 else '100 %'


def _counted(name: str, layer: Layer) -> tuple[Cell, ...]:
    def pair(part: str, form: str) -> str:
        return f'{layer["dense"][part]:{form}} / {layer["compressed"][part]:{form}}'

    return (
        name, 'x'.join(map(str, layer['shape'])), _percent(layer['density']),
        _percent(layer['activation_density']), layer['code_bits'], pair('macs', ',.0f'),
        pair('stored_bytes', ',.0f'), pair('moved_bytes', ',.0f'), pair('dram_uj', '.3g'),
        f'{layer["compressed"]["sram_uj"]:.3g}')


def _measured(name: str, layer: Layer) -> tuple[Cell, ...]:
    times = layer['measured']['us']
    ratios = (_ratio(layer, contender) for contender in CONTENDERS)
    return (name, *(float(f'{times[key]:.3g}') for key in ('compressed', *CONTENDERS)),
            *(f'{item["value"]:.2f} ({item["low"]:.2f} to {item["high"]:.2f})' for item in ratios))


def _modelled(name: str, layer: Layer) -> tuple[Cell, ...]:
    run, paper = layer['eie'], layer.get('paper', {})
    return (name, round(run['ideal_us'], 2), paper.get('ideal_us'), round(run['time_us'], 2),
            paper.get('actual_us'), round(run['load_balance'], 3),
            round(run['entries_by_nonzeros'], 2), round(run['energy_uj'], 2))
