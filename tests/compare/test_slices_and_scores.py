# SPDX-License-Identifier: BSD-3-Clause
"""Scores of slices and volumes are those of the metrics; the worst slices are found."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from napari_mtmri.compare import (
    Cell,
    Comparison,
    compare_results,
    largest_lesion_slice,
    lesion_zoom,
    score_table,
    slice_scores,
    slice_view,
    strip_quantities,
    worst_slice,
)
from napari_mtmri.compare.zoom import zoom_limits
from napari_mtmri.errors import RequestError
from napari_mtmri.metrics.measure import measure_all
from napari_mtmri.volume import Volume
from tests.compare.cases import AFFINE, drawn, head, result_of

IMAGE, LABELS = head(), drawn()


@pytest.fixture(scope="module")
def seen() -> Comparison:
    found = LABELS.data.copy()
    found[..., 3] = 0
    results = [result_of(IMAGE, "d5c5"), result_of(IMAGE, "mtmri", labels=found)]
    return compare_results(results, labels=LABELS, zero_filled=True)


def test_the_scores_are_those_of_the_metrics(seen: Comparison) -> None:
    cell, order = seen.cell("mtmri R4"), (2, 0, 1)
    assert cell.magnitude is not None
    assert cell.labels is not None
    scores = measure_all(
        cell.magnitude.transpose(order), IMAGE.data.transpose(order),
        cell.labels.data.transpose(order), LABELS.data.transpose(order), spacing=(4, 1, 1.5),
    )  # fmt: skip
    table = score_table(seen)
    for name in ("PSNR", "SSIM", "NMSE", "Dice", "precision", "HD95"):
        assert table.value(cell.name, name) == pytest.approx(scores.get(name)), name
    for name in ("PSNR", "SSIM", "Dice"):
        own = slice_scores(seen, name).values[cell.name]
        along = scores.along(name)
        np.testing.assert_allclose(own, [along[number] for number in range(6)])


@pytest.mark.parametrize("sizes", [("CPU size", "CPU size"), ("CPU size", "4 and 2 filters")])
def test_networks_of_different_size_are_named_beside_their_scores(sizes: tuple[str, str]) -> None:
    results = [
        replace(result, provenance={"weights": [{"method": result.method, "size": size}]})
        for result, size in zip(
            (result_of(IMAGE, "d5c5"), result_of(IMAGE, "mtmri")), sizes, strict=True
        )
    ]
    remark = score_table(compare_results(results, labels=LABELS)).remark
    if sizes[0] == sizes[1]:
        assert remark == ""
    else:
        assert "CPU size: d5c5 R4; 4 and 2 filters: mtmri R4" in remark


def test_a_slice_without_signal_has_no_score_of_images() -> None:
    data = IMAGE.data.copy()
    data[..., 0] = 0
    seen = compare_results([result_of(IMAGE.like(data))], labels=LABELS)
    (values,) = slice_scores(seen, "PSNR").values.values()
    assert np.isnan(values).tolist() == [True, *[False] * 5]
    assert worst_slice(seen) > 0
    (across,) = slice_scores(seen.with_view(axis=0, slice=10), "PSNR").values.values()
    np.testing.assert_array_equal(np.isnan(across), ~data.any(axis=(1, 2)))


def test_every_score_says_what_it_depends_on(seen: Comparison) -> None:
    table = score_table(seen)
    assert all(score is None or score.depends for row in table.rows.values() for score in row)
    assert set(table.depends()) == {column.title for column in table.columns}
    assert all(len(row) == len(table.columns) for row in table.rows.values())
    lines = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert len(lines) == sum(score is not None for row in table.rows.values() for score in row)


def test_the_strip_offers_what_can_be_measured(seen: Comparison) -> None:
    assert [one.name for one in strip_quantities(seen)] == ["PSNR", "SSIM", "Dice", "lesion error"]
    bare = Comparison((Cell("a", "image", IMAGE),))
    assert strip_quantities(bare) == ()
    with pytest.raises(RequestError, match="there is no reference"):
        slice_scores(bare, "PSNR")
    with pytest.raises(RequestError, match="nothing to compare with"):
        worst_slice(bare)


def test_the_lesion_error_is_that_of_the_labelled_voxels(seen: Comparison) -> None:
    scores, inside = slice_scores(seen, "lesion error"), LABELS.data > 0
    values = scores.values["d5c5 R4"]
    error = (seen.cell("d5c5 R4").magnitude - IMAGE.data) / IMAGE.data.max()
    assert values[2] == pytest.approx(np.sqrt((error[..., 2][inside[..., 2]] ** 2).mean()))
    assert np.isnan(values[0])
    total = score_table(seen).value("d5c5 R4", "lesion error")
    assert total == pytest.approx(np.sqrt((error[inside] ** 2).mean()))


def test_the_worst_slice_is_found() -> None:
    bad = result_of(IMAGE, "d5c5", noise=1)
    data = bad.reconstruction.data.copy()  # type: ignore[union-attr]
    data[..., 4] += 50
    cells = [
        Cell("reference", "reference", IMAGE, LABELS),
        Cell("bad", "image", IMAGE.like(data), IMAGE.like(LABELS.data, kind="labels")),
    ]
    seen = Comparison(tuple(cells))
    assert worst_slice(seen) == 4
    assert slice_scores(seen, "PSNR").worst("bad") == 4
    assert slice_scores(seen, "lesion error").worst() == 4
    assert slice_scores(seen, "Dice").values["bad"].tolist() == [1.0] * 6


def test_the_zero_filled_image_does_not_decide_which_slice_is_the_worst(seen: Comparison) -> None:
    mine = {name: slice_scores(seen, "PSNR").values[name] for name in ("d5c5 R4", "mtmri R4")}
    assert worst_slice(seen) == int(np.min(list(mine.values()), axis=0).argmin())


def test_scores_of_an_unknown_spacing_are_in_voxels() -> None:
    image = Volume(IMAGE.data, AFFINE, spacing_known=False, name="case")
    found = LABELS.data.copy()
    found[..., 1] = 0
    seen = compare_results(
        [result_of(image, labels=found)],
        labels=Volume(LABELS.data, AFFINE, kind="labels", spacing_known=False),
    )
    titles = [column.title for column in score_table(seen).columns]
    assert "volume (voxel)" in titles
    assert not [title for title in titles if "mm" in title or "ml" in title]


def test_classes_have_columns_of_their_own() -> None:
    labels = LABELS.data.copy()
    labels[15:17] *= 2
    two = Volume(labels, AFFINE, kind="labels")
    seen = compare_results([result_of(IMAGE, labels=labels)], labels=two)
    titles = [column.title for column in score_table(seen).columns]
    assert {"Dice", "Dice, class 2"} <= set(titles)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_follow_the_axis_of_the_view(seen: Comparison, axis: int) -> None:
    turned = seen.with_view(axis=axis)
    assert len(slice_scores(turned, "Dice").values["mtmri R4"]) == IMAGE.shape[axis]
    others = tuple(other for other in range(3) if other != axis)
    expected = int((LABELS.data > 0).sum(axis=others).argmax())
    assert largest_lesion_slice(turned) == expected


def test_the_zoom_on_the_lesion_holds_the_lesion_in_the_middle(seen: Comparison) -> None:
    near = seen.with_view(slice=2, zoom=lesion_zoom(seen.with_view(slice=2)))
    limits = zoom_limits(near)
    assert limits is not None
    left, right, top, bottom = limits
    rows, columns = np.nonzero(slice_view(near).picture(LABELS.data, 2))
    assert left < columns.min() <= columns.max() < right
    assert top < rows.min() <= rows.max() < bottom
    # square in mm: voxels are 1 mm wide and 1.5 mm tall
    assert (right - left) * 1.0 == pytest.approx((bottom - top) * 1.5)
    with pytest.raises(RequestError, match="slice 0 shows none"):
        lesion_zoom(seen.with_view(slice=0))
