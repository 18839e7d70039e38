# SPDX-License-Identifier: BSD-3-Clause
"""Figures that compare methods: scores as violins, Dice by lesion size, error maps.

In the style of the paper's Figures 6, 7 and 8 to 10. The cases shown are chosen by rule.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from napari_mtmri.plotting import (
    BLACK,
    BLUE,
    ERROR_SHARE,
    PREDICTED_COLOUR,
    REFERENCE_COLOUR,
    WINDOW_PERCENTILE,
)
from napari_mtmri.study.case_record import CaseRecord
from napari_mtmri.study.panels import COLOURS, DASHES, legend, name_rows, panels
from napari_mtmri.study.plan import Plan
from napari_mtmri.study.sizes import bins_of, training_sizes
from napari_mtmri.study.summary import Line, Measure, main_measure, main_measures
from napari_mtmri.volume import bright_value

CAPTIONS = {
    "violins": "Scores by case (the paper's Fig. 6); white dot: median.",
    "lesion_sizes": "Dice by size of the lesion (the paper's Fig. 7).",
    "error_maps": "Error maps on one scale (the paper's Figs. 8 to 10), for the best, the median and "
    "the worst case of the row that all are compared with. Green: reference; orange: segmentation.",
}
PICTURE = 1.25  # inches


def comparison_figures(plan: Plan, lines: Sequence[Line]) -> tuple[tuple[str, Any], ...]:
    """Return the figures by name, None where there is nothing to draw."""
    study = plan.experiment.study
    done = [line for line in lines if line.summaries]
    base = next((line for line in done if line.row is study.base), None)
    is_lesion = len(study.classes) == 1
    return (
        ("violins", draw_violins(done, [*main_measures(study.classes), main_measure("image")])),
        ("lesion_sizes", draw_sizes(done, training_sizes(plan)) if is_lesion and done else None),
        ("error_maps", None if base is None else draw_error_maps(done, base, study.classes)),
    )


def draw_violins(lines: Sequence[Line], columns: Sequence[Measure]) -> Any:
    """Return the distribution of each score over the cases, one violin for each row."""
    if not lines:
        return None
    figure, axes = panels(len(columns), "Scores by case", 1.2 + 0.34 * len(lines))
    for axis, measure in zip(axes, columns, strict=True):
        for place, line in enumerate(reversed(lines)):
            values = np.array([v for v in line.cases[measure].values() if math.isfinite(v)])
            if not values.size:
                continue
            if np.ptp(values) > 0:
                violin = axis.violinplot(
                    values, [place], orientation="horizontal", showextrema=False, widths=0.8
                )
                for body in violin["bodies"]:
                    body.set(facecolor=BLUE, alpha=0.3)
            axis.plot(values, [place] * values.size, "|", color=BLUE, markersize=5)
            axis.plot(
                [np.median(values)],
                [place],
                "o",
                color="white",
                markeredgecolor=BLACK,
                markersize=5,
            )
        axis.set_ylim(-0.6, len(lines) - 0.4)
        axis.set_title(measure.title, fontsize=9)
    name_rows(axes, [line.row.title for line in reversed(lines)])
    return figure


def draw_sizes(lines: Sequence[Line], trained: Sequence[CaseRecord]) -> Any:
    """Return the mean Dice of each row by the size of the reference lesion.

    Parameters
    ----------
    lines : sequence of Line
    trained : sequence of CaseRecord
        Training cases, whose sizes give the limits of the bins.
    """
    measure = main_measure("labels")
    sizes = {case: one for line in lines for case, one in line.records.items() if one is not None}
    shown = [line for line in lines if line.summaries[measure].n]
    if not sizes or not shown:
        return None
    limits, size, unit = bins_of(trained, list(sizes.values()))
    place = {case: int(np.searchsorted(limits, size(one))) for case, one in sizes.items()}
    counts = np.bincount(list(place.values()), minlength=len(limits) + 1)
    figure, (axis,) = panels(1, "Dice by size of the lesion, mean over cases", 3.6)
    for number, line in enumerate(shown):
        values = line.cases[measure]
        means = [
            np.nanmean(found) if (found := _in_bin(values, place, one)) else math.nan
            for one in range(len(counts))
        ]
        axis.plot(
            range(len(counts)), means, label=line.row.title, marker="o", markersize=4,
            color=COLOURS[number % len(COLOURS)],
            linestyle=DASHES[number // len(COLOURS) % len(DASHES)],
        )  # fmt: skip
    names = [
        f"{text} {unit}\nn = {n}" for text, n in zip(_ranges(limits.tolist()), counts, strict=True)
    ]
    axis.set_xticks(range(len(counts)), names)
    axis.set_ylim(0, 1)
    legend(figure, [axis])
    return figure


def _ranges(limits: Sequence[float]) -> list[str]:
    """Return the ranges between limits in words, with three digits."""
    edges = [f"{float(f'{limit:.3g}'):,.10g}" for limit in limits]
    if not edges:
        return ["any number of"]
    inner = [f"{low} to {high}" for low, high in pairwise(edges)]
    return [f"up to {edges[0]}", *inner, f"above {edges[-1]}"]


def _in_bin(values: Mapping[str, float], place: Mapping[str, int], number: int) -> list[float]:
    return [v for case, v in values.items() if place.get(case) == number and not math.isnan(v)]


def chosen_cases(base: Line, classes: Sequence[str]) -> dict[str, str]:
    """Return the best, the median and the worst case by mean Dice of a row; never by hand."""
    columns = main_measures(classes)
    score = {
        case: float(np.mean([base.cases[one][case] for one in columns]))
        for case in base.cases[columns[0]]
    }
    ordered = sorted(
        (case for case in score if not math.isnan(score[case])),
        key=lambda case: (-score[case], case),
    )
    if not ordered:
        return {}
    chosen = {"best": ordered[0], "median": ordered[len(ordered) // 2], "worst": ordered[-1]}
    return {f"{name}, Dice {score[case]:.2f}": case for name, case in chosen.items()}


def draw_error_maps(lines: Sequence[Line], base: Line, classes: Sequence[str]) -> Any:
    """Return images and error maps of all rows for three cases, all errors on one scale.

    Parameters
    ----------
    lines : sequence of Line
        Rows to show.
    base : Line
        Row whose Dice selects the cases.
    classes : sequence of str
    """
    cases = {
        words: case
        for words, case in chosen_cases(base, classes).items()
        if base.records.get(case) is not None
    }
    if not cases:
        return None
    return _ErrorMaps(lines, base, cases).draw()


class _ErrorMaps:
    """A page of pictures: two rows for each case, a column for each method."""

    def __init__(self, lines: Sequence[Line], base: Line, cases: Mapping[str, str]) -> None:
        self.lines, self.base, self.cases = lines, base, cases

    def draw(self) -> Any:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        n_columns, n_rows = 2 + len(self.lines), 2 * len(self.cases)
        size = (PICTURE * n_columns + 0.8, (PICTURE * self._aspect() + 0.25) * n_rows + 1.0)
        figure = Figure(figsize=size, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(
            f"Image and error of the slice with the largest reference segmentation; error scale\n"
            f"±{ERROR_SHARE:.0%} of the 99.9th percentile of the reference in this slice, for all rows"
        )
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for axis in axes.ravel():
            axis.set_xticks([])
            axis.set_yticks([])
            axis.spines[:].set_visible(False)
        for number, (words, case) in enumerate(self.cases.items()):
            axes[2 * number, 0].set_ylabel(f"{words}\n{case}", fontsize=6)
            axes[2 * number + 1, 0].set_ylabel("error", fontsize=6)
            self._case(axes[2 * number : 2 * number + 2], case)
        return figure

    def _aspect(self) -> float:
        """Return the largest height of a picture relative to its width."""
        records = [self.base.records[case] for case in self.cases.values()]
        shapes = [one.pictures["reference"].shape for one in records if one is not None]
        return float(max(rows / columns for rows, columns in shapes))

    def _case(self, axes: Any, case: str) -> None:
        own = self.base.records[case]
        assert own is not None
        reference, drawn = own.pictures["reference"], own.pictures["reference_labels"]
        self._column(axes[:, 0], "reference", reference, {"image": reference}, drawn)
        zero = {"image": own.pictures["zero_filled"]}
        self._column(axes[:, 1], "zero-filled", reference, zero, drawn)
        for place, line in enumerate(self.lines, start=2):
            found = line.records.get(case)
            pictures = {} if found is None else found.pictures
            self._column(axes[:, place], line.row.title, reference, pictures, drawn)

    def _column(
        self,
        axes: Sequence[Any],
        title: str,
        reference: np.ndarray,
        pictures: Mapping[str, np.ndarray],
        drawn: np.ndarray,
    ) -> None:
        image, labels = pictures.get("image"), pictures.get("labels")
        top = max(float(np.percentile(reference, WINDOW_PERCENTILE)), 1e-12)
        limit = ERROR_SHARE * bright_value(reference)
        shown = np.zeros_like(reference) if image is None else image
        axes[0].set_title(_wrapped(title), fontsize=6)
        axes[0].imshow(shown, cmap="gray", vmin=0, vmax=top)
        outlines = [(drawn, REFERENCE_COLOUR)]
        outlines += [] if labels is None else [(labels, PREDICTED_COLOUR)]
        for mask, colour in outlines:
            for number in range(1, int(mask.max()) + 1):
                part = np.asarray(mask == number)
                if part.any() and not part.all():
                    axes[0].contour(part, levels=[0.5], colors=[colour], linewidths=0.6)
        if image is None:
            middle = {"ha": "center", "va": "center", "fontsize": 6}
            axes[1].text(0.5, 0.5, "no image", transform=axes[1].transAxes, **middle)
            return
        error = image - reference
        axes[1].imshow(error, cmap="RdBu_r", vmin=-limit, vmax=limit)


def _wrapped(title: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(title, 18))
