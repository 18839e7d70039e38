# SPDX-License-Identifier: BSD-3-Clause
"""Agreement of masks and the table of lesions: nothing counted twice, nothing lost."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_mtmri.compare import (
    AGREED,
    EXTRA,
    MISSED,
    Cell,
    Comparison,
    agreement,
    disagreement_counts,
    lesion_table,
    most_disputed_slice,
)
from napari_mtmri.errors import InputError
from napari_mtmri.metrics.base import LabelPair
from napari_mtmri.metrics.lesions import label_components, measure
from napari_mtmri.volume import Volume
from tests.compare.cases import AFFINE, SHAPE, drawn

MASKS = arrays(np.uint8, (5, 6, 4), elements=st.integers(0, 1))


def seen(base: np.ndarray, *found: np.ndarray, affine: np.ndarray = AFFINE) -> Comparison:
    """A comparison of masks with the first of them."""
    cells = [
        Cell("reference", "reference", labels=Volume(base, affine, kind="labels")),
        *(
            Cell(f"method {number}", "mask", labels=Volume(one, affine, kind="labels"))
            for number, one in enumerate(found)
        ),
    ]
    return Comparison(tuple(cells))


@given(MASKS, MASKS)
def test_agreement_parts_the_union_and_swaps_with_the_masks(a: np.ndarray, b: np.ndarray) -> None:
    codes = agreement(a, b)
    assert ((codes > 0) == ((a > 0) | (b > 0))).all()
    assert (codes == AGREED).sum() + (codes == EXTRA).sum() == a.sum()
    assert (codes == AGREED).sum() + (codes == MISSED).sum() == b.sum()
    swapped = agreement(b, a)
    assert ((codes == MISSED) == (swapped == EXTRA)).all()
    assert disagreement_counts(seen(b, a)).sum() == (a != b).sum()


def test_one_class_may_agree_where_another_does_not() -> None:
    found, base = np.array([1, 2, 0]), np.array([1, 1, 2])
    assert agreement(found, base).tolist() == [AGREED, AGREED, MISSED]
    assert agreement(found, base, 1).tolist() == [AGREED, MISSED, 0]
    assert agreement(found, base, 2).tolist() == [0, EXTRA, MISSED]
    with pytest.raises(InputError, match="different grids"):
        agreement(found, base[:2])


def test_the_disputed_slice_is_where_masks_differ() -> None:
    other = drawn().data.copy()
    other[..., 4] = 0
    assert most_disputed_slice(seen(drawn().data, other)) == 4
    assert most_disputed_slice(seen(drawn().data, drawn().data)) is None


@given(MASKS, MASKS)
def test_the_table_counts_what_the_lesion_metric_counts(
    base: np.ndarray, found: np.ndarray
) -> None:
    table = lesion_table(seen(base, found))
    assert table is not None
    scores = {
        s.metric: s.value for s in measure(LabelPair(found > 0, base > 0, "")) if s.item is None
    }
    lesions = [row for row in table.rows if row.kind == "lesion"]
    assert len(lesions) == scores["lesions"]
    assert sum(row.found["method 0"] for row in lesions) == scores["lesions found"]
    total = sum(row.volumes["method 0"] for row in table.rows)
    assert total == pytest.approx(found.sum() * 6 / 1000)  # every labelled voxel exactly once
    assert sum(row.volume for row in lesions) == pytest.approx(base.sum() * 6 / 1000)


@given(MASKS)
def test_a_perfect_mask_has_every_lesion_whole(base: np.ndarray) -> None:
    table = lesion_table(seen(base, base))
    assert table is not None
    for row in table.rows:
        assert row.kind == "lesion"
        assert row.dice["method 0"] == 1
        assert row.volumes["method 0"] == row.volume
        assert base[row.voxel] == 1


@given(MASKS, MASKS)
def test_the_table_does_not_depend_on_the_direction_of_the_axes(
    base: np.ndarray, found: np.ndarray
) -> None:
    def facts(one: Comparison) -> list[tuple[object, ...]]:
        table = lesion_table(one)
        assert table is not None
        rows = table.rows
        return sorted((r.kind, r.volume, r.found["method 0"]) for r in rows)

    turned = seen(base[::-1, :, ::-1].copy(), found[::-1, :, ::-1].copy())
    assert facts(seen(base, found)) == facts(turned)


def test_a_component_over_two_lesions_is_shared_by_distance() -> None:
    base, found = np.zeros((12, 3, 3), np.uint8), np.zeros((12, 3, 3), np.uint8)
    base[0:3, 1, 1] = base[9:12, 1, 1] = 1
    found[:, 1, 1] = 1
    table = lesion_table(seen(base, found, affine=np.eye(4)))
    assert table is not None
    assert [row.volumes["method 0"] for row in table.rows] == pytest.approx([0.006, 0.006])
    assert all(row.dice["method 0"] == pytest.approx(2 * 3 / 9) for row in table.rows)


def test_extra_lesions_of_several_methods_are_one_where_they_meet() -> None:
    base = drawn().data
    both = [base.copy(), base.copy(), base.copy()]
    both[0][20:22, 2, 0] = 1
    both[1][21:24, 2, 0] = 1
    table = lesion_table(seen(base, *both))
    assert table is not None
    [extra] = [row for row in table.rows if row.kind == "extra"]
    assert extra.found == {"method 0": True, "method 1": True, "method 2": False}
    assert extra.volume == pytest.approx(3 * 6 / 1000)
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert [row["kind"] for row in rows] == ["lesion", "lesion", "extra"]
    assert rows[-1]["found by method 2"] == "no"
    assert rows[-1]["Dice by method 0"] == ""


@given(MASKS)
def test_components_are_numbered_by_size(mask: np.ndarray) -> None:
    numbers = label_components(mask > 0)
    sizes = np.bincount(numbers.ravel())[1:]
    assert (np.diff(sizes) <= 0).all()
    assert ((numbers > 0) == (mask > 0)).all()


def test_without_a_segmentation_there_is_no_table() -> None:
    image = Volume(np.ones(SHAPE, np.float32), AFFINE)
    assert lesion_table(Comparison((Cell("a", "image", image),))) is None
