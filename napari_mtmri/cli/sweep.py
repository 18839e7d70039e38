# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri sweep``: methods over acceleration, pattern and mask; inserted lesions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_mtmri.cli import options
from napari_mtmri.cli.output import (
    DONE,
    FAILED,
    numbers,
    pairs,
    write_json,
    write_note,
    write_result,
)
from napari_mtmri.cli.progress import JobSteps
from napari_mtmri.cli.session import Session
from napari_mtmri.errors import RequestError

if TYPE_CHECKING:
    from napari_mtmri.acquisition import Acquisition
    from napari_mtmri.batch.cases_table import CaseRow
    from napari_mtmri.patterns.base import Pattern

JIGGLES = 5


@dataclass(frozen=True)
class SweepOptions:
    """What is varied, and how the scan is simulated."""

    accelerations: Annotated[
        str,
        typer.Option("--accelerations", "-R", metavar="R,...", help="Acceleration factors."),
    ] = "2,3,4,6,8,12"
    patterns: Annotated[
        str,
        typer.Option(
            "--pattern",
            "-p",
            metavar="NAME|FILE,...",
            help="Sampling patterns, or mask files: .npy, .png or .csv.",
        ),
    ] = "random"
    seeds: Annotated[
        int,
        typer.Option("--seeds", metavar="N", min=1, help="Number of sampling masks for each R."),
    ] = 1
    center_fraction: options.CenterFraction = None
    pattern_option: options.PatternOptions = None
    phase: options.Phase = False
    snr: options.Snr = None
    coils: options.Coils = 1

    def factors(self) -> list[float]:
        """Return the acceleration factors."""
        return numbers(self.accelerations, "--accelerations")

    def all_patterns(self) -> list[Pattern]:
        """Return the patterns; their R and seed are replaced by the sweep."""
        from napari_mtmri.acquisition import make_pattern

        names = [word.strip() for word in self.patterns.split(",") if word.strip()]
        if not names:
            raise RequestError(f"--pattern {self.patterns!r} names no pattern; give one.")
        given = pairs(self.pattern_option, "--pattern-option")
        return [
            make_pattern(name, center_fraction=self.center_fraction, options=given)
            for name in dict.fromkeys(names)
        ]

    def acquisition(self) -> Acquisition:
        """Return the acquisition; the sweep replaces its pattern."""
        from napari_mtmri.acquisition import Acquisition

        return Acquisition(phase=self.phase, snr=self.snr, n_coils=self.coils)


@dataclass(frozen=True)
class SpreadOptions:
    """What is kept, and the spread over masks or noise."""

    images: Annotated[
        bool, typer.Option("--images", help="Keep the result folder of each point.")
    ] = False
    spread: Annotated[
        bool,
        typer.Option(
            "--spread",
            help="Also write mean, standard deviation and lesion frequency over the masks; keeps "
            "the result folders.",
        ),
    ] = False
    jiggle: Annotated[
        bool,
        typer.Option(
            "--jiggle",
            help=f"Scan {JIGGLES} times with the same mask and new noise (needs --snr), and write "
            "the spread.",
        ),
    ] = False


@dataclass(frozen=True)
class DetectOptions:
    """Inserted lesions."""

    detect: Annotated[
        bool,
        typer.Option(
            "--detect",
            help="Insert lesions, one at a time, and look for them, instead of scoring.",
        ),
    ] = False
    diameters: Annotated[
        str,
        typer.Option("--diameters", metavar="MM,...", help="Diameters of inserted lesions."),
    ] = "3,5,10,20"
    contrasts: Annotated[
        str,
        typer.Option(
            "--contrasts",
            metavar="C,...",
            help="Their contrasts: 0.3 is 30 % brighter than the place was, -0.3 darker.",
        ),
    ] = "0.3"
    points: Annotated[
        int,
        typer.Option(
            "--points", metavar="N", help="Number of places in each brain, spread evenly."
        ),
    ] = 8
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="I,J,K", help="Place to use instead, in voxel indices."),
    ] = None

    voxel_mm: Annotated[
        str | None,
        typer.Option(
            "--voxel-mm",
            metavar="I,J,K",
            help="Voxel size in mm, for files that do not state it.",
        ),
    ] = None

    def voxel(self) -> tuple[float, float, float] | None:
        """Return the voxel size, if it was given."""
        return None if self.voxel_mm is None else _three(self.voxel_mm, "--voxel-mm")

    def places(self) -> int | list[tuple[float, float, float]]:
        """Return the number of places, or the places."""
        if not self.at:
            return self.points
        return [_three(text, "--at") for text in self.at]


def _three(text: str, option: str) -> tuple[float, float, float]:
    found = numbers(text, option)
    if len(found) != 3:
        raise RequestError(
            f"{option} {text!r} are not three numbers; give one for each array axis."
        )
    return found[0], found[1], found[2]


