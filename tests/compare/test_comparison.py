# SPDX-License-Identifier: BSD-3-Clause
"""Comparisons: one grid, one case, names that differ, and views that cost nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_mtmri.compare import (
    Cell,
    Comparison,
    View,
    Zoom,
    check_pair,
    compare_results,
    error_map,
    reference_of,
    result_cell,
)
from napari_mtmri.compare.figure_text import kind_text
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.volume import Volume
from tests.compare.cases import AFFINE, drawn, head, result_of

IMAGE, LABELS = head(), drawn()


def test_cells_are_the_reference_then_the_results_in_order() -> None:
    results = [result_of(IMAGE, "d5c5"), result_of(IMAGE, "mtmri", labels=LABELS.data)]
    seen = compare_results(results, labels=LABELS, zero_filled=True)
    names = [cell.name for cell in seen.cells]
    assert names == ["reference", "zero-filled R4", "d5c5 R4", "mtmri R4"]
    assert [cell.name for cell in seen.compared] == names[1:]
    assert [cell.name for cell in seen.segmented] == ["mtmri R4"]
    assert seen.base is seen.cells[0]
    assert seen.warnings == ()


def test_equal_names_are_told_apart_by_what_differs() -> None:
    results = [result_of(IMAGE, noise=1), result_of(IMAGE, noise=2)]
    parameters = [
        replace(r, request={**r.request, "parameters": {"k": n}}) for n, r in enumerate(results)
    ]
    assert [c.name for c in compare_results(parameters).cells[1:]] == [
        "mtmri R4 k 0",
        "mtmri R4 k 1",
    ]
    assert [c.name for c in compare_results(results).cells[1:]] == ["mtmri R4", "mtmri R4 (2)"]


def test_a_mask_without_an_image_names_the_image_it_is_drawn_on() -> None:
    found = np.ones(IMAGE.shape, np.uint8)
    alone = replace(result_of(IMAGE, "synnet", labels=found), reconstruction=None, error=None)
    seen = compare_results([alone, result_of(IMAGE, labels=found)])
    cells = {cell.name: (seen.borrowed_from(cell), kind_text(seen, cell)) for cell in seen.cells}
    assert cells["synnet R4"] == ("reference", "mask on “reference”")
    assert cells["mtmri R4"] == ("", "")
    without = replace(seen, cells=seen.cells[1:])
    # Not on the image of another method without a word.
    assert without.borrowed_from(without.cells[0]) == "mtmri R4"
    only = replace(seen, cells=seen.cells[1:2])
    assert kind_text(only, only.cells[0]) == "mask only"


def test_a_saved_result_gives_its_reference_back() -> None:
    saved = replace(result_of(IMAGE), reference=None)
    found = reference_of(saved)
    assert found is not None
    np.testing.assert_allclose(found.data, IMAGE.data, atol=1e-4)


def test_another_grid_is_refused_with_both_grids_and_can_be_resampled() -> None:
    seen = compare_results([result_of(IMAGE)])
    half = Volume(np.ones((12, 10, 6), np.float32), np.diag([-2.0, -3.0, 4.0, 1.0]), name="other")
    cell = Cell("other", "image", half)
    with pytest.raises(
        InputError, match=r"12 × 10 × 6, 2 × 3 × 4 mm, LPS.*24 × 20 × 6, 1 × 1.5 × 4 mm"
    ):
        seen.with_cell(cell)
    both = seen.with_cell(cell.resampled_to(seen.grid))
    assert both.cells[-1].is_resampled
    assert both.cells[-1].remarks == ("resampled",)
    assert not seen.cells[1].resampled_to(seen.grid).is_resampled


def test_a_result_of_another_case_is_refused() -> None:
    other = result_of(head(seed=1))
    with pytest.raises(InputError, match="another case"):
        compare_results([result_of(IMAGE), other])
    unknown = replace(other, reference=None, error=None)
    with pytest.raises(InputError, match="another case"):
        compare_results([result_of(IMAGE), unknown])
    seen = compare_results([result_of(IMAGE)])
    later = replace(result_cell(other, "later"), kind="date")
    assert error_map(seen.with_cell(later), later) is None


def test_the_same_image_in_another_file_is_the_same_case() -> None:
    again = result_of(replace(IMAGE, sha256="f" * 64))
    assert compare_results([result_of(IMAGE), again]).warnings == ()


def test_a_case_that_cannot_be_checked_is_named() -> None:
    nameless = replace(result_of(IMAGE), provenance={}, reference=None, error=None)
    [warning] = compare_results([result_of(IMAGE, "d5c5"), nameless]).warnings
    assert warning.startswith("mtmri R4: could not be checked")


def test_other_accelerations_are_compared_but_never_paired() -> None:
    four, eight = result_of(IMAGE), result_of(IMAGE, acceleration=8)
    assert len(compare_results([four, eight]).cells) == 3
    check_pair(four, result_of(IMAGE, "d5c5"))
    with pytest.raises(InputError, match=r"acceleration is 4\.0 and 8\.0"):
        check_pair(four, eight)
    with pytest.raises(InputError, match="different cases"):
        check_pair(four, result_of(head(seed=1)))
    other = replace(
        four, request={**four.request, "pattern": {"name": "gaussian", "acceleration": 4}}
    )
    with pytest.raises(InputError, match="pattern is random and gaussian"):
        check_pair(four, other)


def test_the_base_is_a_reader_s_mask_if_the_reference_has_none() -> None:
    masks = [Cell(name, "mask", labels=LABELS) for name in ("reader A", "reader B")]
    seen = Comparison((Cell("scan", "image", IMAGE), *masks))
    assert seen.base is masks[0]
    assert seen.segmented == (masks[1],)
    assert seen.reference is None
    assert seen.compared == ()
    assert seen.image_of(masks[1]) is IMAGE


def test_a_change_of_view_computes_nothing_again() -> None:
    seen = compare_results([result_of(IMAGE)], labels=LABELS)
    error = error_map(seen, seen.cells[1])
    moved = seen.with_view(slice=1, masks="fill", gain=10)
    assert error_map(moved, moved.cells[1]) is error
    assert moved.window == seen.window


def test_the_first_slice_shown_is_that_of_the_largest_lesion() -> None:
    seen = compare_results([result_of(IMAGE)], labels=LABELS)
    assert seen.slice == 1
    assert seen.with_view(axis=0).slice == 6
    assert compare_results([result_of(IMAGE)]).slice == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slice": 6}, "`slice` 6"),
        ({"slice": -1}, "`slice` -1"),
        ({"mode": "fade"}, "`mode` 'fade'"),
        ({"gain": 3}, "`gain` 3"),
        ({"window": (5, 5)}, "`window` 5 to 5"),
        ({"axis": 4}, "`axis` 4"),
    ],
)
def test_impossible_views_are_refused(changes: dict[str, object], said: str) -> None:
    seen = compare_results([result_of(IMAGE)])
    with pytest.raises(RequestError, match=said):
        seen.with_view(**changes)


def test_impossible_cells_are_refused() -> None:
    cell = Cell("a", "image", IMAGE)
    for cells, said in (
        ((), "0 cells"),
        ((cell, cell), "two cells are called 'a'"),
        (
            (replace(cell, kind="reference"), replace(cell, kind="reference", name="b")),
            "both the reference",
        ),
    ):
        with pytest.raises(RequestError, match=said):
            Comparison(cells)
    with pytest.raises(RequestError, match="neither image nor labels"):
        Cell("a", "image")
    with pytest.raises(RequestError, match="kind 'photo'"):
        Cell("a", "photo", IMAGE)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="NaN"):
        Cell("a", "image", Volume(np.full((2, 2, 2), np.nan, np.float32), AFFINE))
    with pytest.raises(RequestError, match="shows nothing"):
        Zoom(1, 1, 0)
    with pytest.raises(RequestError, match="no cell is called 'b'"):
        Comparison((cell,)).cell("b")


def test_an_override_of_one_window_is_marked() -> None:
    seen = Comparison(
        (Cell("a", "image", IMAGE), Cell("b", "image", IMAGE, window=(0, 50))), View()
    )
    assert seen.window_of(seen.cells[1]) == (0, 50)
    assert seen.window_of(seen.cells[0]) == seen.window
    assert seen.cells[1].remarks == ("window 0 to 50",)
