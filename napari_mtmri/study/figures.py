# SPDX-License-Identifier: BSD-3-Clause
"""Figures of a study: loss weights, segmentation loss, validation, differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.plotting import BLACK, BLUE, GREEN, ORANGE
from napari_mtmri.study.comparison_figures import comparison_figures
from napari_mtmri.study.panels import COLOURS, DASHES, legend, name_rows, panels, save_figure
from napari_mtmri.study.plan import Piece, Plan
from napari_mtmri.study.rows import JOINT, Study
from napari_mtmri.study.state import Events, events_of
from napari_mtmri.study.summary import Line, main_measure, main_measures
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.train.schedules import LEARNED, weights_over_epochs

N_WINDOWS, LEAST_IN_WINDOW = 24, 4
NORMAL_95 = 1.96


def save_figures(plan: Plan, lines: Sequence[Line]) -> list[Path]:
    """Write the figures that have data into the report's folder; return their paths."""
    events = {piece.job.key: [events_of(part) for part in piece.parts] for piece in plan.pieces}
    first = plan.experiment.budget.seeds[0]
    pieces = [piece for piece in plan.pieces if piece.seed == first]
    note = f"Budget “{plan.experiment.budget.name}”: {plan.experiment.budget.note}"
    drawn: tuple[tuple[str, Any], ...] = (
        ("weights", draw_weights(pieces, events)),
        ("segmentation_loss", draw_segmentation_loss(pieces, events)),
        ("validation", draw_validation(pieces, events)),
        ("differences", draw_differences(lines, plan.experiment.study)),
    )
    if plan.experiment.study.compares_methods:
        drawn = (*drawn[2:], *comparison_figures(plan, lines))
    places = []
    for name, figure in drawn:
        if figure is None:
            continue
        figure.suptitle(f"{figure.get_suptitle()}\n{note}", fontsize=9, parse_math=False)
        place = plan.experiment.folder / f"{name}.png"
        save_figure(figure, place)
        places.append(place)
    return places


def draw_weights(pieces: Sequence[Piece], events: Mapping[str, Sequence[Events]]) -> Any:
    """Return the weights of both losses over the epochs, one panel per strategy (Fig. 2)."""
    joint = [piece for piece in pieces if piece.row.method == JOINT]
    kinds = {_strategy(piece.parts[0].recipe): piece for piece in joint}
    figure, axes = panels(len(kinds), "Weights of the two losses over the training")
    for axis, (title, piece) in zip(axes, kinds.items(), strict=True):
        recipe = piece.parts[0].recipe
        times, alpha, beta = _weights(recipe, events[piece.job.key][0])
        axis.plot(times, alpha, color=BLUE, label="reconstruction, α", drawstyle="steps-post")
        axis.plot(
            times, beta, color=ORANGE, linestyle=DASHES[1], label="segmentation, β",
            drawstyle="steps-post",
        )  # fmt: skip
        axis.set_title(title, fontsize=9)
        axis.set_xlim(0, recipe.optimizer.epochs)
        axis.set_ylim(0, 1.05 * max([1.0, *alpha, *beta]))
        axis.set_xlabel("epochs", fontsize=8)
        if not times:
            axis.text(0.5, 0.5, "not trained yet", transform=axis.transAxes, ha="center")
    legend(figure, axes)
    return figure


def draw_segmentation_loss(pieces: Sequence[Piece], events: Mapping[str, Sequence[Events]]) -> Any:
    """Return the segmentation loss with and without teacher forcing (Fig. 5); None without data.

    Updates with the reference image and with the reconstruction are two curves: one curve
    that alternates between them would look like noise.
    """
    pairs: dict[str, list[Piece]] = {}
    for piece in pieces:
        if piece.row.method == JOINT and events[piece.job.key][0]:
            pairs.setdefault(_strategy(piece.parts[0].recipe), []).append(piece)
    shown = {
        title: found
        for title, found in pairs.items()
        if len({piece.parts[0].recipe.itfs.teacher_forcing for piece in found}) > 1
    }
    if not shown:
        return None
    title = "Segmentation loss of the updates: mean over a window and its 95 % interval"
    figure, axes = panels(len(shown), title)
    for axis, (name, found) in zip(axes, shown.items(), strict=True):
        for piece in found:
            _draw_losses(axis, piece, events[piece.job.key][0])
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("updates", fontsize=8)
    legend(figure, axes)
    return figure


def _draw_losses(axis: Any, piece: Piece, events: Events) -> None:
    forced = piece.parts[0].recipe.itfs.teacher_forcing != "never"
    for teacher in (False, True):
        points = [
            (event["updates"], event["seg_loss"])
            for event in events
            if event["kind"] == "update" and "seg_loss" in event
            and bool(event.get("teacher")) is teacher
        ]  # fmt: skip
        if len(points) < 2 * LEAST_IN_WINDOW:
            continue
        middle, mean, half = _windows(np.array(points, float))
        what = "reference image" if teacher else "reconstruction"
        colour = GREEN if teacher else (BLUE if forced else ORANGE)
        dashes = DASHES[1] if teacher else ("solid" if forced else DASHES[2])
        label = f"{'ITFS' if forced else 'no ITFS'}, input: {what}"
        axis.plot(middle, mean, color=colour, linestyle=dashes, label=label)
        axis.fill_between(middle, mean - half, mean + half, color=colour, alpha=0.2, linewidth=0)