@options.with_groups
def sweep(
    context: typer.Context,
    cases: Annotated[
        list[Path],
        typer.Argument(metavar="VOLUME|TABLE", help="Volumes, or one CSV file of cases."),
    ],
    out: options.Out,
    *,
    methods: options.MethodOptions,
    scan: SweepOptions,
    kept: SpreadOptions,
    lesions: DetectOptions,
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            "--labels",
            "-l",
            metavar="FILE",
            help="Reference segmentation; one per volume, in the same order.",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", metavar="NAME", help="Use only the cases of this split."),
    ] = None,
    where: options.WhereOptions,
    again: options.Again = False,
    json: options.Json = False,
) -> int:
    """Measure methods over accelerations, sampling patterns and masks.

    Writes sweep.csv (all values), summary.csv and plots of each score over R: with the 95 %
    interval over patients, or for one patient with the range over the masks; sessions of a
    patient are averaged first. With --detect, writes detection.csv, detection-summary.csv and
    plots of which inserted lesions are found. A point that is impossible fails with its
    reason, and the others continue. Finished points are kept: the same command continues a
    stopped sweep, and a further R computes that R alone. For a table, the seeds of each case
    are derived from its name.

    Example: napari-mtmri sweep patient.nii.gz -m d5c5,mtmri --seeds 3 --out sweep
             napari-mtmri sweep cases.csv --split val -R 2,4,8 -p random,equispaced --out sweep
             napari-mtmri sweep patient.nii.gz -R 4 --seeds 8 --spread --out luck
             napari-mtmri sweep patient.nii.gz -R 4 --snr 20 --jiggle --out jiggle
             napari-mtmri sweep patient.nii.gz -R 2,4,8 --detect --diameters 3,5,10 --out seen
    """
    rows, per_case = _cases(cases, split, has_labels=bool(labels))
    session: Session = context.obj
    common: dict[str, Any] = {
        "acquisition": scan.acquisition(),
        "labels": labels,
        "seed_per_case": per_case,
        "again": again,
        "where": where.where(),
        "stop": session.stop,
    }
    given = (rows, out, methods.choices(), scan.factors(), scan.all_patterns(), scan.seeds)
    if lesions.detect:
        if kept.images or kept.spread or kept.jiggle:
            raise RequestError("--detect keeps no images; leave --images, --spread, --jiggle out.")
        return _detect(given, lesions, common, as_json=json)
    return _score(given, kept, common, as_json=json)


def _cases(
    paths: Sequence[Path], split: str | None, *, has_labels: bool
) -> tuple[list[CaseRow] | list[Path], bool]:
    """Return the cases, and whether they are from a table."""
    from napari_mtmri.batch.cases_table import CASES, read_cases, splits_of

    tables = [one for one in paths if one.suffix == ".csv" or (one / CASES).is_file()]
    if not tables:
        if split is not None:
            raise RequestError(f"--split {split}: only a table of cases has splits; leave it out.")
        return list(paths), False
    if len(paths) > 1 or has_labels:
        raise RequestError(
            f"{tables[0]}: give one table alone; its column mask names the reference segmentations."
        )
    if split is None and len(splits_of(tables[0])) > 1:
        names = ", ".join(splits_of(tables[0]))
        write_note(f"note: all splits of the table are included: {names}.")
    return read_cases(tables[0], split), True


def _score(
    given: tuple[Any, ...], kept: SpreadOptions, common: Mapping[str, Any], *, as_json: bool
) -> int:
    from napari_mtmri.compare.sweep import run_sweep

    with JobSteps() as steps:
        found = run_sweep(
            *given,
            jiggle=JIGGLES if kept.jiggle else 0,
            images=kept.images,
            spread=kept.spread or kept.jiggle,
            watch=steps,
            **common,
        )
    failed = {point.name: point.reason for point in found.failed}
    if as_json:
        spreads = [spread.record() for spread in found.spreads]
        write_json({"summary": found.summary_records(), "spread": spreads, "failed": failed})
    elif found.rows:
        write_result(found.summary_markdown().rstrip())
        for spread in found.spreads:
            text = [spread.dice_range and f"Dice {spread.dice_range}"]
            text.append(spread.volume_range and f"lesion volume {spread.volume_range}")
            write_result(f"{spread.name}: {'; '.join(filter(None, text)) or 'no segmentation'}")
    return _end(given[1], failed, len(found.points))


def _detect(
    given: tuple[Any, ...], lesions: DetectOptions, common: Mapping[str, Any], *, as_json: bool
) -> int:
    from napari_mtmri.compare.detection import run_detection

    with JobSteps() as steps:
        found = run_detection(
            *given,
            diameters=numbers(lesions.diameters, "--diameters"),
            contrasts=numbers(lesions.contrasts, "--contrasts"),
            points=lesions.places(),
            voxel_mm=lesions.voxel(),
            watch=steps,
            **common,
        )
    if as_json:
        write_json({"summary": found.summary_records(), "failed": found.failed})
    elif found.rows:
        write_result(found.to_markdown().rstrip())
    return _end(given[1], found.failed, len(found.rows) + len(found.failed))


def _end(out: Path, failed: Mapping[str, str], count: int) -> int:
    write_note(f"written to {out}")
    if not failed:
        return DONE
    write_note(f"{len(failed)} of {count} failed: {', '.join(failed)}.")
    return FAILED
