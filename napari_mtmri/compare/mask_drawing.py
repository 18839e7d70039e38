# SPDX-License-Identifier: BSD-3-Clause
"""Masks drawn on a picture: outline, fill, or agreed, missed and extra regions."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_mtmri.compare.comparison import Comparison, MaskStyle
from napari_mtmri.compare.mask_patterns import AGREEMENT_COLOURS, patterned
from napari_mtmri.compare.masks import AGREED, EXTRA, MISSED, NAMES, agreement
from napari_mtmri.plotting import (
    PREDICTED_COLOUR,
    PREDICTED_LINE,
    REFERENCE_COLOUR,
    REFERENCE_LINE,
)
from napari_mtmri.sheet import draw_outline, stroke

FILL_OPACITY = 0.45
# Told apart by colour, line and pattern, also in grey-scale print and for colour-blind readers.
AGREEMENT_LINES: dict[int, Any] = {AGREED: "solid", MISSED: "dotted", EXTRA: PREDICTED_LINE}


def draw_masks(
    axis: Any, style: MaskStyle, base: np.ndarray | None, own: np.ndarray | None
) -> None:
    """Draw the segmentation of a cell and that of the base on its picture.

    Parameters
    ----------
    axis : matplotlib Axes
    style : {"none", "outline", "fill", "disagreement"}
    base, own : bool array, (row, column), or None
        The segmentation that is compared with, and that of the cell.
    """
    if style == "none":
        return
    if style == "disagreement" and base is not None and own is not None:
        codes = agreement(own, base)
        drawn = patterned(codes)
        for code in (AGREED, MISSED, EXTRA):
            if code != AGREED:
                _fill(axis, drawn == code, AGREEMENT_COLOURS[code])
            draw_outline(axis, codes == code, AGREEMENT_COLOURS[code], AGREEMENT_LINES[code])
        return
    if style == "fill":
        shown, colour = (base, REFERENCE_COLOUR) if own is None else (own, PREDICTED_COLOUR)
        _fill(axis, shown, colour)
    draw_outline(axis, base, REFERENCE_COLOUR, REFERENCE_LINE)
    draw_outline(axis, own, PREDICTED_COLOUR, PREDICTED_LINE)


def _fill(axis: Any, region: np.ndarray | None, colour: str) -> None:
    from matplotlib.colors import to_rgba

    if region is not None and region.any():
        picture = np.zeros((*region.shape, 4))
        picture[region] = to_rgba(colour, FILL_OPACITY)
        axis.imshow(picture, aspect="auto", origin="upper", interpolation="nearest")


def mask_legend(comparison: Comparison, number: int) -> list[Any]:
    """Return the handles of a legend of the masks that are drawn."""
    from matplotlib.lines import Line2D

    style, base = comparison.view.masks, comparison.base
    drawn = [cell for cell in comparison.cells if cell.labels is not None and cell is not base]
    if style == "none":
        return []
    handles = []
    if base is not None and base.labels is not None:
        empty = not np.take(base.labels.data, number, axis=comparison.axis).any()
        name = "reference lesion" if base.kind == "reference" else f"lesion of {base.name}"
        label = f"{name}: none in this slice" if empty else name
        handles.append(
            Line2D([], [], color=REFERENCE_COLOUR, linestyle=REFERENCE_LINE, label=label)
        )
    if style == "disagreement" and base is not None and drawn:
        for code, name in NAMES.items():
            line = Line2D(
                [], [], color=AGREEMENT_COLOURS[code], linestyle=AGREEMENT_LINES[code], label=name
            )
            line.set_path_effects(stroke(3))
            handles.append(line)
    elif drawn:
        label = "segmentation of the named method" if comparison.segmented else "segmentation"
        handles.append(
            Line2D([], [], color=PREDICTED_COLOUR, linestyle=PREDICTED_LINE, label=label)
        )
    return handles
