# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri run``: volumes in, run folders out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from napari_mtmri.acquisition import Acquisition, make_pattern
from napari_mtmri.batch.method_choice import MethodChoice, split_methods
from napari_mtmri.batch.result_store import Plan, case_names, check_out, find_run, make_run
from napari_mtmri.batch.run_jobs import Where, run_jobs
from napari_mtmri.cli import options
from napari_mtmri.cli.outcomes import Lines, report
from napari_mtmri.cli.output import pairs
from napari_mtmri.cli.preview import preview as show_preview
from napari_mtmri.cli.progress import JobSteps
from napari_mtmri.cli.session import Session
from napari_mtmri.errors import RequestError


def run(
    context: typer.Context,
    volumes: Annotated[
        list[Path], typer.Argument(metavar="VOLUME", help="Of any format, or TIFF folders.")
    ],
    out: options.Out,
    method: options.Methods = None,
    pattern: options.PatternName = "random",
    acceleration: options.Acceleration = 4.0,
    center_fraction: options.CenterFraction = None,
    seed: options.Seed = 0,
    pattern_option: options.PatternOptions = None,
    phase: options.Phase = False,
    snr: options.Snr = None,
    coils: options.Coils = 1,
    slice_axis: options.SliceAxis = None,
    phase_axis: options.PhaseAxis = None,
    swap_phase: options.SwapPhase = False,
    labels: Annotated[
        list[Path] | None,
        typer.Option("--labels", "-l", help="What somebody drew; once for each volume, in order."),
    ] = None,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    weights: options.Weights = None,
    param: options.Parameters = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only say what is sampled and save the masks.")
    ] = False,
    again: options.Again = False,
    jobs: options.Processes = 1,
    json: options.Json = False,
) -> int:
    """Reconstruct and segment volumes at some acceleration.

    Each volume is under-sampled as a faster scan would, and gets a run folder. The
    results of CASE.nii.gz go to DIR/CASE, with several methods to DIR/CASE/METHOD.
    A volume that fails is named and the others go on. What is done is not done again.

    Example: napari-mtmri run patient.nii.gz --out runs
             napari-mtmri run *.nii.gz --out runs --acceleration 6 --method mtmri,two-stage
             napari-mtmri run patient.nii.gz --out runs --pattern mask.png --labels lesion.nii.gz
             napari-mtmri run patient.nii.gz --out runs --acceleration 8 --preview
    """
    acquisition = Acquisition(
        make_pattern(pattern, acceleration, center_fraction, seed, pattern_option),
        phase, snr, coils, slice_axis, phase_axis, swap_phase,
    )  # fmt: skip
    names = case_names(volumes)
    check_out(out)
    if preview:
        return show_preview(dict(zip(names, volumes, strict=True)), out, acquisition, json)
    parameters = pairs(param, "--param")
    choices = [
        MethodChoice(name, parameters, device, precision, weights) for name in split_methods(method)
    ]
    plan = Plan(acquisition, choices, out, again)
    for name, volume, drawn in zip(names, volumes, _labels_of(volumes, labels), strict=True):
        plan.add(name, volume, drawn)
    session: Session = context.obj
    with JobSteps(len(plan.jobs), Lines(quiet=json)) as steps:
        outcomes = run_jobs(
            plan.jobs,
            make_run,
            find=(lambda job: None) if again else find_run,
            where=Where(jobs),
            watch=steps,
            stop=session.stop,
        )
    return report([*plan.refused, *outcomes], as_json=json)


def _labels_of(volumes: Sequence[Path], labels: Sequence[Path] | None) -> list[Path | None]:
    if not labels:
        return [None] * len(volumes)
    if len(labels) != len(volumes):
        raise RequestError(
            f"{len(labels)} --labels for {len(volumes)} volumes; give one for each, in order."
        )
    return list(labels)
