# SPDX-License-Identifier: BSD-3-Clause
"""Figures: the head upright in every orientation, errors on one scale, nothing clipped."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from nibabel.orientations import (
    apply_orientation,
    axcodes2ornt,
    inv_ornt_aff,
    io_orientation,
    ornt_transform,
)

import napari_mtmri as mt
from napari_mtmri.display import upright_view
from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.geometry import choose_axes
from napari_mtmri.plotting import (
    ERROR_SHARE,
    PREDICTED_COLOUR,
    REFERENCE_COLOUR,
    draw_figure,
    save_figure,
    shown_slice,
)
from napari_mtmri.result import Result
from napari_mtmri.samples import phantom
from napari_mtmri.volume import Volume, bright_value

ALL_CODES = [
    "".join(pair[up] for pair, up in zip(pairs, ups, strict=True))
    for pairs in itertools.permutations(("LR", "PA", "IS"))
    for ups in itertools.product((0, 1), repeat=3)
]
SOME_CODES = ("RAS", "LPS", "PIR", "SLA", "ARI")
TURN = np.array([[0.94, -0.30, 0.17], [0.31, 0.95, -0.05], [-0.14, 0.10, 0.98]])


def volume_in(data: np.ndarray, spacing: tuple[float, ...], codes: str, turned: bool) -> Volume:
    """An array that runs to R, A and S, stored in another order of axes."""
    affine = np.eye(4)
    affine[:3, :3] = (TURN if turned else np.eye(3)) @ np.diag(spacing)
    change = ornt_transform(io_orientation(affine), axcodes2ornt(codes))
    stored = apply_orientation(data, change)
    return Volume(np.ascontiguousarray(stored), affine @ inv_ornt_aff(change, data.shape))


def marked(codes: str, turned: bool = False) -> Volume:
    """A head with a bright marker near the patient's right-anterior-superior corner."""
    data = np.zeros((20, 24, 16), np.float32)
    data[2:-2, 2:-2, 2:-2] = 100
    data[-6:-3, -7:-3, -5:-3] = 1000
    return volume_in(data, (1, 1.25, 2), codes, turned)


def result_of(volume: Volume, slice_axis: int, **parts: Any) -> Result:
    """A result whose images are all the volume, cut along an array axis."""
    axes = choose_axes(volume.shape, volume.affine, slice_axis=slice_axis)
    mask = np.ones((volume.shape[axes.readout], volume.shape[axes.phase]), bool)
    given = {"zero_filled": volume, "reconstruction": volume, "reference": volume, **parts}
    return Result("zero-filled", "case", mask, axes, **given)


def pixels(figure: Any, panel: int = 0) -> np.ndarray:
    """What is drawn in a panel, as grey values, rows downwards."""
    figure.canvas.draw()
    page = np.asarray(figure.canvas.buffer_rgba())[..., :3].mean(-1)
    box = figure.axes[panel].get_window_extent()
    rows = slice(round(len(page) - box.y1), round(len(page) - box.y0))
    return np.asarray(page[rows, round(box.x0) : round(box.x1)])


def brightest_corner(picture: np.ndarray) -> tuple[str, str]:
    """Which corner of a picture is brightest; the letters stand at the middle of its sides."""
    tall, wide = (int(0.42 * side) for side in picture.shape)
    corners = {
        (down, across): picture[rows, columns].mean()
        for down, rows in (("top", slice(tall)), ("bottom", slice(-tall, None)))
        for across, columns in (("left", slice(wide)), ("right", slice(-wide, None)))
    }
    return max(corners, key=corners.__getitem__)


def marker_slice(volume: Volume, slice_axis: int) -> Volume:
    """Labels on the marker, so that the figure shows its slice."""
    return volume.like((volume.data > 500).astype(np.uint8), kind="labels")


@pytest.fixture(scope="module")
def scored() -> tuple[Result, Volume]:
    image, lesion = phantom((40, 48, 10))
    scan = mt.simulate(image, mt.Pattern("random", acceleration=4))
    return mt.evaluate(mt.run(scan, "zero-filled"), labels=lesion), lesion


def with_method(result: Result, lesion: Volume, gain: float) -> Result:
    """The result as another method would leave it: nearer to the truth, and with labels."""
    assert result.reference is not None
    truth = result.reference.data
    image = result.zero_filled.like(truth + gain * (result.zero_filled.data - truth))
    found = lesion.like(np.roll(lesion.data, 1, 0), kind="labels")
    other = replace(
        result,
        method="mtmri",
        reconstruction=image,
        error=image.like(image.data - truth),
        labels=found,
    )
    return mt.evaluate(other, labels=lesion)