def _windows(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the middle of each window, its mean, and half the 95 % interval of that mean."""
    parts = np.array_split(points, min(N_WINDOWS, len(points) // LEAST_IN_WINDOW))
    half = [NORMAL_95 * part[:, 1].std(ddof=1) / np.sqrt(len(part)) for part in parts]
    means = np.array([part.mean(axis=0) for part in parts])
    return means[:, 0], means[:, 1], np.array(half)


def draw_validation(pieces: Sequence[Piece], events: Mapping[str, Sequence[Events]]) -> Any:
    """Return the gain in PSNR and the Dice on validation slices over the training, or None."""
    keys = (
        ("val_psnr_gain", "PSNR above zero-filled (dB)"),
        ("val_dice", "Dice without the reference image"),
    )
    if not any(_track(piece, events, key)[0] for piece in pieces for key, _ in keys):
        return None
    figure, axes = panels(
        len(keys), "Validation slices during the training (not used to choose a checkpoint)", 4.6
    )
    for axis, (key, title) in zip(axes, keys, strict=True):
        for number, piece in enumerate(pieces):
            done, values = _track(piece, events, key)
            if done:
                axis.plot(
                    done, values, label=piece.row.title, marker=".", markersize=4,
                    color=COLOURS[number % len(COLOURS)], linestyle=DASHES[number // len(COLOURS)],
                )  # fmt: skip
        axis.set_title(title, fontsize=9)
        axis.set_xlabel("fraction of the row's updates (%)", fontsize=8)
    legend(figure, axes)
    return figure


def _track(
    piece: Piece, events: Mapping[str, Sequence[Events]], key: str
) -> tuple[list[float], list[float]]:
    """Return a validation score over the fraction of the row's updates.

    A U-Net trained alone has no ``val_dice``: its input was always the reference image. A
    method with stages has a Dice near 0 before the stage that trains its masks.
    """
    done, values = [], []
    for number, found in enumerate(events[piece.job.key]):
        total = next((event["total"] for event in found if "total" in event), 0)
        for event in found:
            if total and event["kind"] == "validation" and key in event:
                done.append(100 * (number + event["updates"] / total) / len(piece.parts))
                values.append(event[key])
    return done, values


def draw_differences(lines: Sequence[Line], study: Study) -> Any:
    """Return the paired difference of each row to the row compared with, or None."""
    shown = [line for line in lines if line.differences]
    if not shown:
        return None
    title = f"Difference to “{study.base.title}” by case: mean and 95 % interval"
    columns = [*main_measures(study.classes), main_measure("image")]
    figure, axes = panels(len(columns), title, 1.2 + 0.32 * len(shown))
    for axis, measure in zip(axes, columns, strict=True):
        for place, line in enumerate(reversed(shown)):
            one = next((one for one in line.differences if one.measure == measure), None)
            if one is None:
                continue
            axis.plot([one.comparison.low, one.comparison.high], [place, place], color=BLUE)
            axis.plot([one.comparison.mean], [place], "o", color=BLUE, markersize=5)
        axis.axvline(0, color=BLACK, linewidth=0.8)
        axis.set_ylim(-0.6, len(shown) - 0.4)
        axis.set_title(measure.title, fontsize=9)
    name_rows(axes, [line.row.title for line in reversed(shown)])
    return figure


def _strategy(recipe: Recipe) -> str:
    """Return the name of the weighting of the losses."""
    return {
        "fixed": f"fixed {recipe.drlc.fixed_alpha:g} / {recipe.drlc.fixed_beta:g}",
        "linear": "linear",
        "exponential": f"exponential, τ = {recipe.tau:g}",
        "uncertainty": "uncertainty (learned)",
        "dwa": "dynamic weight averaging",
    }[recipe.drlc.weighting]


def _weights(recipe: Recipe, events: Events) -> tuple[list[float], list[float], list[float]]:
    """Return epochs, alpha and beta: from the recipe, or from the events if they are learned."""
    if recipe.drlc.weighting not in LEARNED:
        times, alpha, beta = (part.tolist() for part in weights_over_epochs(recipe))
        return times, alpha, beta
    per_epoch = next((event["per_epoch"] for event in events if "per_epoch" in event), 1)
    found = [event for event in events if event["kind"] == "update" and "alpha" in event]
    return (
        [
            (event["updates"] - 1) / per_epoch for event in found
        ],  # events contain the weights of the previous update
        [event["alpha"] for event in found],
        [event["beta"] for event in found],
    )
