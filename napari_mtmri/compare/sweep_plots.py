# SPDX-License-Identifier: BSD-3-Clause
"""Plots of a sweep: scores over the acceleration with their band; and what all plots share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mtmri.compare.sweep_rows import Curve
from napari_mtmri.errors import RequestError
from napari_mtmri.files import write_whole
from napari_mtmri.plotting import (
    BLACK,
    BLUE,
    DOTS_PER_INCH,
    GREEN,
    ORANGE,
    PURPLE,
    RESEARCH,
    SIMULATED,
    SKY,
    YELLOW,
)
from napari_mtmri.result import ZERO_FILLED
from napari_mtmri.stats.patients import patients_note

if TYPE_CHECKING:
    from napari_mtmri.compare.sweep import Sweep

PLOTS = "plots"
TITLE_INCHES, LINE_INCHES = 0.36, 0.16
NOTE_CHARACTERS, LEGEND_CHARACTERS, LEGEND_HANDLE = 16, 11, 8  # per inch, and of a handle
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = ("solid", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1, 1, 1)))


def draw_scores(sweep: Sweep, metric: str) -> Any:
    """Return the matplotlib figure of a score over the acceleration, with its band.

    One curve for each method (colour and marker) and pattern (line style).

    Raises
    ------
    RequestError
        If the score was not measured.
    """
    curves = sweep.curves(metric)
    if not curves:
        known = ", ".join(sweep.metrics) or "none"
        raise RequestError(f"{metric!r} was not measured in this sweep; there are: {known}.")
    figure, axis = new_plot(7.0, 3.9)
    styles = method_styles([curve.method for curve in curves])
    patterns = list(dict.fromkeys(curve.pattern for curve in curves))
    for curve in curves:
        dashes = DASHES[patterns.index(curve.pattern) % len(DASHES)]
        label = curve.method if len(patterns) == 1 else f"{curve.method}, {curve.pattern}"
        _draw_curve(axis, curve, styles[curve.method], dashes, label)
    factors = sorted({factor for curve in curves for factor in curve.accelerations.tolist()})
    axis.set_xticks(factors, [f"{factor:g}" for factor in factors])
    axis.set_xlabel("acceleration R")
    axis.set_ylabel(f"{curves[0].title}, {curves[0].region}")
    axis.grid(axis="y", color="#dddddd", linewidth=0.6)
    finish_plot(figure, axis, f"{metric} over the acceleration", _notes(sweep, curves, patterns))
    return figure


def _draw_curve(axis: Any, curve: Curve, style: Mapping[str, Any], dashes: Any, label: str) -> None:
    axis.plot(curve.accelerations, curve.mean, label=label, linestyle=dashes, **style)
    seen = np.isfinite(curve.low)
    if seen.sum() > 1:
        axis.fill_between(
            curve.accelerations[seen], curve.low[seen], curve.high[seen], color=style["color"],
            alpha=0.18, linewidth=0,
        )  # fmt: skip
    elif seen.any():
        axis.vlines(
            curve.accelerations[seen], curve.low[seen], curve.high[seen], color=style["color"],
            linewidth=1.5,
        )  # fmt: skip


def _notes(sweep: Sweep, curves: Sequence[Curve], patterns: Sequence[str]) -> list[str]:
    bands = dict.fromkeys(curve.band for curve in curves if curve.band)
    cases = {point.case for point in sweep.points}
    note = patients_note((point.patient, point.case) for point in sweep.points)
    n_left_out = sum(sum(curve.n_left_out) for curve in curves)
    depends = dict.fromkeys(
        row.depends
        for row in sweep.rows
        if (row.metric, row.region) == (curves[0].metric, curves[0].region)
    )
    notes = [f"Band: {'; '.join(bands)}." if bands else "One value for each point: no band."]
    notes.append(f"{_count(len(cases), 'case')}; pattern: {', '.join(patterns)}.")
    notes += [note] if note else []
    notes += [f"{curves[0].metric}: {text}." for text in depends if text]
    if n_left_out:
        notes.append(f"{n_left_out} values that are infinite or undefined are left out.")
    if sweep.failed:
        notes.append(f"{_count(len(sweep.failed), 'point')} failed and are not shown.")
    return [*notes, f"{RESEARCH} {SIMULATED}, which flatters every method."]


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def method_styles(methods: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return colour and marker of each method; zero-filled is black."""
    own = [name for name in dict.fromkeys(methods) if name != ZERO_FILLED]
    styles: dict[str, dict[str, Any]] = {
        ZERO_FILLED: {"color": BLACK, "marker": "x", "markersize": 5}
    }
    for number, name in enumerate(own):
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        styles[name] = {"color": colour, "marker": marker, "markersize": 5}
    return styles


def new_plot(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Any, Any]:
    """Return an empty figure with a white ground, and its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=rows * columns == 1)
    for axis in np.ravel(axes):
        axis.tick_params(labelsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def finish_plot(figure: Any, axes: Any, title: str, notes: Sequence[str]) -> None:
    """Add title and legend above the axes, one for all, and notes below them."""
    import textwrap

    named = {
        label: handle
        for axis in np.ravel(axes)
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    width, height = figure.get_size_inches()
    lines = [line for note in notes for line in textwrap.wrap(note, int(width * NOTE_CHARACTERS))]
    longest = max(map(len, named), default=1) + LEGEND_HANDLE
    columns = max(1, min(len(named), int(width * LEGEND_CHARACTERS / longest)))
    head = TITLE_INCHES + LINE_INCHES * 1.25 * -(-len(named) // columns)
    foot = LINE_INCHES * (len(lines) + 1)
    figure.set_size_inches(width, height + head + foot)
    total = height + head + foot
    figure.get_layout_engine().set(rect=(0, foot / total, 1, height / total))
    style = {"ha": "left", "parse_math": False}
    figure.text(0.1 / width, 1 - 0.08 / total, title, va="top", fontsize=11, **style)
    figure.text(
        0.1 / width,
        0.08 / total,
        "\n".join(lines),
        va="bottom",
        fontsize=8,
        color="#555555",
        **style,
    )
    figure.legend(
        list(named.values()), list(named), loc="upper left", ncols=columns, fontsize=9,
        bbox_to_anchor=(0.02 / width, 1 - (TITLE_INCHES - 0.08) / total), frameon=False,
        handlelength=3,
    )  # fmt: skip


def save_plot(figure: Any, path: Path) -> None:
    """Write a figure, whole or not at all; the extension sets the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: figure.savefig(file, dpi=DOTS_PER_INCH, facecolor="white"))