def test_where_directions_are_unknown_no_letter_and_no_side_is_claimed() -> None:
    known = marked(ALL_CODES[0], False)
    volume = replace(known, directions_known=False)
    assert volume.like(volume.data + 1).directions_known is False
    assert [volume.ends(axis) for axis in range(3)] == ["axis 0", "axis 1", "axis 2"]
    assert {known.ends(axis) for axis in range(3)} == {"L–R", "A–P", "S–I"}
    for axis in range(3):
        view = upright_view(volume, axis)
        assert view.letters == ("", "", "", "")
        assert view.sides == "where right and left are is not known"


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("codes", ALL_CODES)
def test_letters_tell_where_the_patient_lies(codes: str, turned: bool) -> None:
    """The world itself is the picture: its coordinate grows towards each letter."""
    volume = marked(codes, turned)
    index = np.indices(volume.shape).reshape(3, -1)
    world = volume.affine[:3, :3] @ index
    fields = {
        letter: (sign * world[axis]).reshape(volume.shape)
        for axis, pair in enumerate(("RL", "AP", "SI"))
        for letter, sign in zip(pair, (1, -1), strict=True)
    }
    for slice_axis, neurological in itertools.product(range(3), (False, True)):
        view = upright_view(volume, slice_axis, neurological=neurological)
        left, right, top, bottom = view.letters
        middle = volume.shape[slice_axis] // 2
        for ends, axis in ((left + right, 1), (top + bottom, 0)):
            first, last = (view.picture(fields[letter], middle).mean(1 - axis) for letter in ends)
            assert (np.diff(first) < 0).all()
            assert (np.diff(last) > 0).all()
        assert top in "AS"
        assert left == ("A" if view.plane == "sagittal" else "L" if neurological else "R")


@pytest.mark.parametrize("codes", SOME_CODES)
@pytest.mark.parametrize("slice_axis", range(3))
def test_right_anterior_superior_marker_is_drawn_top_left(codes: str, slice_axis: int) -> None:
    volume = marked(codes, turned=slice_axis == 1)
    figure = draw_figure(result_of(volume, slice_axis), labels=marker_slice(volume, slice_axis))
    assert brightest_corner(pixels(figure)) == ("top", "left")


def test_neurological_view_has_the_right_on_the_right() -> None:
    volume = marked("LPS")
    labels = marker_slice(volume, 2)
    figure = draw_figure(result_of(volume, 2), labels=labels, neurological=True)
    assert brightest_corner(pixels(figure)) == ("top", "right")


def test_users_settings_of_matplotlib_do_not_turn_the_head() -> None:
    volume = marked("LPS")
    with mpl.rc_context({"image.origin": "lower", "image.cmap": "gray_r", "image.aspect": "auto"}):
        figure = draw_figure(result_of(volume, 2), labels=marker_slice(volume, 2))
    assert brightest_corner(pixels(figure)) == ("top", "left")


@pytest.mark.parametrize("slice_axis", range(3))
def test_a_ball_stays_round_on_an_anisotropic_grid(slice_axis: int) -> None:
    spacing = np.array([0.8, 1.3, 3.0])
    shape = (100, 30, 14)  # 80, 39 and 42 mm
    away = (np.indices(shape).T - (np.array(shape) - 1) / 2) * spacing
    ball = ((away**2).sum(-1).T < 15**2).astype(np.float32)
    picture = pixels(draw_figure(result_of(volume_in(ball, spacing, "LPS", False), slice_axis)))
    middle = picture.shape[0] // 2, picture.shape[1] // 2
    tall = (picture[:, middle[1] + 15] > 128).sum()
    wide = (picture[middle[0] + 15, :] > 128).sum()
    assert tall == pytest.approx(wide, rel=0.15)


def test_error_scale_is_the_same_for_all_methods_and_stated(scored: tuple[Result, Volume]) -> None:
    result, lesion = scored
    assert result.reference is not None
    top = ERROR_SHARE * bright_value(result.reference.data)
    for other in (result, with_method(result, lesion, 0.5), with_method(result, lesion, 0.01)):
        for opened in (other, replace(other, reference=None)):  # as from a run folder
            figure = draw_figure(opened, labels=lesion)
            panel = figure.axes[-2]  # before its colour bar
            assert panel.images[0].get_clim() == pytest.approx((0, top), rel=1e-5)
            assert panel.images[0].get_cmap().name == "inferno"
            assert f"0 to {top:.3g}: {ERROR_SHARE:.0%} of 99.9th percentile" in words(figure)


