# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Cells learn the boxes that ATSS gives them, and the head decodes what they learn to the box."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.compression.training.assignment import (
    BACKGROUND,
    IGNORED,
    Grids,
    LevelTargets,
)
from compressed_detector.detection.heads.gfl import GflHead
from compressed_detector.detection.tensors import Tensor

SIZE, STRIDES, BINS, CLASSES = 96, (8, 16, 32), 12, 3
GRIDS = Grids(SIZE, STRIDES)
NOTHING = np.zeros((0, 4), np.float32)


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def assign(*rows: tuple[float, ...], ignored: np.ndarray = NOTHING) -> tuple[LevelTargets, ...]:
    """Assign boxes, the classes of which are 0, 1, 2 and so on."""
    return GRIDS.assign(boxes(*rows), np.arange(len(rows), dtype=np.int32), ignored)


def outputs_of(targets: tuple[LevelTargets, ...]) -> dict[str, Tensor]:
    """Outputs of a network that says what it should, with distances between two bins."""
    outputs = {}
    for stride, level in zip(STRIDES, targets):
        bins = np.maximum(0, 1 - abs(level.distances[..., None] - np.arange(BINS)))
        classes = np.where(level.class_ids[..., None] == np.arange(CLASSES), 5, -5)
        logits = np.log(bins + 1e-12).reshape(*level.class_ids.shape, -1)
        values = np.concatenate([classes, logits], axis=-1)[None].astype(np.float32)
        outputs[f'stride_{stride}'] = Tensor(values)
    return outputs


sides = st.tuples(st.floats(0, SIZE), st.floats(0, SIZE)).map(sorted)


@given(st.lists(st.tuples(sides, sides), max_size=CLASSES))
def test_what_cells_learn_decodes_to_the_boxes(drawn: list) -> None:
    rows = [(left, top, right, bottom) for (left, right), (top, bottom) in drawn]
    targets = assign(*rows)
    outputs = outputs_of(targets)
    head = GflHead({role: tensor.values.shape for role, tensor in outputs.items()}, CLASSES,
                   (SIZE, SIZE), list(STRIDES), BINS)
    found = head.decode(outputs, 0.5)
    assert len(found) == sum(np.count_nonzero(level.class_ids >= 0) for level in targets)
    wanted = boxes(*rows)[found.class_ids]
    # A distance beyond the last bin cannot be said.
    sayable = (wanted[:, 2:] - wanted[:, :2]).max(axis=1, initial=0) < (BINS - 1) * STRIDES[0]
    np.testing.assert_allclose(found.boxes_xyxy[sayable], wanted[sayable], atol=1e-2)


def brute_force(box: np.ndarray) -> set[tuple[int, int, int]]:
    """Level, row and column of the cells that learn one box, step by step as in the paper."""
    cells = {}
    for level, stride in enumerate(STRIDES):
        for row in range(SIZE // stride):
            for column in range(SIZE // stride):
                cells[level, row, column] = ((column + 0.5) * stride, (row + 0.5) * stride)
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    overlaps = {}
    for level, stride in enumerate(STRIDES):
        nearest = sorted((cell for cell in cells if cell[0] == level),
                         key=lambda cell: np.hypot(cells[cell][0] - middle[0],
                                                   cells[cell][1] - middle[1]))
        for cell in nearest[:9]:
            x, y = cells[cell]
            half = 2.5 * stride
            width = max(0, min(x + half, box[2]) - max(x - half, box[0]))
            height = max(0, min(y + half, box[3]) - max(y - half, box[1]))
            area = (box[2] - box[0]) * (box[3] - box[1])
            overlaps[cell] = width * height / (4 * half * half + area - width * height)
    found = list(overlaps.values())
    threshold = min(np.mean(found) + np.std(found, ddof=1), max(found))
    return {cell for cell, overlap in overlaps.items() if overlap > threshold - 1e-6
            and box[0] < cells[cell][0] < box[2] and box[1] < cells[cell][1] < box[3]}


def test_cells_of_a_box_are_those_of_the_definition() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        corners = np.sort(random.uniform(0, SIZE, (2, 2)), axis=0)
        box = corners.reshape(4).astype(np.float32)
        learned = {(level, *cell) for level, target in enumerate(assign(tuple(box)))
                   for cell in np.argwhere(target.class_ids == 0).tolist()}
        assert learned == brute_force(box)


def test_large_boxes_are_learned_at_large_strides() -> None:
    small, large = assign((40, 40, 60, 60)), assign((2, 2, 94, 94))
    assert [bool(np.any(level.class_ids == 0)) for level in small] == [True, False, False]
    assert [bool(np.any(level.class_ids == 0)) for level in large] == [False, True, False]


def test_cell_learns_the_box_that_its_anchor_overlaps_most() -> None:
    fine = assign((20, 20, 60, 60), (24, 24, 64, 64))[0].class_ids
    assert {0, 1} <= set(fine.ravel().tolist())
    alone = assign((20, 20, 60, 60))[0].class_ids
    shared = (alone == 0) & (fine == 1)
    assert shared.any()
    rows, columns = np.nonzero(shared)
    centres = np.stack([columns, rows], axis=1) * 8 + 4
    # Both boxes are as large as the anchors: the nearer one overlaps more.
    assert (abs(centres - 44) <= abs(centres - 40)).all()


def test_cells_that_touch_an_ignored_box_learn_no_background() -> None:
    fine = assign((0, 0, 30, 30), ignored=boxes((50, 50, 60, 58)))[0].class_ids
    ignored = np.argwhere(fine == IGNORED).tolist()
    assert ignored == [[6, 6], [6, 7], [7, 6], [7, 7]]
    assert np.any(fine == 0)
    # What lies over a box does not keep cells from learning it.
    everywhere = assign((0, 0, 30, 30), ignored=boxes((0, 0, SIZE, SIZE)))[0].class_ids
    np.testing.assert_array_equal(everywhere == 0, fine == 0)
    assert not np.any(everywhere == BACKGROUND)


def test_box_too_small_for_any_cell_is_not_taught_as_background() -> None:
    fine = assign((9, 9, 11, 11))[0].class_ids
    assert np.argwhere(fine == IGNORED).tolist() == [[1, 1]]
    assert np.count_nonzero(fine == BACKGROUND) == fine.size - 1


def test_box_is_learned_even_where_most_anchors_overlap_it_alike() -> None:
    random = np.random.default_rng(0)
    for left, top, width, height in random.uniform((20, 20, 9, 9), (60, 60, 30, 30), (100, 4)):
        box = boxes((left, top, left + width, top + height))
        (level,) = Grids(SIZE, (8,)).assign(box, np.zeros(1, np.int32), NOTHING)
        assert np.any(level.class_ids == 0)


def test_picture_of_nothing_is_background_and_one_without_labels_teaches_nothing() -> None:
    for level in assign():
        assert np.all(level.class_ids == BACKGROUND)
    for level in GRIDS.nothing():
        assert np.all(level.class_ids == IGNORED)
        assert not level.distances.any()


def test_arrays_have_the_shapes_of_the_cells() -> None:
    for stride, level in zip(STRIDES, assign((10, 10, 50, 50))):
        cells = (SIZE // stride, SIZE // stride)
        assert (level.class_ids.shape, level.class_ids.dtype) == (cells, np.int32)
        assert (level.distances.shape, level.distances.dtype) == ((*cells, 4), np.float32)
