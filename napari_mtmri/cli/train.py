# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri train``: train a method on a folder of cases."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_mtmri.cli.output import columns, pairs, write_json, write_note, write_result
from napari_mtmri.cli.progress import Steps
from napari_mtmri.errors import RequestError, ResourceError

if TYPE_CHECKING:
    from napari_mtmri.train.folder.layout import Config
    from napari_mtmri.train.loop.hardware import Machine

Workers = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Number of worker processes that prepare batches.",
        show_default="by the device",
    ),
]


def train(
    config: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CONFIG.yaml] [KEY=VALUE]...",
            help="Configuration file; keys of the recipe and their values.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of a recipe; `--preset help` lists them."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data", "-d", metavar="FOLDER", help="Folder or table of cases, or 'simulated'."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Training folder to write.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="DIR", help="Continue the training in this folder."),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="List the cases and check everything that a training would refuse.",
        ),
    ] = False,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate", help="Measure time and memory of a few updates without training."
        ),
    ] = False,
    accelerator: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        typer.Option(help="Kind of device; auto: a GPU if there is one."),
    ] = "auto",
    devices: Annotated[
        str, typer.Option(metavar="N", help="Number of devices on each machine; auto: all.")
    ] = "1",
    nodes: Annotated[int, typer.Option(min=1, metavar="N", help="Number of machines.")] = 1,
    strategy: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Strategy of Lightning for several devices: auto, ddp, ..."
        ),
    ] = "auto",
    workers: Workers = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the results as JSON.")] = False,
) -> None:
    """Train a method on a folder of cases.

    Ctrl-C, SIGTERM or a file `stop` in the training folder stop it with a checkpoint,
    from which --resume continues. Folders of cases: with a table cases.csv (case, image,
    mask, split), ATLAS, kaggle_3m, BrainWeb, or others with image_glob=... labels_glob=...

    Example: napari-mtmri train --preset quick-check --out training
             napari-mtmri train --preset cpu-size --data cases --out training method=mtmri epochs=18
             napari-mtmri train --resume training
    """
    if preset == "help":
        write_result(_presets())
        return
    require_lightning()
    from napari_mtmri.train.loop.hardware import Machine

    machine = Machine(accelerator, devices, nodes, strategy, "auto" if workers is None else workers)
    if resume is not None and (config or preset or data or out):
        raise RequestError(
            f"--resume {resume} continues with its own settings; leave out --data, --out, --preset and keys."
        )
    asked = config_of(config, preset, data, resume)
    if check:
        _check(asked, as_json)
    elif estimate:
        _estimate(asked, machine, as_json)
    else:
        run_training(asked, _folder(out, resume), machine, as_json)


def require_lightning() -> None:
    """Raise `ResourceError` if the library that trains is not installed."""
    if find_spec("lightning_fabric") is None:
        raise ResourceError(
            "training needs lightning-fabric, which is not installed; "
            "run: pip install 'napari-mtmri[train]'."
        )


def config_of(
    words: list[str] | None, preset: str | None, data: str | None, resume: Path | None
) -> Config:
    """Return the configuration: keys of the preset, of the file, then of the command line."""
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
        raise RequestError(
            "train needs --data with a folder of cases, or --resume with a training folder."
        )
    return Config(recipe, place, preset or (found.preset if found else None))


def _folder(out: Path | None, resume: Path | None) -> Path:
    if resume is not None:
        return resume
    if out is None:
        raise RequestError("train needs --out with a training folder to write, or --resume.")
    if out.exists() and not _can_begin(out) and not _is_other_process():
        raise RequestError(
            f"{out}: is not empty; choose another --out, or continue a training with --resume."
        )
    return out


def _can_begin(out: Path) -> bool:
    """Return whether a folder is empty, or a training there failed before its first checkpoint."""
    from napari_mtmri.train.folder.checkpoint import has_checkpoint
    from napari_mtmri.train.folder.layout import is_run

    return out.is_dir() and (not any(out.iterdir()) or (is_run(out) and not has_checkpoint(out)))


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


def _check(asked: Config, as_json: bool) -> None:
    from napari_mtmri.train.loop.readiness import ready_data

    material = ready_data(asked.recipe, asked.data)
    files = material.files
    rows = [(file.name, file.patient, file.split, str(file.image)) for file in files]
    if as_json:
        keys = ("case", "patient", "split", "image")
        write_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    for remark in material.remarks:
        write_note(f"note: {remark}")
    write_result(columns([("case", "patient", "split", "image"), *rows]))
    counts = ((name, sum(row[2] == name for row in rows)) for name in ("train", "val", "test"))
    write_result(", ".join(f"{count} {name}" for name, count in counts))


def _estimate(asked: Config, machine: Machine, as_json: bool) -> None:
    from napari_mtmri.train.loop.estimate import estimate

    found = estimate(asked.recipe, asked.data, machine)
    if as_json:
        write_json(asdict(found))
        return
    write_result(
        f"{found.updates} updates of {found.seconds_per_update:.2f} s on {found.device}: "
        f"{found.seconds / 60:.0f} min without validation; "
        f"{found.peak_bytes / 2**30:.1f} GiB; {found.n_parameters} parameters; "
        f"{found.n_train} cases to train, {found.n_val} to validate, {found.n_slices} slices"
    )
    for warning in found.warnings:
        write_note(warning)


def run_training(asked: Config, out: Path, machine: Machine, as_json: bool) -> None:
    """Train, or continue the training in ``out``; show progress and print the last scores."""
    from napari_mtmri.train.loop.training import Training
    from napari_mtmri.train.presets import notes

    for note in notes(asked.preset):
        write_note(f"note: {note}")
    training = Training(asked.recipe, asked.data, out, preset=asked.preset, machine=machine)
    with Steps(1.0) as steps:
        follower = Follower(steps)
        training.run(follower)
    if as_json:
        write_json({"run": str(out), "scores": follower.scores})
        return
    write_result(f"{out}")
    if follower.last:
        write_result(f"  {follower.last}")


def _value(word: str) -> Any:
    """Return a word parsed as JSON (4, true, null, {"4": 1}) or as numbers (224,192)."""
    for text in (word, f"[{word}]"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            continue
    return word


class Follower:
    """Shows the progress of a training from its events.

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
            self._steps.aside(lambda: write_note(text))
        elif kind == "warning":
            self._steps.aside(lambda: write_note(f"{where}: {event['text']}"))
        elif kind == "update":
            losses = [key for key in event if key.endswith("loss")]
            keys = [*losses, *(key for key in ("alpha", "beta") if key in event)]
            numbers = _numbers({key: event[key] for key in keys})
            self._steps.show(done / self._total, where, f": {numbers}")
        elif kind in ("start", "resume"):
            facts = f"{kind} on {event['device']}, {event['n_parameters']} parameters"
            self._steps.show(done / self._total, f"{where}: {facts}", at_once=True)


def _numbers(facts: dict[str, float]) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in facts.items())