def test_one_hot_voxel_does_not_darken_the_error_map(scored: tuple[Result, Volume]) -> None:
    result, lesion = scored
    assert result.reference is not None
    hot = np.array(result.reference.data)
    hot[hot.shape[0] // 2, hot.shape[1] // 2, 1] *= 100

    def top(reference: Volume) -> float:
        figure = draw_figure(result, reference=reference, labels=lesion)
        return float(figure.axes[-2].images[0].get_clim()[1])

    assert top(result.reference.like(hot)) == pytest.approx(top(result.reference), rel=0.02)


def test_grey_scale_is_one_for_all_images(scored: tuple[Result, Volume]) -> None:
    result, lesion = scored
    figure = draw_figure(with_method(result, lesion, 0.5), labels=lesion)
    assert len({axis.images[0].get_clim() for axis in figure.axes[:3]}) == 1


def test_error_panel_shows_reconstruction_minus_reference(scored: tuple[Result, Volume]) -> None:
    result, lesion = scored
    assert result.error is not None
    figure = draw_figure(result, labels=lesion)
    view = upright_view(result.zero_filled, result.axes.slice)
    expected = np.abs(view.picture(result.error.data, shown_slice(result, lesion)))
    assert np.allclose(figure.axes[-2].images[0].get_array(), expected, atol=1e-3)


def words(figure: Any) -> str:
    """All text of a figure outside its panels."""
    return "\n".join(text.get_text() for text in figure.texts)


def test_slice_with_the_largest_lesion_is_shown(scored: tuple[Result, Volume]) -> None:
    result, lesion = scored
    axis = result.axes.slice
    drawn = np.zeros(lesion.shape, np.uint8)
    drawn[10:14, 10:14, 3] = 1
    found = np.zeros(lesion.shape, np.uint8)
    found[5:25, 5:25, 7] = 1
    drawn_labels, found_labels = (lesion.like(data, kind="labels") for data in (drawn, found))
    empty = lesion.like(np.zeros(lesion.shape, np.uint8), kind="labels")
    predicted = replace(result, labels=found_labels)
    assert axis == 2
    assert shown_slice(predicted, drawn_labels) == 3
    assert shown_slice(predicted, None) == 7
    assert shown_slice(predicted, empty) == 7
    assert shown_slice(replace(result, labels=empty), None) == lesion.shape[2] // 2
    assert "axial slice 3 of 0–9" in words(draw_figure(predicted, labels=drawn_labels))


def outlines(axis: Any) -> dict[str, Any]:
    """Dashes of the outlines of a panel, by colour."""
    return {
        to_hex(lines.get_edgecolor()[0]): lines.get_linestyle()[0] for lines in axis.collections
    }


def test_outlines_differ_in_colour_and_dashes(scored: tuple[Result, Volume]) -> None:
    result, lesion = scored
    figure = draw_figure(with_method(result, lesion, 0.5), labels=lesion)
    reference, zero_filled, own, error = (outlines(axis) for axis in figure.axes[:4])
    assert set(reference) == {REFERENCE_COLOUR}
    assert not zero_filled
    assert set(own) == {REFERENCE_COLOUR, PREDICTED_COLOUR}
    assert own[REFERENCE_COLOUR][1] is None  # solid
    assert own[PREDICTED_COLOUR][1] is not None  # dashed
    assert not error


def test_outline_runs_around_the_lesion(scored: tuple[Result, Volume]) -> None:
    result, lesion = scored
    figure = draw_figure(result, labels=lesion)
    view = upright_view(result.zero_filled, result.axes.slice)
    rows, columns = np.nonzero(view.picture(lesion.data, shown_slice(result, lesion)))
    box = figure.axes[0].collections[0].get_paths()[0].get_extents()
    found = (box.y0, box.y1, box.x0, box.x1)
    expected = (rows.min(), rows.max(), columns.min(), columns.max())
    assert found == pytest.approx(expected, abs=0.51)


def test_labels_that_are_missing_in_a_slice_are_said_to_be(scored: tuple[Result, Volume]) -> None:
    result, lesion = scored
    nothing = lesion.like(np.zeros(lesion.shape, np.uint8), kind="labels")
    figure = draw_figure(replace(result, labels=nothing), labels=lesion)
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert entries == ["reference lesion", "predicted lesion: none in this slice"]


def test_scores_stand_under_their_panel_with_what_they_depend_on(
    scored: tuple[Result, Volume],
) -> None:
    result, lesion = scored
    other = with_method(result, lesion, 0.5)
    text = words(draw_figure(other, labels=lesion))
    for name in ("zero-filled", "mtmri"):
        assert f"PSNR {other.scores[name].get('PSNR'):.2f} dB" in text
    assert f"Dice {other.scores['mtmri'].get('Dice'):.4f} (class 1)" in text
    for row in other.scores["mtmri"].find("PSNR") + other.scores["mtmri"].find("Dice"):
        assert f"{row.metric}: {row.depends}" in text.replace("\n", " ")


def test_research_use_is_always_said_and_simulation_where_it_was(
    scored: tuple[Result, Volume],
) -> None:
    result, lesion = scored
    simulated = words(draw_figure(result, labels=lesion))
    measured = words(draw_figure(replace(result, request={}, warnings=()), labels=lesion))
    assert "Research use only." in measured
    assert "Simulated" not in measured
    assert "Research use only. Simulated from a magnitude image" in simulated


@pytest.mark.parametrize("kind", ["whole", "no reference", "no image", "nothing", "tall", "flat"])
def test_no_text_is_clipped_or_lies_on_another(scored: tuple[Result, Volume], kind: str) -> None:
    result, lesion = scored
    result = with_method(result, lesion, 0.5)
    labels: Volume | None = lesion
    if kind == "whole":
        lines = tuple(f"{n}: " + "a warning that is far too long for one line " * 6 for n in "ab")
        result = replace(result, name="TCGA_$case_{" * 20, warnings=lines)
    elif kind == "no reference":
        result, labels = replace(result, reference=None, error=None, scores={}), None
    elif kind == "no image":
        result = replace(result, reconstruction=None, error=None)
    elif kind == "nothing":
        result = replace(result, reconstruction=None, error=None, reference=None)
    else:
        shape = (8, 90, 8) if kind == "tall" else (90, 8, 8)
        volume = Volume(np.ones(shape, np.float32), np.eye(4))
        result, labels = result_of(volume, 2, error=volume), None
    figure = draw_figure(result, labels=labels)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.texts if text.get_text()]
    boxes += [legend.get_window_extent() for legend in figure.legends]
    boxes += [axis.get_tightbbox() for axis in figure.axes]
    page = figure.bbox
    for box in boxes:
        assert page.x0 <= box.x0 <= box.x1 <= page.x1
        assert page.y0 <= box.y0 <= box.y1 <= page.y1
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)


