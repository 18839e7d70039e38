# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri train``: train a method on a folder of cases."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_mtmri.cli import words
from napari_mtmri.errors import RequestError

UPDATES_BETWEEN_LINES = 50


def train(
    changes: Annotated[list[str] | None, typer.Argument(help="key=value of the recipe.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of cases with cases.csv.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run folder.")] = None,
    preset: Annotated[str | None, typer.Option(help="cpu-size or full-size.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run.")] = None,
) -> None:
    """Train a method; stop it with Ctrl-C and go on with --resume.

    Example: napari-mtmri train --preset cpu-size --data cases --out run method=mtmri epochs=18
    """
    if find_spec("lightning_fabric") is None:
        raise RequestError(
            "training needs the extra [train], which is not installed; "
            "run: pip install 'napari-mtmri[train]'."
        )
    from napari_mtmri.train.fit import Training, open_run
    from napari_mtmri.train.recipe import make_recipe

    if resume is not None:
        if preset or changes or data or out:
            raise RequestError(f"--resume {resume}: goes on as it began; leave out the rest.")
        training = open_run(resume)
    elif data is None or out is None:
        raise RequestError("train needs --data and --out, or --resume with a run folder.")
    else:
        recipe = make_recipe(preset, {k: _value(v) for k, v in words.pairs(changes).items()})
        training = Training(recipe, data, out)
    with_stop = _Follower(training)
    training.run(with_stop.show)
    typer.echo(str(training.out))


class _Follower:
    """Prints how a training goes on, on stderr."""

    def __init__(self, training: Any) -> None:
        self.training = training
        self.total = 0

    def show(self, event: dict[str, Any]) -> None:
        """Print one line of an event that is worth one."""
        self.total = event.get("total", self.total)
        if event["kind"] == "update" and event["updates"] % UPDATES_BETWEEN_LINES:
            return
        shown = {k: v for k, v in event.items() if k not in ("kind", "time", "updates", "total")}
        parts = [f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in shown.items()]
        typer.echo(f"{event['updates']}/{self.total} {event['kind']}: {', '.join(parts)}", err=True)


def _value(text: str) -> Any:
    """A value as JSON would read it, else the word itself."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text
