# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri train``: train a method on a folder of cases."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_mtmri.cli.output import columns, pairs, say, say_json, tell
from napari_mtmri.cli.progress import Steps
from napari_mtmri.errors import RequestError, ResourceError

if TYPE_CHECKING:
    from napari_mtmri.train.folder.layout import Config
    from napari_mtmri.train.loop.hardware import Machine

Workers = Annotated[
    int | None,
    typer.Option(min=0, help="Processes that make batches ahead.", show_default="by the device"),
]


def train(
    config: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CONFIG.yaml] [KEY=VALUE]...", help="A configuration; keys of the recipe."
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Recipe by name: `--preset help` lists them.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data", "-d", metavar="FOLDER", help="Folder or table of cases, or 'simulated'."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="RUN", help="Folder for the training.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="RUN", help="Go on with the training in this folder."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say which cases there are, and their split.")
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only measure some updates: time and memory.")
    ] = False,
    accelerator: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="auto takes a GPU.")
    ] = "auto",
    devices: Annotated[str, typer.Option(help="Number on each node, or auto for all.")] = "1",
    nodes: Annotated[int, typer.Option(min=1, help="Number of machines.")] = 1,
    strategy: Annotated[str, typer.Option(help="Lightning's name: auto, ddp, ...")] = "auto",
    workers: Workers = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write --check, --estimate or events for a program.")
    ] = False,
) -> None:
    """Train a method on a folder of cases.

    Ctrl-C, SIGTERM or a file `stop` in the run folder leave a checkpoint, and --resume
    goes on from it. Folders: a table cases.csv (case, image, mask, split), ATLAS,
    kaggle_3m, BrainWeb, or any by image_glob=... labels_glob=...

    Example: napari-mtmri train --preset quick-check --out training
             napari-mtmri train --preset cpu-size --data cases --out training method=mtmri epochs=18
             napari-mtmri train --resume training
    """
    if preset == "help":
        say(_presets())
        return
    if find_spec("lightning_fabric") is None:
        raise ResourceError(
            "training needs lightning-fabric, which is not installed; "
            "run: pip install 'napari-mtmri[train]'."
        )
    from napari_mtmri.train.loop.hardware import Machine

    machine = Machine(accelerator, devices, nodes, strategy, "auto" if workers is None else workers)
    if resume is not None and (config or preset or data or out):
        raise RequestError(
            f"--resume {resume} goes on as it began; leave out --data, --out, --preset and keys."
        )
    wish = _wish(config, preset, data, resume)
    if check:
        _check(wish, as_json)
    elif estimate:
        _estimate(wish, machine, as_json)
    else:
        _train(wish, _folder(out, resume), machine, as_json)


def _wish(
    words: list[str] | None, preset: str | None, data: str | None, resume: Path | None
) -> Config:
    """Return what is asked for: a configuration's keys, the preset's, then those given."""
    from napari_mtmri.train.folder.layout import Config, read_config
    from napari_mtmri.train.presets import NEEDS_NO_DATA, make_recipe
    from napari_mtmri.train.recipe import SIMULATED

    if resume is not None:
        return read_config(resume)
    files = [word for word in words or () if Path(word).suffix in (".yaml", ".yml")]
    if len(files) > 1:
        raise RequestError(f"{', '.join(files)}: more than one configuration; give one.")
    changes = {
        key: _value(word)
        for key, word in pairs([word for word in words or () if word not in files], "key").items()
    }
    found = read_config(Path(files[0])) if files else None
    if found is not None and preset is not None:
        raise RequestError(f"--preset {preset} and {files[0]}: give one of them.")
    base = found.recipe.flat(mode="python") if found else {}
    recipe = make_recipe(preset, {**base, **changes})
    place = data or (found.data if found else "") or (SIMULATED if preset == NEEDS_NO_DATA else "")
    if not place:
        raise RequestError("train needs --data with a folder of cases, or --resume with a run.")
    return Config(recipe, place, preset or (found.preset if found else None))


def _folder(out: Path | None, resume: Path | None) -> Path:
    if resume is not None:
        return resume
    if out is None:
        raise RequestError("train needs --out with a folder for the training, or --resume.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())) and not _is_other_process():
        raise RequestError(
            f"{out}: is not empty; choose another --out, or go on with a training by --resume."
        )
    return out


def _is_other_process() -> bool:
    """Return whether this is not the first process of one training."""
    import os

    return any(os.environ.get(name, "0") != "0" for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))


def _presets() -> str:
    from napari_mtmri.train.presets import PRESETS, notes

    rows = []
    for name in PRESETS:
        first, *others = notes(name) or ("",)
        rows += [(name, first), *(("", note) for note in others)]
    return columns(rows)


def _check(wish: Config, as_json: bool) -> None:
    from napari_mtmri.train.data.cases import find_cases

    files = find_cases(wish.data, wish.recipe)
    rows = [(file.name, file.patient, file.split, str(file.image)) for file in files]
    if as_json:
        keys = ("case", "patient", "split", "image")
        say_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    say(columns([("case", "patient", "split", "image"), *rows]))
    counts = ((name, sum(row[2] == name for row in rows)) for name in ("train", "val", "test"))
    say(", ".join(f"{count} {name}" for name, count in counts))


def _estimate(wish: Config, machine: Machine, as_json: bool) -> None:
    from napari_mtmri.train.loop.estimate import estimate

    found = estimate(wish.recipe, wish.data, machine)
    if as_json:
        say_json(asdict(found))
        return
    say(
        f"{found.updates} updates of {found.seconds_per_update:.2f} s on {found.device}: "
        f"{found.seconds / 60:.0f} min without validation; "
        f"{found.peak_bytes / 2**30:.1f} GiB; {found.n_parameters} parameters; "
        f"{found.n_train} cases to train, {found.n_val} to validate, {found.n_slices} slices"
    )
    for warning in found.warnings:
        tell(warning)


def _train(wish: Config, out: Path, machine: Machine, as_json: bool) -> None:
    from napari_mtmri.train.loop.training import Training
    from napari_mtmri.train.presets import notes

    for note in notes(wish.preset):
        tell(f"note: {note}")
    training = Training(wish.recipe, wish.data, out, preset=wish.preset, machine=machine)
    with Steps(1.0) as steps:
        follower = Follower(steps)
        training.run(follower)
    if as_json:
        say_json({"run": str(out), "scores": follower.scores})
        return
    say(f"{out}")
    if follower.last:
        say(f"  {follower.last}")


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
        self.scores: dict[str, float] = {}

    def __call__(self, event: dict[str, Any]) -> None:
        """Show one event."""
        kind, done = event["kind"], event["updates"]
        self._total = max(int(event.get("total", self._total)), 1)
        where = f"update {done} of {self._total}"
        if kind == "validation":
            self.scores = {k: v for k, v in event.items() if k.startswith("val_")}
            self.last = f"epoch {event['epoch'] + 1}: {_numbers(self.scores)}"
            text = f"{where}, {self.last}"
            self._steps.aside(lambda: tell(text))
        elif kind == "warning":
            self._steps.aside(lambda: tell(f"{where}: {event['text']}"))
        elif kind == "update":
            keys = ("loss", "recon_loss", "seg_loss", "alpha", "beta")
            numbers = _numbers({key: event[key] for key in keys if key in event})
            self._steps.show(done / self._total, where, f": {numbers}")
        elif kind in ("start", "resume"):
            facts = f"{kind} on {event['device']}, {event['n_parameters']} parameters"
            self._steps.show(done / self._total, f"{where}: {facts}", at_once=True)


def _numbers(facts: dict[str, float]) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in facts.items())
