# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri run``: volumes in, run folders out."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_mtmri.cli import words
from napari_mtmri.errors import MtmriError, RequestError, ResourceError, Stopped

if TYPE_CHECKING:
    from napari_mtmri.patterns.base import Pattern
    from napari_mtmri.result import Result

SHOWN = ("PSNR", "SSIM", "NMSE", "Dice", "precision", "recall", "HD95")


@dataclass(frozen=True)
class Choice:
    """What is asked for every volume of a call."""

    method: str
    pattern: Pattern
    device: str
    precision: str
    weights: Path | None
    parameters: dict[str, Any]
    simulation: dict[str, Any]
    slice_axis: int | None
    phase_axis: int | None


def run(
    volumes: Annotated[list[Path], typer.Argument(help="Volumes, any format that can be opened.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="One run folder a case is made in it.")],
    method: words.Method = "mtmri",
    pattern: words.PatternName = "random",
    acceleration: words.Acceleration = 4.0,
    center_fraction: words.CenterFraction = None,
    seed: words.Seed = 0,
    pattern_option: words.PatternOption = None,
    phase: Annotated[bool, typer.Option("--phase", help="Add a smooth random phase.")] = False,
    snr: Annotated[float | None, typer.Option(help="Add noise at this SNR.")] = None,
    coils: Annotated[int, typer.Option(help="Simulated receive coils.")] = 1,
    slice_axis: Annotated[int | None, typer.Option(help="0, 1 or 2; found by default.")] = None,
    phase_axis: Annotated[int | None, typer.Option(help="0, 1 or 2; found by default.")] = None,
    labels: Annotated[Path | None, typer.Option(help="What somebody drew; for one volume.")] = None,
    device: words.Device = "auto",
    precision: words.Precision = "auto",
    weights: words.Weights = None,
    param: words.Parameter = None,
    preview: Annotated[bool, typer.Option("--preview", help="Sampling only, nothing run.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what is done already.")] = False,
    json: words.Json = False,
) -> None:
    """Under-sample volumes, reconstruct and segment them; write one run folder each.

    Example: napari-mtmri run patient.nii.gz --out runs --acceleration 4
    """
    from napari_mtmri.jobs import distinct_names
    from napari_mtmri.readers.image import case_name

    choice = Choice(
        method,
        words.make_pattern(pattern, acceleration, center_fraction, seed, pattern_option),
        device, precision, weights, words.pairs(param),
        {"phase": phase, "snr": snr, "n_coils": coils, "seed": seed},
        slice_axis, phase_axis,
    )  # fmt: skip
    if labels is not None and len(volumes) > 1:
        raise RequestError(
            f"--labels {labels}: belongs to one volume, and {len(volumes)} are given."
        )
    check_method(choice)
    names = distinct_names(volumes, [case_name(path) for path in volumes])
    folders = [out / name for name in names]
    if preview:
        for path, folder in zip(volumes, folders, strict=True):
            _preview(path, folder, choice)
        return
    reports = _run_all(volumes, folders, choice, labels, again)
    if json:
        words.print_json(reports)
    failed = [report for report in reports if "failed" in report]
    if failed:
        names = [str(report["input"]) for report in failed]
        raise ResourceError(f"{len(failed)} of {len(reports)} failed: {', '.join(names)}.")


def check_method(choice: Choice) -> None:
    """Refuse an unknown method or parameter before any volume is read."""
    from napari_mtmri.methods.base import METHODS
    from napari_mtmri.parameters import check_options

    check_options(choice.parameters, METHODS.get(choice.method).parameters, choice.method)


def _run_all(
    volumes: list[Path], folders: list[Path], choice: Choice, labels: Path | None, again: bool
) -> list[dict[str, Any]]:
    from napari_mtmri.cli.progress import stopping

    reports: list[dict[str, Any]] = []
    with stopping() as stop:
        for path, folder in zip(volumes, folders, strict=True):
            try:
                reports.append(run_one(path, folder, choice, labels, again, stop))
            except (Stopped, RequestError):
                raise
            except MtmriError as why:  # a broken file is named, and the others go on
                typer.echo(f"napari-mtmri: {why}", err=True)
                reports.append({"input": str(path), "failed": str(why)})
    return reports


def run_one(
    path: Path,
    folder: Path,
    choice: Choice,
    labels: Path | None,
    again: bool,
    stop: threading.Event,
) -> dict[str, Any]:
    """Run one volume into its folder, unless that was done; say so and return the facts."""
    import napari_mtmri as mt
    from napari_mtmri.cli.progress import Reporter
    from napari_mtmri.jobs import is_done, job_key, named
    from napari_mtmri.volume import Volume

    volume = mt.open(path)
    drawn = None if labels is None else mt.open(labels, kind="labels")
    if not isinstance(volume, Volume) or isinstance(drawn, mt.Result):
        raise RequestError(f"{path}: a run folder is a result already; name a volume.")
    key = job_key(_request(volume, choice, drawn))
    if not again and is_done(folder, key):
        typer.echo(f"{folder}: done already (--again runs it again)", err=True)
        return {"input": str(path), "run": str(folder), "skipped": True}
    scan = mt.simulate(volume, choice.pattern, axes=_axes(volume, choice), **choice.simulation)
    with Reporter(volume.name) as report:
        result = mt.run(
            scan, choice.method, device=choice.device, precision=choice.precision,
            weights=choice.weights, on_progress=report, stop=stop, **choice.parameters,
        )  # fmt: skip
    result = named(mt.evaluate(result, labels=drawn), key)
    from napari_mtmri.readers.run_folder import write_run

    write_run(result, folder, labels=drawn)
    show(result, folder)
    facts = {name: {m: s.get(m) for m in SHOWN} for name, s in result.scores.items()}
    return {"input": str(path), "run": str(folder), "scores": facts, "warnings": result.warnings}


def show(result: Result, folder: Path) -> None:
    """Print what came out, results on stdout."""
    typer.echo(f"{result.title}  ->  {folder}")
    for name, scores in result.scores.items():
        found = [(m, scores.get(m)) for m in SHOWN]
        line = "  ".join(f"{m} {value:.3f}" for m, value in found if value == value)
        typer.echo(f"  {name:<17} {line}")
    typer.echo(f"  {result.provenance['device']}; {result.timings['run_s']:.1f} s")
    for warning in result.warnings:
        typer.echo(f"  {warning}", err=True)


def _axes(volume: Any, choice: Choice) -> Any:
    from napari_mtmri.geometry import choose_axes

    return choose_axes(
        volume.shape, volume.affine, slice_axis=choice.slice_axis, phase_axis=choice.phase_axis
    )


def _request(volume: Any, choice: Choice, labels: Any) -> dict[str, Any]:
    from napari_mtmri.methods.base import METHODS
    from napari_mtmri.weights import find_weights, read_card

    used = METHODS.get(choice.method).weights
    return {
        "input": volume.sha256 or str(volume.path),
        "labels": None if labels is None else labels.sha256,
        "method": choice.method,
        "pattern": choice.pattern.record(),
        "parameters": choice.parameters,
        "simulation": choice.simulation,
        "axes": str(_axes(volume, choice)),
        "precision": choice.precision,
        "weights": [read_card(find_weights(name, choice.weights)).sha256 for name in used],
    }


def _preview(path: Path, folder: Path, choice: Choice) -> None:
    import napari_mtmri as mt
    from napari_mtmri.patterns.mask_files import save_mask
    from napari_mtmri.volume import Volume

    volume = mt.open(path)
    if not isinstance(volume, Volume):
        raise RequestError(f"{path}: a run folder is a result already; name a volume.")
    axes = _axes(volume, choice)
    plane = (volume.shape[axes.readout], volume.shape[axes.phase])
    sampling = choice.pattern.describe(plane)
    folder.parent.mkdir(parents=True, exist_ok=True)
    picture = folder.with_name(f"{folder.name}-mask.png")
    save_mask(choice.pattern.mask(plane), picture)
    typer.echo(f"{path}: {sampling.text}  ->  {picture}")
    for warning in sampling.warnings:
        typer.echo(f"  {warning}", err=True)
