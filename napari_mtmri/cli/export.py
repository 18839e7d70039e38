# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri export``: weights with a card from a training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_mtmri.cli.words import say, tell
from napari_mtmri.errors import InputError


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a training.")],
    about: Annotated[
        Path, typer.Option("--about", help="JSON that describes the data and its terms.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Weights file.", show_default="in your folder of weights"),
    ] = None,
    scores: Annotated[
        list[str] | None,
        typer.Option("--scores", metavar="SPLIT=FILE", help="summary.csv of `evaluate`."),
    ] = None,
    command: Annotated[str, typer.Option(help="The command that makes the weights again.")] = "",
) -> None:
    """Write the weights of a training, with their card.

    Example: napari-mtmri export training --about about.json --scores val=scores/summary.csv
    """
    import json

    from napari_mtmri.train.export import export as write
    from napari_mtmri.train.export import read_about, read_scores
    from napari_mtmri.weights import user_folder

    try:
        method = json.loads((run / "request.json").read_text(encoding="utf-8"))["recipe"]["method"]
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise InputError(f"{run}: not the folder of a training ({why}); name another.") from why
    place = out or user_folder() / f"{method}.safetensors"
    rows = [row for word in scores or () for row in read_scores(word, method)]
    card = write(run, place, read_about(about), rows, command)
    say(card.text())
    tell(f"written to {place}")
