# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The answers to the research questions: figures, tables, plots and sentences from costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compressed_detector.classics.pairs import COMPRESSED, DENSE, PRUNED
from compressed_detector.classics.results import Cell, Curve, Figure, Plot, Table

# A network as costs() describes it, and one form of it.
Network = Mapping[str, Any]
Form = Mapping[str, Any]
# Others' processors above which a measurement is said to be disturbed.
QUIET = 0.1
# A change of the time of one image in a batch, up to which batches are said to change nothing.
SAME = 0.05
# The part of what zeros could save, below which they are said to save nothing.
LITTLE = 0.1
FORMS = {DENSE: 'dense, float32', PRUNED: 'pruned and shared, float32',
         COMPRESSED: 'compressed, int8'}


def resident_mb(form: Form, key: str) -> float:
    """Return what a process has resident more than before it read the model, MB."""
    memory: Mapping[str, float] = form['memory']
    return memory[f'{key}_mb'] - memory['before_mb']


def throughput(form: Form) -> float:
    """Return images per second with the number of images at once that suits it best."""
    return max(1e3 * int(batch) / time for batch, time in form['batches_ms'].items())


def _per_image_ms(form: Form) -> dict[int, float]:
    return {int(batch): time / int(batch) for batch, time in form['batches_ms'].items()}


def _in_largest_batch(form: Form) -> float:
    times = _per_image_ms(form)
    return times[max(times)]


# What is asked of a form, and whether more of it is better.
QUESTIONS: Mapping[str, tuple[Callable[[Form], float], bool]] = {
    'inference time of one image (ms)': (lambda form: form['p50_ms'], False),
    'time of an image in the largest batch (ms)': (_in_largest_batch, False),
    'throughput (images/s)': (throughput, True),
    'peak memory (MB)': (lambda form: resident_mb(form, 'peak'), False),
    'steady memory (MB)': (lambda form: resident_mb(form, 'steady'), False),
    'multiply-adds (millions)': (lambda form: form['macs'] / 1e6, False),
    'multiply-adds without zeros (millions)': (lambda form: form['macs_left'] / 1e6, False),
    'file, .tflite (kB)': (lambda form: form['file_bytes'] / 1e3, False),
    'file, coded (kB)': (lambda form: form['coded_bytes'] / 1e3, False),
}


def gains(network: Network) -> dict[str, float]:
    """Return by question how many times better the compressed form is."""
    forms, found = network['forms'], {}
    for question, (ask, more) in QUESTIONS.items():
        dense, compressed = ask(forms[DENSE]), ask(forms[COMPRESSED])
        found[question] = compressed / dense if more else dense / compressed
    # This one has seen the same machine in every turn.
    found[next(iter(QUESTIONS))] = network['time_ratios'][COMPRESSED]['1']['value']
    return found


def figures(networks: Sequence[Network]) -> tuple[Figure, ...]:
    """Return how many times better the compressed form is, and how good both are."""
    result = []
    for network in networks:
        title, measure = network['title'], network['measure']
        result += [Figure(f'{question.partition(" (")[0]}, dense by compressed, {title}', value)
                   if not QUESTIONS[question][1] else
                   Figure(f'{question.partition(" (")[0]}, compressed by dense, {title}', value)
                   for question, value in gains(network).items()]
        result += [Figure(f'{measure}_{form}, {title}', network['forms'][form]['quality'])
                   for form in (DENSE, COMPRESSED)]
    return tuple(result)


def tables(networks: Sequence[Network]) -> tuple[Table, ...]:
    """Return the answers by question, and what zeros alone do to the time."""
    rows: list[tuple[Cell, ...]] = []
    for question, (ask, _) in QUESTIONS.items():
        for network in networks:
            values = (_short(ask(network['forms'][form])) for form in (DENSE, COMPRESSED))
            rows.append((question, network['title'], *values, _short(gains(network)[question])))
    for network in networks:
        values = (round(network['forms'][form]['quality'], 4) for form in (DENSE, COMPRESSED))
        rows.append((network['measure'], network['title'], *values, None))
    return (
        Table('Dense float32 against compressed int8, one thread; memory is beyond that of the '
              'empty process; ratio: how many times better',
              ('question', 'network', DENSE, COMPRESSED, 'ratio'), tuple(rows)),
        Table('Time of one image with zeros and shared weights alone, float32, one thread',
              ('network', 'multiply-adds that zeros leave', 'dense (ms)', 'with zeros (ms)',
               'dense / with zeros (95 %)'),
              tuple(_zeros_row(network) for network in networks if PRUNED in network['forms'])),
    )


def _zeros_row(network: Network) -> tuple[Cell, ...]:
    dense, pruned = (network['forms'][form] for form in (DENSE, PRUNED))
    return (network['title'], f'{pruned["macs_left"] / pruned["macs"]:.1%}',
            _short(dense['p50_ms']), _short(pruned['p50_ms']),
            _interval(network['time_ratios'][PRUNED]['1']))


def plots(networks: Sequence[Network]) -> tuple[Plot, ...]:
    """Return time and throughput by batch of every network, and all of them together."""
    return (
        *(plot for network in networks for plot in _by_batch(network)),
        _together(networks, 'time_by_computation', 'Time of one image against computation',
                  ('multiply-adds (millions)', lambda form: form['macs'] / 1e6),
                  ('milliseconds', lambda form: form['p50_ms'])),
        _together(networks, 'memory_by_file', 'Memory of the process against the file',
                  ('file, .tflite (MB)', lambda form: form['file_bytes'] / 1e6),
                  ('peak beyond the empty process (MB)', lambda form: resident_mb(form, 'peak'))),
        _together(networks, 'computation_left', 'Computation that zeros leave',
                  ('multiply-adds (millions)', lambda form: form['macs'] / 1e6),
                  ('with a weight that is not zero (millions)',
                   lambda form: form['macs_left'] / 1e6)),
    )


