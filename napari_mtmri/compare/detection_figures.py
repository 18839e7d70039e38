# SPDX-License-Identifier: BSD-3-Clause
"""Figures of a detection study: what is found over the size, and an insertion."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_mtmri.compare.detection_rows import Detection, DetectionLine
from napari_mtmri.compare.pictures import Picture, draw_row
from napari_mtmri.compare.sweep_plots import DASHES, finish_plot, method_styles, new_plot
from napari_mtmri.display import upright_view
from napari_mtmri.errors import RequestError
from napari_mtmri.inserted_lesion import lesion_voxels
from napari_mtmri.plotting import RESEARCH, SIMULATED, WINDOW_PERCENTILE
from napari_mtmri.volume import Volume

MARGINS, SMALLEST_PART = 3.0, 0.2  # of the lesion; of the picture
DODGE = 0.012  # between methods, relative to the diameter


def draw_detection(detection: Detection, pattern: str | None = None) -> Any:
    """Return the matplotlib figure of what is found, and what contrast is left, over the size.

    One column for each R; methods by colour and marker, contrasts by line style.

    Parameters
    ----------
    detection : Detection
    pattern : str, optional
        By default the first.

    Raises
    ------
    RequestError
        If there is no result of the pattern.
    """
    lines = detection.summary()
    pattern = pattern or (lines[0].pattern if lines else None)
    lines = tuple(line for line in lines if line.pattern == pattern)
    if not lines:
        raise RequestError(f"pattern {pattern!r} has no result; choose another.")
    factors = sorted({line.acceleration for line in lines})
    figure, axes = new_plot(max(7.0, 1.6 + 2.4 * len(factors)), 5.6, 2, len(factors))
    axes = np.reshape(axes, (2, len(factors)))
    styles = method_styles([line.method for line in lines])
    for column, factor in enumerate(factors):
        own = [line for line in lines if line.acceleration == factor]
        _draw_column(axes[:, column], own, styles)
        axes[0, column].set_title(f"R = {factor:g}", fontsize=10)
    axes[0, 0].set_ylabel("found (%)")
    axes[1, 0].set_ylabel("contrast left (%)")
    title = f"Would an inserted lesion be seen? Pattern {pattern}"
    finish_plot(figure, axes, title, _notes(detection, lines))
    return figure


def _draw_column(axes: Any, lines: list[DetectionLine], styles: dict[str, dict[str, Any]]) -> None:
    methods = list(dict.fromkeys(line.method for line in lines))
    contrasts = sorted({line.contrast for line in lines})
    for method in methods:
        for contrast in contrasts:
            own = [one for one in lines if (one.method, one.contrast) == (method, contrast)]
            own.sort(key=lambda line: line.diameter)
            style = {**styles[method], "linestyle": DASHES[contrasts.index(contrast) % len(DASHES)]}
            name = method if len(contrasts) == 1 else f"{method}, {100 * contrast:+.0f} %"
            shift = 1 + DODGE * (methods.index(method) - (len(methods) - 1) / 2)
            at = np.array([line.diameter * shift for line in own])
            if own[0].n_found is not None:
                found = np.array([(one.rate, one.low, one.high) for one in own]).T
                _draw_line(axes[0], at, found, style, name)
            left = [(one.contrast_left, one.contrast_low, one.contrast_high) for one in own]
            if np.isfinite(left[0][0]):
                _draw_line(axes[1], at, np.array(left).T, style, name)
    diameters = sorted({line.diameter for line in lines})
    for axis in axes:
        axis.set_xscale("log")
        axis.set_xticks(diameters, [f"{one:g}" for one in diameters])
        axis.minorticks_off()
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes[0].set_ylim(-4, 104)
    axes[1].set_xlabel("diameter (mm)")
    axes[1].axhline(100, color="#999999", linewidth=0.8)
    axes[1].set_ylim(bottom=min(0, axes[1].get_ylim()[0]), top=max(110, axes[1].get_ylim()[1]))


def _draw_line(axis: Any, at: np.ndarray, values: np.ndarray, style: Any, name: str) -> None:
    middle, low, high = 100 * values
    axis.plot(at, middle, label=name, **style)
    seen = np.isfinite(low)
    axis.vlines(at[seen], low[seen], high[seen], color=style["color"], linewidth=1.2)


def _notes(detection: Detection, lines: tuple[DetectionLine, ...]) -> list[str]:
    n, n_cases = max(line.n for line in lines), max(line.n_cases for line in lines)
    n_patients = max(line.n_patients for line in lines)
    whose = f" of {n_patients} patient{'s' * (n_patients > 1)}" if n_patients < n_cases else ""
    contrasts = ", ".join(f"{100 * one:+.0f} %" for one in sorted({x.contrast for x in lines}))
    without: dict[str, tuple[int, int]] = {}
    for line in lines:
        if line.n_without is not None:
            hits, total = without.get(line.method, (0, 0))
            without[line.method] = (hits + line.n_without, total + line.n)
    alarms = ", ".join(f"{name} {hits} of {total}" for name, (hits, total) in without.items())
    notes = [
        f"{n} insertions into {n_cases} {'case' if n_cases == 1 else 'cases'}{whose} for each "
        "point; "
        f"contrast {contrasts} of the signal at the place.",
        "Found: at least one tenth of the lesion's voxels are in the mask; Wilson 95 % interval. "
        "Contrast left: signal that the lesion adds to the reconstruction, divided by what it "
        "adds to the fully sampled image; mean"
        f"{' and bootstrap 95 % interval over patients' if n_patients > 1 else ''}.",
    ]
    if alarms:
        notes.append(f"Called lesion at these places without one: {alarms}.")
    if detection.failed:
        notes.append(f"{len(detection.failed)} failed and are not shown.")
    return [*notes, f"{RESEARCH} {SIMULATED}, which flatters every method."]


def draw_insertion(before: Volume, after: Volume, share: Volume) -> Any:
    """Return the matplotlib figure of an image before and after the insertion of a lesion.

    Parameters
    ----------
    before, after, share : Volume
        As `insert_sphere` takes and returns them.
    """
    axis = before.axes.slice
    others = tuple(one for one in range(3) if one != axis)
    number = int(share.data.sum(axis=others).argmax())
    view = upright_view(before, axis)
    image = before.magnitude()
    added = after.data - image
    seen = image[image > 0]
    white = float(np.percentile(seen, WINDOW_PERCENTILE)) if seen.size else 1.0
    top = float(np.abs(added).max()) or 1.0
    voxels = lesion_voxels(share.data)
    crop = _around(view.picture(voxels, number))
    pictures = [
        Picture("after, lesion outlined", after.data, white, outline=voxels),
        Picture("before, larger", image, white, crop=crop),
        Picture("after, larger", after.data, white, crop=crop),
        Picture("added", added, top, "RdBu_r", "in units of the image", crop=crop),
    ]
    diameter = 2 * (3 * float(share.data.sum()) * np.prod(before.spacing) / (4 * np.pi)) ** (1 / 3)
    gain = float(added.sum() / (share.data * image).sum())
    title = (
        f"{before.name} · simulated lesion of {diameter:.1f} mm, {100 * gain:+.0f} % · "
        f"{view.plane} slice {number} of 0–{before.shape[axis] - 1}"
    )
    note = "Nothing outside of the lesion is changed; noise and texture inside it are kept."
    return draw_row(pictures, view, number, title, [note, RESEARCH])


def _around(region: np.ndarray) -> tuple[float, float, float, float]:
    """Return left, right, top and bottom of a part of the picture around a region, in pixels."""
    rows, columns = np.nonzero(region)
    sides = [
        max(np.ptp(places) + 1, 4) / n
        for places, n in zip((rows, columns), region.shape, strict=True)
    ]
    part = min(1.0, max(MARGINS * max(sides), SMALLEST_PART)) / 2
    half = [part * n for n in region.shape]
    middle = [
        float(np.clip(places.mean(), side - 0.5, n - 0.5 - side))
        for places, side, n in zip((rows, columns), half, region.shape, strict=True)
    ]
    return middle[1] - half[1], middle[1] + half[1], middle[0] - half[0], middle[0] + half[0]
