# SPDX-License-Identifier: BSD-3-Clause
"""Make the picture of the best, median and worst validation cases of the shipped weights.

    python docs/make_worst_cases.py DATA FOLDER

DATA has ``cases.csv`` with the split "val". Results are kept in FOLDER: the same call continues.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import napari_mtmri as mt
from napari_mtmri.batch.cases_table import CaseRow, read_cases
from napari_mtmri.batch.score_store import RESULTS
from napari_mtmri.display import upright_view
from napari_mtmri.files import write_whole
from napari_mtmri.plotting import (
    PREDICTED_COLOUR,
    PREDICTED_LINE,
    REFERENCE_COLOUR,
    REFERENCE_LINE,
    RESEARCH,
    SIMULATED,
    grey_window,
    shown_slice,
)
from napari_mtmri.result import Result
from napari_mtmri.sheet import draw_letters, draw_outline

PLACE = Path(__file__).parent / "images" / "worst-cases.png"
METHODS = ("unet-full-sample", "mtmri")
SCANNED = mt.Acquisition(mt.Pattern("random", acceleration=4))
SIDE, DOTS_PER_INCH = 1.9, 80


def chosen(dice: dict[str, float]) -> dict[str, str]:
    """Return the best, the median and the worst case; of an even number the lower median."""
    ordered = sorted(dice, key=lambda case: (-dice[case], case))
    return {"best": ordered[0], "median": ordered[len(ordered) // 2], "worst": ordered[-1]}


def draw_case(axes: Any, words: str, row: CaseRow, result: Result) -> None:
    """Draw the slice with the largest lesion, and beside it again with both outlines."""
    image, lesion = mt.open(row.image), mt.open(row.labels, "labels")
    shown = result.reconstruction or image
    view, number = upright_view(image, result.axes.slice), shown_slice(result, lesion)
    for axis in axes:
        axis.imshow(view.picture(shown.magnitude(), number), cmap="gray", vmin=0,
                    vmax=grey_window(image)[1])  # fmt: skip
        draw_letters(axis, view.letters)
    for volume, colour, line in (
        (lesion, REFERENCE_COLOUR, REFERENCE_LINE),
        (result.labels, PREDICTED_COLOUR, PREDICTED_LINE),
    ):
        draw_outline(axes[1], view.picture(volume.data, number) > 0, colour, line)
    dice = result.scores[result.method].get("Dice")
    text = f"Dice {dice:.2f}"
    if result.reconstruction is not None:
        psnr = [result.scores[name].get("PSNR") for name in (result.method, "zero-filled")]
        text += f"\nPSNR {psnr[0]:.1f} dB (zero-filled {psnr[1]:.1f})"
    axes[0].set_title(f"{words}\n{row.case}, slice {number}", fontsize=7)
    axes[1].set_title(text, fontsize=7)
    print(result.method, words, row.case, text)


def main(data: Path, folder: Path) -> None:
    """Evaluate the cases, choose by Dice and draw."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows = {row.case: row for row in read_cases(data, "val")}
    found = mt.evaluate_many(list(rows.values()), folder, SCANNED, METHODS, keep=True)
    size = (2 * 3 * SIDE + 0.8, 2 * SIDE + 1.6)
    figure = Figure(figsize=size, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2 * 3, squeeze=False)
    for axis in axes.ravel():
        axis.set_axis_off()
    for place, method in enumerate(METHODS):
        dice = {
            one.case: one.scores[method].get("Dice") for one in found.cases if method in one.scores
        }
        for number, (words, case) in enumerate(chosen(dice).items()):
            result = mt.open(folder / RESULTS / case / method)
            draw_case(axes[place, 2 * number :][:2], f"{method}, {words}", rows[case], result)
    lines = [
        Line2D([], [], color=REFERENCE_COLOUR, linestyle=REFERENCE_LINE, label="reference lesion"),
        Line2D([], [], color=PREDICTED_COLOUR, linestyle=PREDICTED_LINE, label="predicted lesion"),
    ]
    figure.legend(handles=lines, loc="outside lower center", ncols=2, fontsize=8, frameon=False,
                  title=f"The slice with the largest lesion, chosen by Dice of the volume alone. "
                  f"{RESEARCH} {SIMULATED}.", title_fontsize=7)  # fmt: skip
    PLACE.parent.mkdir(exist_ok=True)
    write_whole(PLACE, lambda file: figure.savefig(file, dpi=DOTS_PER_INCH, facecolor="white"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
