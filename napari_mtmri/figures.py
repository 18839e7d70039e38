# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of results: head upright, letters at the sides, errors on one stated scale."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mtmri.files import write_whole
from napari_mtmri.geometry import LETTERS, directions
from napari_mtmri.volume import Volume

if TYPE_CHECKING:
    from napari_mtmri.result import Result

REFERENCE_COLOUR, PREDICTED_COLOUR = "#1b9e77", "#d95f02"
ERROR_SHARE = 0.2  # the error scale ends at this share of the largest reference value
WINDOW_PERCENTILE = 99.7
PANEL_INCHES = 3.1


@dataclass(frozen=True)
class Plane:
    """How a slice is shown: rows downwards, columns rightwards, seen from the feet or front.

    Parameters
    ----------
    slice_axis : int
        Array axis the slice is cut along.
    rows, columns : int
        Array axes shown downwards and rightwards.
    flip_rows, flip_columns : bool
        Whether they are shown from their last voxel.
    letters : (str, str, str, str)
        At the left, right, top and bottom.
    """

    slice_axis: int
    rows: int
    columns: int
    flip_rows: bool
    flip_columns: bool
    letters: tuple[str, str, str, str]

    def cut(self, data: np.ndarray, number: int) -> np.ndarray:
        """Return one slice as it is shown."""
        picture = data.transpose(self.slice_axis, self.rows, self.columns)[number]
        step_rows, step_columns = (-1 if f else 1 for f in (self.flip_rows, self.flip_columns))
        return picture[::step_rows, ::step_columns]


def upright_plane(volume: Volume, slice_axis: int, *, neurological: bool = False) -> Plane:
    """Return how slices along an axis are shown upright.

    Superior, else anterior, is up; the patient's right is on the left of the picture
    (radiological) or on the right (neurological); of sagittal slices anterior is left.
    """
    world = directions(volume.affine)
    plane = [axis for axis in range(3) if axis != slice_axis]
    # Downwards runs the axis nearest to S-I (world 2), else A-P (world 1).
    rows = max(plane, key=lambda axis: world[axis][0])
    columns = next(axis for axis in plane if axis != rows)
    row_world, row_up = world[rows]
    column_world, column_up = world[columns]
    # Rightwards should go to the patient's left, or to posterior; both are "downwards" ends.
    wants_up = neurological and column_world == 0
    flip_columns = column_up != wants_up
    low, high = LETTERS[column_world]
    left, right = (low, high) if wants_up else (high, low)
    bottom, top = LETTERS[row_world]
    return Plane(slice_axis, rows, columns, row_up, flip_columns, (left, right, top, bottom))


def save_figure(
    result: Result,
    path: Path,
    *,
    reference: Volume | None = None,
    labels: Volume | None = None,
    neurological: bool = False,
) -> None:
    """Write a picture of a result on the slice with the largest lesion.

    Parameters
    ----------
    result : Result
    path : Path
        The ending chooses the format: ``.png``, ``.pdf``, ``.svg``.
    reference : Volume, optional
        The fully sampled truth; by default the result's own, or reconstruction minus error.
    labels : Volume, optional
        What a person drew; outlined beside the prediction.
    """
    figure = draw_figure(result, reference=reference, labels=labels, neurological=neurological)
    write_whole(path, lambda file: figure.savefig(file, dpi=110, facecolor="white"))


def draw_figure(
    result: Result,
    *,
    reference: Volume | None = None,
    labels: Volume | None = None,
    neurological: bool = False,
) -> Any:
    """Return the matplotlib figure that `save_figure` writes."""
    from matplotlib.figure import Figure

    reference = reference or result.reference or _reference_of(result)
    number = shown_slice(result, labels)
    plane = upright_plane(result.zero_filled, result.axes.slice, neurological=neurological)
    panels = _panels(result, reference)
    base = (reference or result.zero_filled).data
    figure = Figure(figsize=(PANEL_INCHES * len(panels) + 0.9, PANEL_INCHES + 1.75))
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    figure.subplots_adjust(left=0.01, right=0.94, top=0.80, bottom=0.19, wspace=0.04)
    spacing = result.zero_filled.spacing
    aspect = spacing[plane.rows] / spacing[plane.columns]
    for axis, (title, volume) in zip(axes, panels, strict=True):
        picture = np.abs(plane.cut(volume.data, number))
        if volume is result.error:
            top = ERROR_SHARE * float(np.abs(base).max() or 1)
            shown = axis.imshow(picture, cmap="inferno", vmin=0, vmax=top, aspect=aspect)
            bar = figure.colorbar(shown, cax=axis.inset_axes([1.02, 0.0, 0.04, 1.0]))
            bar.ax.tick_params(labelsize=7)
        else:
            axis.imshow(picture, cmap="gray", vmin=0, vmax=_window(base), aspect=aspect)
            _outlines(axis, plane, number, labels, result.labels)
        axis.set_title(title, fontsize=9)
        axis.set_xticks([])
        axis.set_yticks([])
        _letters(axis, plane.letters)
    _texts(figure, result, number, labels is not None)
    return figure


