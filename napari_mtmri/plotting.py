# SPDX-License-Identifier: BSD-3-Clause
"""Figures of results: upright, with orientation letters and one stated error scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from napari_mtmri.display import SliceView, upright_view
from napari_mtmri.files import write_whole
from napari_mtmri.metrics.base import Kind, quantities
from napari_mtmri.metrics.scores import Score, format_value
from napari_mtmri.sheet import MARGIN, Sheet, draw_letters, draw_outline, draw_scale_bar, wrapped
from napari_mtmri.volume import Volume, bright_value, magnitude

if TYPE_CHECKING:
    from napari_mtmri.result import Result

REFERENCE_COLOUR, PREDICTED_COLOUR = "#1b9e77", "#d95f02"
# Okabe and Ito's line colours, distinct for colour-blind readers.
BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000",
)  # fmt: skip
REFERENCE_LINE, PREDICTED_LINE = "solid", (0, (3, 2))  # distinct in grey-scale print
ERROR_SHARE = 0.2  # the error scale ends at this share of the reference's `bright_value`
WINDOW_PERCENTILE = 99.7
RESEARCH = "Research use only."
SIMULATED = "Simulated from a magnitude image"
DOTS_PER_INCH = 120
# In inches; four panels are 12 inches wide, so that 9-point text is legible at 1200 pixels.
_SLOT, _TALLEST, _GAP, _BAR = 2.65, 3.8, 0.12, 0.75
_HEADER, _CAPTION = 1.1, 0.5
_NARROWEST = 7.5


def shown_slice(result: Result, labels: Volume | None) -> int:
    """Return the slice with the largest lesion, or the middle slice if there is none.

    Reference lesions are used if there are any, else predicted lesions.
    """
    axis = result.axes.slice
    others = tuple(i for i in range(3) if i != axis)
    for volume in (labels, result.labels):
        if volume is not None and volume.data.any():
            return int((volume.data > 0).sum(axis=others).argmax())
    return result.zero_filled.shape[axis] // 2


def save_figure(
    result: Result,
    path: Path,
    *,
    reference: Volume | None = None,
    labels: Volume | None = None,
    neurological: bool = False,
) -> None:
    """Write a figure of a result, showing the slice with the largest lesion.

    Parameters
    ----------
    result : Result
    path : Path
        The extension sets the format: ``.png``, ``.pdf``, ``.svg``.
    reference : Volume, optional
        Fully sampled image; by default the one in the result, or reconstruction minus error.
    labels : Volume, optional
        Reference segmentation; outlined next to the predicted one.
    neurological : bool
        Show the patient's right on the right side of the figure.

    Raises
    ------
    InputError
        If reference or labels are on another grid.
    ResourceError
        If the file cannot be written.
    """
    figure = draw_figure(result, reference=reference, labels=labels, neurological=neurological)
    write_whole(path, lambda file: figure.savefig(file, dpi=DOTS_PER_INCH, facecolor="white"))


def draw_figure(
    result: Result,
    *,
    reference: Volume | None = None,
    labels: Volume | None = None,
    neurological: bool = False,
) -> Any:
    """Return the matplotlib figure that `save_figure` writes, with the same parameters."""
    for volume in (reference, labels):
        if volume is not None:
            volume.require_same_grid(result.zero_filled, "the result")
    reference = reference or result.reference or _reference_of(result)
    view = upright_view(result.zero_filled, result.axes.slice, neurological=neurological)
    number = shown_slice(result, labels)
    scale = _Scale.of(reference or result.zero_filled)
    panels = _panels(result, reference, labels, scale)
    page = _Page.of(len(panels), view, _notes(result, scale, view))
    figure = page.sheet.figure()
    for place, panel in enumerate(panels):
        _draw_panel(figure, page, place, panel, view, number, scale)
    extent = result.zero_filled.shape[result.axes.slice] - 1
    title = f"{result.title} · {view.plane} slice {number} of 0–{extent}"
    page.sheet.write_title(figure, title)
    _legend(figure, page, view, number, labels, result.labels)
    return figure


def grey_window(volume: Volume) -> tuple[float, float]:
    """Return the values shown black and white: 0 and a high percentile of what is not 0."""
    values = magnitude(volume.data)
    seen = values[values > 0]
    return 0.0, float(np.percentile(seen, WINDOW_PERCENTILE)) if seen.size else 1.0


@dataclass(frozen=True)
class _Scale:
    """Ends of the grey and error scales, from the reference alone: equal for all methods."""

    white: float
    error: float

    @staticmethod
    def of(volume: Volume) -> _Scale:
        return _Scale(grey_window(volume)[1], ERROR_SHARE * bright_value(volume.data))


@dataclass(frozen=True)
class _Panel:
    title: str
    data: np.ndarray
    is_error: bool = False
    drawn: Volume | None = None
    predicted: Volume | None = None
    scores: str = ""


def _reference_of(result: Result) -> Volume | None:
    if result.reconstruction is None or result.error is None:
        return None
    return result.reconstruction.like(result.reconstruction.data - result.error.data)


def _panels(
    result: Result, reference: Volume | None, labels: Volume | None, scale: _Scale
) -> list[_Panel]:
    """Return the panels from left to right; outlines and scores are on the image they belong to."""
    achieved = result.mask.size / max(int(result.mask.sum()), 1)
    carrier = result.reconstruction or reference or result.zero_filled
    is_bare = result.method == "zero-filled"  # its reconstruction is the zero-filled image
    images = (
        ("reference\nfully sampled", reference),
        (f"zero-filled\nR {achieved:.2f}", None if is_bare else result.zero_filled),
        (f"{result.method}\nreconstruction, R {achieved:.2f}", result.reconstruction),
    )
    panels = []
    for title, volume in images:
        if volume is not None:
            owners = [
                *(["zero-filled"] if volume is result.zero_filled else []),
                *([result.method] if volume is carrier else []),
            ]
            panel = _Panel(
                title,
                volume.data,
                drawn=labels if volume in (carrier, reference) else None,
                predicted=result.labels if volume is carrier else None,
                scores="\n".join(_scores_text(result, owner) for owner in owners),
            )
            panels.append(panel)
    if result.reconstruction is not None and reference is not None:
        title = (
            f"|reconstruction − reference|\n0 to {scale.error:.3g}: {ERROR_SHARE:.0%} of 99.9th "
            "percentile"
        )
        error = result.reconstruction.data - magnitude(reference.data)
        panels.append(_Panel(title, error, is_error=True))
    return panels


def _scores_text(result: Result, name: str) -> str:
    """Return the scores of the volume below an image."""
    scores = result.scores.get(name)
    if scores is None:
        return ""
    images, labels = (
        [(one, row) for one in quantities("figure", kind) for row in scores.find(one.name)]
        for kind in get_args(Kind)
    )
    lines = [" · ".join(_score_text(row, one.shown["figure"]) for one, row in images)]
    lines += [f"{_score_text(row, one.shown['figure'])} ({row.region})" for one, row in labels]
    return "\n".join(line for line in lines if line)


def _score_text(score: Score, decimals: int) -> str:
    value = format_value(score.value, score.unit, decimals)
    return f"{score.metric} {value} {score.unit}".rstrip()


def _notes(result: Result, scale: _Scale, view: SliceView) -> list[str]:
    """Return the notes: metric and display settings, warnings, and the research-use notice."""
    depends = dict.fromkeys(
        f"{row.metric}: {row.depends}."
        for one in quantities("figure")
        for scores in result.scores.values()
        for row in scores.find(one.name)
    )
    grid = " Oblique: shown on its own grid." if result.zero_filled.is_oblique else ""
    simulated = result.request.get("simulation") is not None
    return [
        *depends,
        f"Images: 0 (black) to {scale.white:.3g} (white); {view.sides}.{grid}",
        *(line for line in result.warnings if not line.startswith(SIMULATED)),
        f"{RESEARCH} {SIMULATED}, which flatters every method." if simulated else RESEARCH,
    ]


@dataclass(frozen=True)
class _Page:
    """Positions on the page, in inches from the lower left corner."""

    sheet: Sheet
    picture: tuple[float, float]

    @staticmethod
    def of(n_panels: int, view: SliceView, notes: Sequence[str]) -> _Page:
        tall, wide = view.size
        shrink = min(_SLOT / wide, _TALLEST / tall)
        width = max(_NARROWEST, n_panels * (_SLOT + _GAP) - _GAP + 2 * MARGIN + _BAR)
        height = _HEADER + tall * shrink + _CAPTION
        return _Page(Sheet(width, height, wrapped(notes, width)), (tall * shrink, wide * shrink))

    @property
    def floor(self) -> float:
        """Lower edge of the panels."""
        return self.sheet.top - _HEADER - self.picture[0]

    def slot(self, place: int) -> float:
        """Return the horizontal centre of a panel."""
        return MARGIN + place * (_SLOT + _GAP) + _SLOT / 2


def _draw_panel(
    figure: Any, page: _Page, place: int, panel: _Panel, view: SliceView, number: int, scale: _Scale
) -> None:
    tall, wide = page.picture
    middle = page.slot(place)
    axis = figure.add_axes(page.sheet.box(middle - wide / 2, page.floor, wide, tall))
    shown = axis.imshow(
        magnitude(view.picture(panel.data, number)),
        cmap="inferno" if panel.is_error else "gray",
        vmin=0,
        vmax=scale.error if panel.is_error else scale.white,
        aspect="auto",  # the box has the proportions of the slice in mm
        origin="upper",  # independent of the user's matplotlib settings
        interpolation="antialiased",
    )
    axis.set_axis_off()
    if panel.is_error:
        bar = figure.add_axes(page.sheet.box(middle + wide / 2 + 0.08, page.floor, 0.12, tall))
        figure.colorbar(shown, cax=bar).ax.tick_params(labelsize=8)
    for volume, colour, line in (
        (panel.drawn, REFERENCE_COLOUR, REFERENCE_LINE),
        (panel.predicted, PREDICTED_COLOUR, PREDICTED_LINE),
    ):
        region = None if volume is None else view.picture(volume.data, number) > 0
        draw_outline(axis, region, colour, line)
    draw_letters(axis, view.letters)
    if place == 0:
        draw_scale_bar(axis, view.size[1], view.unit)
    page.sheet.write(figure, panel.title, middle, page.floor + tall + 0.05, 9, ha="center")
    page.sheet.write(figure, panel.scores, middle, page.floor - 0.06, 9, ha="center", va="top")


def _legend(
    figure: Any,
    page: _Page,
    view: SliceView,
    number: int,
    drawn: Volume | None,
    found: Volume | None,
) -> None:
    from matplotlib.lines import Line2D

    lines = []
    for name, volume, colour, line in (
        ("reference lesion", drawn, REFERENCE_COLOUR, REFERENCE_LINE),
        ("predicted lesion", found, PREDICTED_COLOUR, PREDICTED_LINE),
    ):
        if volume is not None:
            none = "" if view.picture(volume.data, number).any() else ": none in this slice"
            lines.append(Line2D([], [], color=colour, linestyle=line, label=name + none))
    if lines:
        figure.legend(
            handles=lines, loc="upper left", ncols=2, frameon=False, fontsize=9, borderaxespad=0,
            borderpad=0, handlelength=2.5, labelcolor="black",
            bbox_to_anchor=(MARGIN / page.sheet.width, 1 - 0.42 / page.sheet.top),
        )  # fmt: skip
