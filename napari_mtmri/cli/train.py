# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri train``: train a method on a folder of cases."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_mtmri.cli.progress import Steps
from napari_mtmri.cli.words import pairs, say, tell
from napari_mtmri.errors import RequestError, ResourceError

if TYPE_CHECKING:
    from napari_mtmri.train.fit import Training


def train(
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Keys of the recipe.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", "-d", help="Folder of cases, with cases.csv.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the training.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="cpu-size or full-size.")] = None,
    resume: Annotated[
        Path | None, typer.Option("--resume", help="Go on with the training in this folder.")
    ] = None,
) -> None:
    """Train a method on a folder of cases.

    Ctrl-C leaves a checkpoint, and --resume goes on from it. The folder has a table
    cases.csv with the columns case, image, mask and split (train, val, test).

    Example: napari-mtmri train --preset cpu-size --data cases --out training method=mtmri epochs=18
             napari-mtmri train --resume training
    """
    if find_spec("lightning_fabric") is None:
        raise ResourceError(
            "training needs lightning-fabric, which is not installed; "
            "run: pip install 'napari-mtmri[train]'."
        )
    training = _resumed(resume, data, out, preset, changes) or _new(data, out, preset, changes)
    with Steps(1.0) as steps:
        follower = Follower(steps)
        training.run(follower)
    say(f"{training.out}")
    if follower.last:
        say(f"  {follower.last}")


def _resumed(
    resume: Path | None,
    data: Path | None,
    out: Path | None,
    preset: str | None,
    changes: list[str] | None,
) -> Training | None:
    if resume is None:
        return None
    if data or out or preset or changes:
        raise RequestError(
            f"--resume {resume} goes on as it began; leave out --data, --out, --preset and keys."
        )
    from napari_mtmri.train.fit import open_run

    return open_run(resume)


def _new(
    data: Path | None, out: Path | None, preset: str | None, changes: list[str] | None
) -> Training:
    if data is None or out is None:
        raise RequestError("train needs --data and --out, or --resume with a folder.")
    from napari_mtmri.train.recipe import make_recipe

    recipe = make_recipe(preset, {key: _value(word) for key, word in pairs(changes, "key").items()})
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RequestError(
            f"{out}: is not empty; choose another --out, or go on with a training by --resume."
        )
    from napari_mtmri.train.cases import case_files
    from napari_mtmri.train.fit import Training

    for split in ("train", "val"):
        case_files(data, split)  # a table that cannot be used is refused before torch works
    return Training(recipe, data, out)


def _value(word: str) -> Any:
    """Return a word as JSON reads it (4, true, null, {"4": 1}), else as it is."""
    try:
        return json.loads(word)
    except ValueError:
        return word


class Follower:
    """Shows how a training goes, from its events.

    Parameters
    ----------
    steps : Steps
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._total = 1
        self.last = ""  # scores of the last validation

    def __call__(self, event: dict[str, Any]) -> None:
        """Show one event."""
        kind, done = event["kind"], event["updates"]
        self._total = max(int(event.get("total", self._total)), 1)
        where = f"update {done} of {self._total}"
        numbers = _numbers(event)
        if kind == "validation":
            self.last = f"epoch {event['epoch'] + 1}: {numbers}"
            text = f"{where}, {self.last}"
            self._steps.aside(lambda: tell(text))
        elif kind == "update":
            self._steps.show(done / self._total, where, f": {numbers}")
        else:
            self._steps.show(done / self._total, f"{where}: {kind}", at_once=True)


def _numbers(event: dict[str, Any]) -> str:
    hidden = ("kind", "time", "updates", "total", "epoch", "per_epoch")
    return ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in event.items()
        if key not in hidden
    )
