# SPDX-License-Identifier: BSD-3-Clause
"""Figure of a spread: mean, standard deviation, and how often each voxel is called lesion."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_mtmri.compare.pictures import Picture, draw_row
from napari_mtmri.compare.spread import Spread
from napari_mtmri.display import upright_view
from napari_mtmri.errors import RequestError
from napari_mtmri.plotting import RESEARCH, SIMULATED, WINDOW_PERCENTILE

SD_PERCENTILE = 99.9


def draw_spread(spread: Spread, number: int | None = None) -> Any:
    """Return the matplotlib figure of a spread.

    Parameters
    ----------
    spread : Spread
    number : int, optional
        Slice; by default the one with the most voxels whose label depends on the mask or the
        noise, else the one with the largest standard deviation.

    Raises
    ------
    RequestError
        If the slice does not exist.
    """
    grid = spread.mean or spread.lesion_percent
    if grid is None:
        raise RequestError(f"{spread.name}: the method gives neither image nor segmentation.")
    n_slices = grid.shape[spread.slice_axis]
    number = _doubtful_slice(spread) if number is None else number
    if not 0 <= number < n_slices:
        raise RequestError(f"slice {number} does not exist; choose 0 to {n_slices - 1}.")
    view = upright_view(grid, spread.slice_axis)
    title = f"{spread.name} · {view.plane} slice {number} of 0–{n_slices - 1}"
    return draw_row(_pictures(spread), view, number, title, _notes(spread))


def _pictures(spread: Spread) -> list[Picture]:
    pictures = []
    if spread.mean is not None and spread.sd is not None:
        mean, sd = spread.mean.data, spread.sd.data
        white = float(np.percentile(mean[mean > 0], WINDOW_PERCENTILE)) if mean.any() else 1.0
        top = float(np.percentile(sd, SD_PERCENTILE)) or 1.0
        pictures += [
            Picture("mean of the reconstructions", mean, white),
            Picture("standard deviation", sd, top, "inferno", "in units of the image"),
        ]
    if spread.lesion_percent is not None:
        often = spread.lesion_percent.data
        pictures.append(Picture("called lesion", often, 100.0, "viridis", "%"))
    return pictures


def _notes(spread: Spread) -> list[str]:
    what = "sampling masks" if spread.varied == "mask" else "scans with new noise"
    notes = [f"Over {spread.n} {what}; everything else is the same."]
    if spread.dice_range:
        notes.append(f"Dice {spread.dice_range}.")
    if spread.volume_range:
        notes.append(f"Lesion volume {spread.volume_range}.")
    return [" ".join(notes), f"{RESEARCH} {SIMULATED}, which flatters every method."]


def _doubtful_slice(spread: Spread) -> int:
    others = tuple(axis for axis in range(3) if axis != spread.slice_axis)
    if spread.lesion_percent is not None:
        often = spread.lesion_percent.data
        doubtful = ((often > 0) & (often < 100)).sum(axis=others)
        called = (often > 0).sum(axis=others)
        for counts in (doubtful, called):
            if counts.any():
                return int(counts.argmax())
    if spread.sd is None:
        return 0
    return int(spread.sd.data.sum(axis=others, dtype=float).argmax())
