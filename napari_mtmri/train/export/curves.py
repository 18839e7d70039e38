# SPDX-License-Identifier: BSD-3-Clause
"""Curves of a finished training, drawn as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_mtmri.files import write_whole
from napari_mtmri.plotting import BLUE, GREEN, ORANGE
from napari_mtmri.train.export.weights import export
from napari_mtmri.train.folder.layout import FIGURES, WEIGHTS, read_events
from napari_mtmri.train.monitor.decimate import decimate
from napari_mtmri.train.recipe import Recipe

MOST_POINTS = 150
Events = Sequence[Mapping[str, Any]]


def finish(run: Path, recipe: Recipe) -> dict[str, str]:
    """Export the best weights and draw the curves of a finished training.

    Returns
    -------
    dict
        ``weights``: path of the weights, relative to the training folder.
    """
    place = f"{WEIGHTS}/{recipe.method}.safetensors"
    export(run, run / place)
    (run / FIGURES).mkdir(exist_ok=True)
    draw_curves(run / FIGURES / "curves.png", read_events(run))
    return {"weights": place}


def draw_curves(path: Path, events: Events) -> None:
    """Draw the losses, loss weights and validation scores that exist, over updates."""
    from matplotlib.figure import Figure

    updates = [event for event in events if event["kind"] == "update"]
    checks = [event for event in events if event["kind"] == "validation"]
    parts = [
        (_losses, updates, "loss"),
        (_weights, updates, "alpha"),
        (_psnr, checks, "val_psnr_gain"),
        (_dice, checks, "val_dice_truth"),
    ]
    drawn = [(draw, some) for draw, some, key in parts if any(key in event for event in some)]
    figure = Figure(figsize=(8, 1 + 2.5 * len(drawn)), layout="constrained")
    axes = figure.subplots(len(drawn), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (draw, some) in zip(axes, drawn, strict=True):
        draw(axis, some)
        axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    axes[-1].set(xlabel="updates")
    write_whole(path, lambda file: figure.savefig(file, dpi=120, format="png"))


def _losses(axis: Any, updates: Events) -> None:
    _curve(axis, updates, "recon_loss", "reconstruction", BLUE)
    shown = (
        (None, "", GREEN),
        (True, ", input: reference image", GREEN),
        (False, ", input: reconstruction", ORANGE),
    )
    for teacher, what, color in shown:
        some = [event for event in updates if event.get("teacher") is teacher]
        _curve(axis, some, "seg_loss", f"segmentation{what}", color)
    names = dict.fromkeys(key for event in updates for key in event if key.endswith("_loss"))
    others = [name for name in names if name not in ("recon_loss", "seg_loss")]
    for number, name in enumerate(others):
        _curve(axis, updates, name, name.removesuffix("_loss"), f"C{number}")
    axis.set(ylabel="loss", yscale="log")


def _weights(axis: Any, updates: Events) -> None:
    _curve(axis, updates, "alpha", "α, reconstruction", BLUE)
    _curve(axis, updates, "beta", "β, segmentation", ORANGE)
    axis.set(ylabel="weight", ylim=(0, None))


def _psnr(axis: Any, checks: Events) -> None:
    _curve(axis, checks, "val_psnr_gain", "PSNR above zero-filled", BLUE, marker="o")
    axis.set(ylabel="dB")


def _dice(axis: Any, checks: Events) -> None:
    _curve(axis, checks, "val_dice", "input: reconstruction", ORANGE, marker="s")
    _curve(axis, checks, "val_dice_truth", "input: reference image", GREEN, marker="^")
    axis.set(ylabel="Dice", ylim=(0, 1))


def _curve(axis: Any, events: Events, key: str, label: str, color: str, **how: Any) -> None:
    """Draw one series, decimated."""
    points = [(event["updates"], event[key]) for event in events if key in event]
    if points:
        updates, values = zip(*points, strict=True)
        curve = decimate(updates, values, MOST_POINTS)
        how |= {"label": label, "color": color, "linewidth": 1.2, "markersize": 4}
        axis.plot(curve.x, curve.mean, **how)
