# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri run``: reconstruct and segment volumes into result folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_mtmri.cli import options
from napari_mtmri.cli.outcomes import ResultLines, record_of, report
from napari_mtmri.cli.output import sentence, write_note, write_result
from napari_mtmri.cli.progress import JobSteps
from napari_mtmri.cli.session import Session
from napari_mtmri.errors import MtmriError

if TYPE_CHECKING:
    from napari_mtmri.acquisition import Acquisition


@options.with_groups
def run(
    context: typer.Context,
    volumes: Annotated[
        list[Path],
        typer.Argument(metavar="VOLUME", help="Volumes of any format, or folders of TIFF files."),
    ],
    out: options.Out,
    methods: options.MethodOptions,
    scan: options.ScanOptions,
    *,
    slice_axis: Annotated[
        int | None,
        typer.Option(
            "--slice-axis",
            help="Array axis of the slices: 0, 1 or 2.",
            show_default="the axis with the coarsest spacing",
        ),
    ] = None,
    phase_axis: Annotated[
        int | None,
        typer.Option(
            "--phase-axis", help="Array axis of phase encoding.", show_default="the shorter side"
        ),
    ] = None,
    swap_phase: Annotated[
        bool, typer.Option("--swap-phase", help="Swap readout and phase-encoding directions.")
    ] = False,
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            "--labels",
            "-l",
            metavar="FILE",
            help="Reference segmentation; one per volume, in the same order.",
        ),
    ] = None,
    preview: Annotated[
        bool,
        typer.Option("--preview", help="Only print the sampling and save the masks."),
    ] = False,
    keep_phase: Annotated[
        bool,
        typer.Option(
            "--keep-phase", help="Also write the complex images, which show the samples kept."
        ),
    ] = False,
    where: options.WhereOptions,
    again: options.Again = False,
    json: options.Json = False,
) -> int:
    """Under-sample, reconstruct and segment volumes.

    Each volume is under-sampled as in a faster scan, and its results are written to a result
    folder: DIR/CASE for CASE.nii.gz, or DIR/CASE/METHOD for several methods.
    If a volume fails, the others continue. Existing results are kept.

    Example: napari-mtmri run patient.nii.gz --out results
             napari-mtmri run *.nii.gz --out results --acceleration 6 --method mtmri,two-stage
             napari-mtmri run patient.nii.gz --out results --pattern mask.png --labels lesion.nii.gz
             napari-mtmri run patient.nii.gz --out results --acceleration 8 --preview
    """
    from napari_mtmri.batch.many import run_many

    scanned = scan.acquisition(slice_axis=slice_axis, phase_axis=phase_axis, swap_phase=swap_phase)
    if preview:
        return _preview(volumes, out, scanned, as_json=json)
    session: Session = context.obj
    with JobSteps(ResultLines(out, quiet=json)) as steps:
        outcomes = run_many(
            volumes,
            out,
            scanned,
            [replace(choice, keep_phase=keep_phase) for choice in methods.choices()],
            labels=labels,
            again=again,
            where=where.where(),
            watch=steps,
            stop=session.stop,
        )
    records = [record_of(one.value, out) if one.error is None else {} for one in outcomes]
    return report(outcomes, records if json else None)


def _preview(volumes: Sequence[Path], out: Path, scanned: Acquisition, *, as_json: bool) -> int:
    """Print the sampling of each volume and save the masks; return the exit status."""
    from napari_mtmri.batch.cases_table import case_names
    from napari_mtmri.batch.job import Outcome
    from napari_mtmri.batch.result_store import check_out

    names = case_names(volumes)
    check_out(out)
    outcomes: list[Outcome] = []
    for case, path in zip(names, volumes, strict=True):
        try:
            facts = _sampling_of(case, path, out, scanned)
        except MtmriError as why:
            write_note(f"{case}: failed: {sentence(why)}")
            outcomes.append(Outcome(case, "failed", {}, why))
            continue
        outcomes.append(Outcome(case, "done", facts))
        if not as_json:
            _show_sampling(facts)
    return report(outcomes, [one.value for one in outcomes] if as_json else None)


def _sampling_of(case: str, path: Path, out: Path, scanned: Acquisition) -> dict[str, Any]:
    from napari_mtmri.patterns.mask_files import save_mask
    from napari_mtmri.readers.base import read_volume

    volume = read_volume(path)
    mask, sampling = scanned.sampling(volume)
    axes = scanned.axes(volume)
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{case}-mask.png"
    save_mask(mask, file)
    return {
        "case": case,
        "shape": volume.shape,
        "spacing": volume.spacing if volume.spacing_known else None,
        "axes": {"slice": axes.slice, "readout": axes.readout, "phase": axes.phase},
        "phase_encoding": volume.ends(axes.phase),
        "sampling": sampling.text,
        "warnings": [*volume.warnings, *sampling.warnings],
        "mask": str(file),
    }


def _show_sampling(facts: Mapping[str, Any]) -> None:
    size = " x ".join(map(str, facts["shape"]))
    spacing = facts["spacing"]
    sides = "unknown" if spacing is None else " x ".join(f"{side:.3g}" for side in spacing) + " mm"
    write_result(f"{facts['case']} · {facts['sampling']}")
    write_result(
        f"  {size} voxels, spacing {sides}; slices along axis {facts['axes']['slice']}, phase "
        f"encoding along axis {facts['axes']['phase']} ({facts['phase_encoding']})"
    )
    write_result(f"  {facts['mask']}")
    for line in facts["warnings"]:
        write_note(f"note: {line}")