def _by_batch(network: Network) -> tuple[Plot, Plot]:
    title = network['title']
    # Part of the name of a file, which links are to find.
    name = re.sub('[^a-z0-9]+', '_', title.lower()).strip('_')
    times, rates = [], []
    for form, found in network['forms'].items():
        per_image = _per_image_ms(found)
        batches = tuple(map(float, per_image))
        times.append(Curve(FORMS[form], batches, tuple(per_image.values())))
        rates.append(Curve(FORMS[form], batches, tuple(1e3 / time for time in per_image.values())))
    return (
        Plot(f'time_by_batch_{name}', f'{title}: time of an image by batch', 'images at once',
             'milliseconds for each', tuple(times), x_log=True),
        Plot(f'throughput_by_batch_{name}', f'{title}: throughput by batch', 'images at once',
             'images per second', tuple(rates), x_log=True),
    )


Axis = tuple[str, Callable[[Form], float]]


def _together(networks: Sequence[Network], name: str, title: str, x: Axis, y: Axis) -> Plot:
    curves = []
    for form, label in FORMS.items():
        points = sorted((x[1](network['forms'][form]), y[1](network['forms'][form]))
                        for network in networks if form in network['forms'])
        if points:
            curves.append(Curve(label, tuple(point[0] for point in points),
                                tuple(point[1] for point in points)))
    titles = ', '.join(network['title'] for network in networks)
    return Plot(name, f'{title} ({titles})', x[0], y[0], tuple(curves), True, True)


def findings(networks: Sequence[Network], instructions: Sequence[str],
             others_processors: float) -> tuple[str, ...]:
    """Return the claims, and whether they hold."""
    sentences = [sentence for network in networks for sentence in _findings(network)]
    sentences.append(
        'What int8 gains in time it owes to the instructions of the processor: this one has '
        f'{", ".join(instructions) or "none that help"}.')
    if others_processors > QUIET:
        sentences.append(
            f'While this was measured other programs took {others_processors:.2g} processors: '
            'times are longer than they need be, ratios less certain.')
    return tuple(sentences)


def _findings(network: Network) -> list[str]:
    title, forms = network['title'], network['forms']
    dense, compressed = forms[DENSE], forms[COMPRESSED]
    gain = gains(network)
    sentences = [
        f'{title}, time: one image takes {dense["p50_ms"]:.3g} ms dense and '
        f'{compressed["p50_ms"]:.3g} ms compressed: '
        f'{_compared(network["time_ratios"][COMPRESSED]["1"])}.',
        f'{title}, batches: {_batch_finding(dense)} dense, {_batch_finding(compressed)} '
        f'compressed; throughput is {gain["throughput (images/s)"]:.2f} times the dense one.',
        f'{title}, memory: at most {resident_mb(dense, "peak"):.3g} MB beyond the empty process '
        f'dense, {resident_mb(compressed, "peak"):.3g} MB compressed.',
        f'{title}, bytes: {dense["file_bytes"] / compressed["file_bytes"]:.2f} times fewer as '
        f'.tflite, {dense["file_bytes"] / compressed["coded_bytes"]:.1f} times fewer coded '
        f'(dense, coded: {dense["file_bytes"] / dense["coded_bytes"]:.1f}); {network["measure"]} '
        f'{dense["quality"]:.4f} dense, {compressed["quality"]:.4f} compressed.',
        f'{title}, computation: the compressed file computes '
        f'{compressed["macs"] / dense["macs"]:.0%} of the multiply-adds; '
        f'{compressed["macs_left"] / compressed["macs"]:.1%} of them have a weight that is not '
        'zero.',
    ]
    return sentences + ([_zeros_finding(network)] if PRUNED in forms else [])


def _zeros_finding(network: Network) -> str:
    pruned, ratio = network['forms'][PRUNED], network['time_ratios'][PRUNED]['1']
    possible = pruned['macs'] / max(pruned['macs_left'], 1)
    # Of the time that would be gone if it went with the multiply-adds.
    gained = (1 - 1 / ratio['value']) / max(1 - 1 / possible, 1e-9)
    sentence = (
        f'{network["title"]}, zeros: in float32 they leave {1 / possible:.1%} of the '
        f'multiply-adds, {possible:.1f} times fewer; the time of one image: {_compared(ratio)}')
    if gained < LITTLE:
        sentence += (": next to nothing, since the runtime's kernels are dense and multiply zeros "
                     'like other numbers')
    return sentence + '.'


def _batch_finding(form: Form) -> str:
    times = _per_image_ms(form)
    largest = max(times)
    change = times[largest] / times[min(times)] - 1
    if abs(change) <= SAME:
        return f'{largest} images at once cost as much each as one ({change:+.0%})'
    less = 'less' if change < 0 else 'more'
    return f'{largest} images at once cost {abs(change):.0%} {less} each'


def _compared(ratio: Mapping[str, float]) -> str:
    if ratio['low'] > 1:
        return f'{_interval(ratio)} times quicker'
    if ratio['high'] < 1:
        return f'slower, {_interval(ratio)} times as quick'
    return f'no certain difference, {_interval(ratio)} times as quick'


def _interval(ratio: Mapping[str, float]) -> str:
    return f'{ratio["value"]:.2f} ({ratio["low"]:.2f} to {ratio["high"]:.2f})'


def _short(value: float) -> float:
    return float(f'{value:.4g}')
