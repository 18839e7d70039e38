# SPDX-License-Identifier: BSD-3-Clause
"""What a training leaves when it has come to its end: weights and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_mtmri.figures import BLUE, GREEN, ORANGE
from napari_mtmri.files import write_whole
from napari_mtmri.train.export import export
from napari_mtmri.train.folder import FIGURES, WEIGHTS, read_events
from napari_mtmri.train.recipe import Recipe

MOST_POINTS = 150


def finish(run: Path, recipe: Recipe) -> dict[str, str]:
    """Export the best weights and draw the figures of a run; return where the weights lie."""
    place = f"{WEIGHTS}/{recipe.method}.safetensors"
    export(run, run / place)
    (run / FIGURES).mkdir(exist_ok=True)
    draw_curves(run / FIGURES / "curves.png", read_events(run))
    return {"weights": place}


def draw_curves(path: Path, events: Sequence[Mapping[str, Any]]) -> None:
    """Draw losses, their weights and validation scores over the updates of a training."""
    from matplotlib.figure import Figure

    updates = [event for event in events if event["kind"] == "update"]
    checks = [event for event in events if event["kind"] == "validation"]
    figure = Figure(figsize=(8, 9), layout="constrained")
    losses, weights, psnr = figure.subplots(3, 1, sharex=True)
    _curve(losses, updates, "recon_loss", "reconstruction", BLUE)
    for teacher, name, color in ((True, "truth", GREEN), (False, "own output", ORANGE)):
        some = [event for event in updates if event.get("teacher", teacher) == teacher]
        _curve(losses, some, "seg_loss", f"segmentation of {name}", color)
    losses.set(ylabel="loss", yscale="log")
    _curve(weights, updates, "alpha", "α, reconstruction", BLUE)
    _curve(weights, updates, "beta", "β, segmentation", ORANGE)
    weights.set(ylabel="weight (DRLC)", ylim=(0, None))
    _curve(psnr, checks, "val_psnr_gain", "PSNR above zero-filled", BLUE, marker="o")
    psnr.set(ylabel="dB", xlabel="updates")
    dice = psnr.twinx()
    _curve(dice, checks, "val_dice", "Dice of own output", ORANGE, marker="s")
    _curve(dice, checks, "val_dice_truth", "Dice of truth", GREEN, marker="^")
    dice.set(ylabel="Dice", ylim=(0, 1))
    for axis in (losses, weights, psnr, dice):
        if axis.get_legend_handles_labels()[0]:
            side, x = ("lower right", 1) if axis is dice else ("lower left", 0)
            axis.legend(loc=side, bbox_to_anchor=(x, 1), ncols=3, frameon=False)
    write_whole(path, lambda file: figure.savefig(file, dpi=120, format="png"))


def _curve(
    axis: Any, events: Sequence[Mapping[str, Any]], key: str, label: str, color: str, **how: Any
) -> None:
    """Draw one series; where it has many points, means over equal stretches."""
    points = [(event["updates"], event[key]) for event in events if key in event]
    if not points:
        return
    size = -(-len(points) // MOST_POINTS)
    parts = [points[first : first + size] for first in range(0, len(points), size)]
    where, value = ([sum(p[i] for p in part) / len(part) for part in parts] for i in (0, 1))
    axis.plot(where, value, label=label, color=color, linewidth=1.2, markersize=4, **how)
