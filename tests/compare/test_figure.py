# SPDX-License-Identifier: BSD-3-Clause
"""The figure of a comparison: upright, one window, one error scale, masks told apart."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex

import napari_mtmri as mt
from napari_mtmri.compare import (
    EXTRA,
    MISSED,
    NOT_COMPARED,
    Cell,
    Comparison,
    compare_results,
    draw_comparison,
    draw_spectrum,
    error_top,
    lesion_zoom,
    mask_spread,
    readings,
    save_comparison_figure,
    score_table,
    slice_view,
    zoom_at,
    zoom_middle,
)
from napari_mtmri.compare.mask_drawing import AGREEMENT_LINES
from napari_mtmri.compare.mask_patterns import AGREEMENT_COLOURS
from napari_mtmri.compare.mask_spread import SPREAD
from napari_mtmri.compare.zoom import zoom_limits
from napari_mtmri.errors import RequestError
from napari_mtmri.geometry import axis_codes
from napari_mtmri.volume import Volume
from tests.compare.cases import drawn, head, result_of
from tests.phantoms import BRIGHT, marked_phantom


def seen(**view: Any) -> Comparison:
    shifted = np.roll(drawn().data, 1, axis=0)
    results = [result_of(head(), "d5c5"), result_of(head(), "mtmri", labels=shifted)]
    return compare_results(results, labels=drawn()).with_view(**view)


def images(figure: Any) -> list[Any]:
    """The first picture of each box."""
    return [axis.images[0] for axis in figure.axes if axis.images]


def texts(figure: Any) -> str:
    inner = [text.get_text() for axis in figure.axes for text in axis.texts]
    return "\n".join([text.get_text() for text in figure.texts] + inner)


def test_all_images_have_one_window_and_all_errors_one_scale() -> None:
    shown = seen(errors=True, gain=10)
    figure = draw_comparison(shown)
    limits = [(image.cmap.name, image.get_clim()) for image in images(figure)]
    assert limits.count(("gray", shown.window)) == 3
    assert limits.count(("inferno", (0, error_top(shown)))) == 2
    assert "|image − reference|, ×10" in texts(figure)


def test_an_override_of_the_window_is_shown_and_said() -> None:
    shown = seen()
    cells = tuple(replace(c, window=(0, 50)) if c.name == "d5c5 R4" else c for c in shown.cells)
    figure = draw_comparison(replace(shown, cells=cells, _memory={}))
    assert [image.get_clim() for image in images(figure)].count((0, 50)) == 1
    assert "window 0 to 50" in texts(figure)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR", "SLA", "ARI"])
def test_the_head_is_upright_in_every_cell(codes: str) -> None:
    volume = marked_phantom(codes)
    assert axis_codes(volume.affine) == codes
    axis = next(i for i, letter in enumerate(codes) if letter in "IS")
    top = codes[axis] == "S"
    cells = (Cell("a", "image", volume), Cell("b", "image", volume.like(volume.data / 2)))
    shown = Comparison(cells).with_view(axis=axis, slice=7 if top else 0)
    for image in images(draw_comparison(shown)):
        rows, columns = np.nonzero(image.get_array() >= BRIGHT / 2)
        assert rows.max() < 3  # anterior is at the top
        assert columns.max() < 3  # the patient's right is on the left
    flipped = draw_comparison(shown.with_view(neurological=True))
    assert np.nonzero(images(flipped)[0].get_array() == BRIGHT)[1].min() >= 9


def test_the_disagreement_is_where_the_masks_differ() -> None:
    shown = seen(masks="disagreement")
    figure = draw_comparison(shown)
    [fills] = [axis.images[1:] for axis in figure.axes if len(axis.images) > 1]
    found = {to_hex(fill.get_array()[fill.get_array()[..., 3] > 0][0][:3]): fill for fill in fills}
    base = (drawn().data > 0)[..., shown.slice].T  # the affine is L, P: rows run to posterior
    own = np.roll(base, 1, axis=1)
    for code, expected in ((MISSED, base & ~own), (EXTRA, own & ~base)):
        picture = found[to_hex(AGREEMENT_COLOURS[code])].get_array()[..., 3] > 0
        assert not picture[~expected].any()
        assert picture[expected].all() == (code == MISSED)  # extra voxels are striped
        assert picture[expected].mean() > 0.3


def test_agreed_missed_and_extra_differ_in_colour_and_in_line() -> None:
    assert len({to_hex(colour) for colour in AGREEMENT_COLOURS.values()}) == 3
    assert len(set(map(str, AGREEMENT_LINES.values()))) == 3
    legend = draw_comparison(seen(masks="disagreement")).legends[0]
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["reference lesion", "agreed", "missed", "extra"]


def test_no_masks_draw_no_lines() -> None:
    figure = draw_comparison(seen(masks="none"))
    assert not [one for axis in figure.axes for one in axis.collections]
    assert not figure.legends


def test_the_zoom_shows_the_lesion_larger() -> None:
    shown = seen()
    figure = draw_comparison(shown.with_view(zoom=lesion_zoom(shown)))
    assert len(images(figure)) == 2 * len(images(draw_comparison(shown)))
    with pytest.raises(RequestError, match="lies outside the picture"):
        draw_comparison(shown.with_view(zoom=replace(lesion_zoom(shown), x=99)))


@pytest.mark.parametrize("kind", ["few", "many", "small", "no reference", "long"])
def test_no_text_is_clipped_or_covers_another(kind: str) -> None:
    results = [
        result_of(head(), f"m{n}", labels=drawn().data) for n in range(6 if kind == "many" else 2)
    ]
    shown = compare_results(results, labels=drawn()).with_view(errors=True)
    options: dict[str, Any] = {"column": 1.75, "notes": False} if kind == "small" else {}
    if kind == "no reference":
        bare = [replace(r, reference=None, error=None, scores={}) for r in results]
        shown = compare_results(bare, labels=drawn()).with_view(errors=True)
    if kind == "long":
        cells = tuple(
            replace(c, name=f"{'a very long name of a cell ' * 4}{n}")
            for n, c in enumerate(shown.cells)
        )
        shown = replace(shown, cells=cells, warnings=("A long warning. " * 20,), _memory={})
    figure = draw_comparison(shown, **options)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.texts if text.get_text()]
    boxes += [legend.get_window_extent() for legend in figure.legends]
    boxes += [axis.get_tightbbox() for axis in figure.axes]
    page = figure.bbox
    for box in boxes:
        assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1
        assert page.y0 <= box.y0 <= box.y1 <= page.y1
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)


def test_without_a_reference_the_figure_says_so() -> None:
    bare = replace(result_of(head()), reference=None, error=None)
    assert NOT_COMPARED in texts(draw_comparison(compare_results([bare]))).replace("\n", " ")
    with pytest.raises(RequestError, match="needs a `reference`"):
        draw_spectrum(compare_results([bare]))


def test_lengths_of_an_unknown_spacing_are_voxels() -> None:
    image = Volume(head().data, head().affine, spacing_known=False)
    assert "voxels" in texts(draw_comparison(Comparison((Cell("a", "image", image),))))
    assert " mm" in texts(draw_comparison(seen()))


@pytest.mark.parametrize(
    ("ending", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_the_extension_chooses_the_format(tmp_path: Path, ending: str, magic: bytes) -> None:
    save_comparison_figure(seen(), tmp_path / f"figure.{ending}")
    assert (tmp_path / f"figure.{ending}").read_bytes().startswith(magic)
    with pytest.raises(RequestError, match=r"written as \.png"):
        save_comparison_figure(seen(), tmp_path / "figure.txt")


def test_a_mode_of_two_cells_draws_them_with_what_lies_between() -> None:
    shown = seen(mode="swipe", pair=("d5c5 R4", "mtmri R4"), edge=0.25, masks="none")
    first, both, second = (image.get_array() for image in images(draw_comparison(shown)))
    quarter = first.shape[1] // 4
    high = shown.window[1]
    np.testing.assert_allclose(both[:, :quarter] * high, np.clip(first[:, :quarter], 0, high))
    np.testing.assert_allclose(both[:, quarter:] * high, np.clip(second[:, quarter:], 0, high))
    board = images(draw_comparison(shown.with_view(mode="checkerboard", tile=3)))[1].get_array()
    np.testing.assert_allclose(board[:3, :3] * high, np.clip(first[:3, :3], 0, high))
    np.testing.assert_allclose(board[:3, 3:6] * high, np.clip(second[:3, 3:6], 0, high))
    assert len(images(draw_comparison(shown.with_view(mode="blink")))) == 2


def test_a_difference_is_drawn_on_the_error_scale_with_its_colour_bar() -> None:
    shown = seen(mode="difference", pair=("reference", "mtmri R4"))
    figure = draw_comparison(shown)
    first, second, difference = images(figure)[:3]
    np.testing.assert_allclose(
        difference.get_array(), np.abs(first.get_array() - second.get_array())
    )
    assert (difference.cmap.name, difference.get_clim()) == ("inferno", (0, error_top(shown)))
    assert "|reference − mtmri R4|" in texts(figure)
    assert [axis for axis in figure.axes if not axis.images and axis.get_visible()]  # the bar


def test_without_a_reference_the_spread_over_masks_is_drawn() -> None:
    scans = [mt.simulate(head(), mt.Pattern("random", seed=seed)) for seed in range(3)]
    results = [replace(mt.run(scan, "zero-filled"), reference=None, error=None) for scan in scans]
    shown = compare_results(results).with_view(spread=True)
    stack = np.stack([one.reconstruction.magnitude() for one in results])
    expected = np.std(stack, axis=0, ddof=1)
    maps = [one for one in images(draw_comparison(shown)) if one.cmap.name == "inferno"]
    assert len(maps) == 3
    for one in maps:
        assert one.get_array().max() == pytest.approx(expected[..., shown.slice].max(), rel=1e-4)
    table = score_table(shown)
    assert table.value(shown.cells[0].name, SPREAD) == pytest.approx(
        np.linalg.norm(expected) / np.linalg.norm(stack.mean(axis=0)), rel=1e-4
    )
    reading = readings(shown, (12, 10, 2))[0]
    assert reading.spread == pytest.approx(expected[12, 10, 2], rel=1e-3)
    assert "over 3 masks" in reading.text
    assert mask_spread(compare_results(results[:1]), shown.cells[0]) is None


@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR", "SLA", "ARI"])
def test_a_zoom_around_a_voxel_has_it_in_the_middle(codes: str) -> None:
    shown = Comparison((Cell("a", "image", marked_phantom(codes)),))
    for axis in range(3):
        along = shown.with_view(axis=axis)
        voxel = tuple(shown.slice if at == axis else 3 + at for at in range(3))
        zoom = zoom_at(along, voxel, 5.0)
        found = zoom_middle(along.with_view(axis=axis, slice=voxel[axis]), zoom)
        np.testing.assert_allclose(found, voxel)
        left, right, top, bottom = zoom_limits(along.with_view(axis=axis, zoom=zoom))
        picture = slice_view(along).picture(numbered(along.grid.shape), voxel[axis])
        middle = picture[round((top + bottom) / 2), round((left + right) / 2)]
        assert middle == np.ravel_multi_index(voxel, along.grid.shape)


def numbered(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(np.prod(shape)).reshape(shape)