def _window(data: np.ndarray) -> float:
    """Return the value shown white: a high percentile of what is not air."""
    seen = np.abs(data[data != 0])
    return float(np.percentile(seen, WINDOW_PERCENTILE)) if seen.size else 1.0


def _outlines(
    axis: Any, plane: Plane, number: int, drawn: Volume | None, predicted: Volume | None
) -> None:
    """Outline what was drawn (solid) and what was predicted (dashed: it reads in grey too)."""
    for volume, colour, style in (
        (drawn, REFERENCE_COLOUR, "solid"),
        (predicted, PREDICTED_COLOUR, "dashed"),
    ):
        if volume is None:
            continue
        region = plane.cut(volume.data, number) > 0
        if region.any() and not region.all():
            axis.contour(region, [0.5], colors=colour, linestyles=style, linewidths=1.2)


def shown_slice(result: Result, labels: Volume | None) -> int:
    """Return the slice with the most lesion, drawn or else predicted; else the middle."""
    axis = result.axes.slice
    for volume in (labels, result.labels):
        if volume is not None and volume.data.any():
            others = tuple(i for i in range(3) if i != axis)
            return int((volume.data > 0).sum(axis=others).argmax())
    return result.zero_filled.shape[axis] // 2


def _reference_of(result: Result) -> Volume | None:
    if result.reconstruction is None or result.error is None:
        return None
    return result.reconstruction.like(result.reconstruction.data - result.error.data)


def _panels(result: Result, reference: Volume | None) -> list[tuple[str, Volume]]:
    panels = [
        ("reference (fully sampled)", reference),
        (
            f"zero-filled, R {result.mask.size / max(int(result.mask.sum()), 1):.2f}",
            result.zero_filled,
        ),
        (result.method, result.reconstruction),
        (f"|error|, 0 to {ERROR_SHARE:.0%} of the maximum", result.error),
    ]
    return [(title, volume) for title, volume in panels if volume is not None]


def _letters(axis: Any, letters: tuple[str, str, str, str]) -> None:
    places = ((0.02, 0.5, "left", "center"), (0.98, 0.5, "right", "center"),
              (0.5, 0.98, "center", "top"), (0.5, 0.02, "center", "bottom"))  # fmt: skip
    for letter, (x, y, across, along) in zip(letters, places, strict=True):
        axis.text(
            x, y, letter, transform=axis.transAxes, ha=across, va=along, color="white",
            fontsize=10, fontweight="bold",
        )  # fmt: skip


def _texts(figure: Any, result: Result, number: int, drawn: bool) -> None:
    figure.text(0.01, 0.955, f"{result.title} · slice {number}", fontsize=11, va="top")
    lines = [_scores_line(name, scores) for name, scores in result.scores.items()]
    figure.text(0.01, 0.155, "\n".join(lines), fontsize=8, va="top", family="monospace")
    key = []
    if drawn:
        key.append(("— drawn lesion", REFERENCE_COLOUR))
    if result.labels is not None:
        key.append(("- - predicted lesion", PREDICTED_COLOUR))
    for place, (text, colour) in enumerate(key):
        figure.text(
            0.99 - 0.16 * place, 0.955, text, fontsize=9, va="top", ha="right", color=colour
        )
    simulated = result.request.get("simulation") is not None
    note = "Research use only. " + (
        "Simulated from a magnitude image, which flatters every method." if simulated else ""
    )
    figure.text(0.01, 0.015, note, fontsize=8, color="#555555")


def _scores_line(name: str, scores: Any) -> str:
    parts = [f"{name:<17}"]
    for metric, unit in (("PSNR", " dB"), ("SSIM", ""), ("NMSE", "")):
        value = scores.get(metric)
        if value == value:
            parts.append(f"{metric} {value:.{2 if unit else 3}f}{unit}")
    dice = scores.get("Dice", region="class 1")
    if dice == dice:
        parts.append(f"Dice {dice:.3f}")
    return "  ".join(parts) + "   (whole volume, whole field of view)"