def test_four_panels_are_read_at_1200_pixels(scored: tuple[Result, Volume]) -> None:
    """The smallest text is then eleven pixels tall."""
    result, lesion = scored
    figure = draw_figure(with_method(result, lesion, 0.5), labels=lesion)
    smallest_pt = min(text.get_fontsize() for text in figure.texts)
    assert smallest_pt / 72 / figure.get_figwidth() * 1200 >= 11


@pytest.mark.parametrize(
    ("ending", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_ending_chooses_the_format(
    scored: tuple[Result, Volume], tmp_path: Path, ending: str, magic: bytes
) -> None:
    path = tmp_path / f"figure.{ending}"
    save_figure(scored[0], path, labels=scored[1])
    assert path.read_bytes().startswith(magic)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_nothing_is_left_where_it_cannot_be_written(
    scored: tuple[Result, Volume], tmp_path: Path
) -> None:
    with pytest.raises(ResourceError, match=r"figure\.png"):
        save_figure(scored[0], tmp_path / "no folder" / "figure.png")
    assert not list(tmp_path.iterdir())


def test_a_volume_on_another_grid_is_refused(scored: tuple[Result, Volume]) -> None:
    other = phantom((20, 24, 10))
    with pytest.raises(InputError, match=r"phantom 0: its shape \(20, 24, 10\)"):
        draw_figure(scored[0], reference=other[0])
    with pytest.raises(InputError, match="lesion"):
        draw_figure(scored[0], labels=other[1])


def test_neither_import_nor_drawing_starts_pyplot() -> None:
    code = (
        "import sys, napari_mtmri.plotting as f\n"
        "assert 'matplotlib' not in sys.modules\n"
        "import numpy as np\n"
        "from napari_mtmri.result import Result\n"
        "from napari_mtmri.samples import phantom\n"
        "image = phantom((16, 20, 4))[0]\n"
        "f.draw_figure(Result('m', 'n', np.ones((20, 16), bool), image.axes, image))\n"
        "assert 'matplotlib.pyplot' not in sys.modules and 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
