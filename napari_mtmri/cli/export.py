# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri export``: weights with a card from a training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from napari_mtmri.cli.output import write_note, write_result
from napari_mtmri.errors import RequestError


def export(
    run: Annotated[Path, typer.Argument(metavar="DIR", help="Training folder.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Weights file to write.", show_default="in your folder of weights"
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the weights in your folder of weights.", show_default="method-training"
        ),
    ] = None,
    checkpoint: Annotated[
        Literal["best", "last"],
        typer.Option(help="Checkpoint: the best by the recipe's select_by, or the last."),
    ] = "best",
    about: Annotated[
        Path | None,
        typer.Option("--about", help="JSON file that describes the training data and its terms."),
    ] = None,
    scores: Annotated[
        list[str] | None,
        typer.Option(
            "--scores", metavar="SPLIT=FILE", help="Scores for the card: summary.csv of `evaluate`."
        ),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate",
            help="Calibrate the probabilities on the validation cases of the training.",
        ),
    ] = False,
    smallest_part: Annotated[
        float,
        typer.Option(
            "--smallest-part",
            metavar="SHARE",
            min=0,
            max=0.99,
            help="Remove parts of a mask smaller than this share of the largest, such as 0.1: "
            "right if a patient has one lesion, wrong for multiple sclerosis.",
            show_default="keep all",
        ),
    ] = 0.0,
    command: Annotated[
        str | None, typer.Option(help="Command that reproduces the weights, for the card.")
    ] = None,
) -> None:
    """Write the weights of a training, with their card.

    Example: napari-mtmri export training --checkpoint last
             napari-mtmri export training --about about.json --scores val=scores/summary.csv
    """
    from napari_mtmri.train.export.weights import Exported, export_own, read_about, read_scores
    from napari_mtmri.train.export.weights import export as write
    from napari_mtmri.train.folder.layout import read_config

    if out is not None and name is not None:
        raise RequestError(f"--out {out} and --name {name}: give one of them.")
    method = read_config(run).recipe.method
    how: dict[str, Any] = {
        "checkpoint": checkpoint,
        "about": None if about is None else read_about(about),
        "scores": [row for word in scores or () for row in read_scores(word, method)],
        "command": command or "",
        "calibrated": calibrate,
        "smallest_part": smallest_part,
        "report": write_note,
    }
    made = export_own(run, name, **how) if out is None else Exported(out, write(run, out, **how))
    write_result(made.card.text())
    write_note(f"written to {made.path}")
