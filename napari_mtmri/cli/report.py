# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri report``: results as one HTML file or PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_mtmri.cli.output import write_note


def report(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE",
            help="Result folders, compare.json, folders of `evaluate` or `sweep`, a review or its "
            "export, or folders of these.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Report to write: .html or .pdf.")
    ],
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also write a PDF next to the HTML file.")
    ] = False,
    identify: Annotated[
        bool,
        typer.Option(
            "--identify", help="Show the names of cases and files; else cases are numbered."
        ),
    ] = False,
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference",
            metavar="FILE",
            help="Fully sampled image, for the results of one case.",
            show_default="from the results",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            "-l",
            metavar="FILE",
            help="Reference segmentation, for the results of one case.",
        ),
    ] = None,
) -> None:
    """Write a report of results: figures, scores, lesions, provenance, Methods text.

    One self-contained HTML file that opens without a network and prints on A4. Result folders
    of one case are compared with each other. Names of cases and files are left out unless
    --identify is given.

    Example: napari-mtmri report results/patient --labels lesion.nii.gz --out report.html
             napari-mtmri report compare.json --out report.html --pdf
             napari-mtmri report results scores --out study.html --identify
    """
    from napari_mtmri.report import write_report

    for path in write_report(
        sources, out, pdf=pdf, identify=identify, reference=reference, labels=labels
    ):
        write_note(f"written to {path}")
