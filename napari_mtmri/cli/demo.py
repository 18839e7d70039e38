# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri demo``: under-sample, reconstruct and segment the shipped sample."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_mtmri.cli.outcomes import Notes, headline_rows
from napari_mtmri.cli.output import columns, write_note, write_result
from napari_mtmri.cli.progress import JobSteps
from napari_mtmri.cli.session import Session
from napari_mtmri.methods import DEFAULT_METHOD

if TYPE_CHECKING:
    from napari_mtmri.result import Result

SAMPLE, METHOD, ACCELERATION = "flair-lesion", DEFAULT_METHOD, 4.0
WIDTH = 88
FILES = (
    (
        "figure.png",
        "reference, zero-filled, reconstruction, error; reference and predicted lesion",
    ),
    ("scores.csv", "all scores, with the settings they depend on"),
    ("reconstruction.nii.gz", "also zero_filled, error, segmentation, probability; same grid"),
    ("run.json", "settings, weights and versions"),
)


def demo(
    context: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", help="Write a result folder instead of opening a window.")
    ] = False,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", help="Result folder, if no window is opened."),
    ] = Path("mtmri-demo"),
) -> None:
    """Reconstruct and segment the shipped sample at 4-fold acceleration.

    Opens the window; without a screen, or with --headless, writes a result folder.

    Example: napari-mtmri demo
             napari-mtmri demo --headless --out mtmri-demo
    """
    from napari_mtmri.samples import sample_text

    write_result(textwrap.fill(sample_text(SAMPLE), WIDTH, break_on_hyphens=False))
    if not headless:
        from napari_mtmri.cli.window import show_window, window_here

        window = window_here()
        if window.works:
            show_window(sample=SAMPLE, run=True)
            return
        write_note(f"No window can be opened ({window.text}); writing a result folder.")
    session: Session = context.obj
    _write_demo(out, session)


def _write_demo(out: Path, session: Session) -> None:
    from napari_mtmri.files import check_replaceable
    from napari_mtmri.patterns.base import Pattern
    from napari_mtmri.readers.run_folder import write_run
    from napari_mtmri.samples import open_sample
    from napari_mtmri.verbs import evaluate, run, simulate

    check_replaceable(out)
    volume, lesion = open_sample(SAMPLE)
    pattern = Pattern("random", acceleration=ACCELERATION)
    with JobSteps() as steps:
        steps.started(f"sample · {METHOD}")
        scan = simulate(volume, pattern)
        result = run(scan, METHOD, on_progress=steps.progressed, stop=session.stop)
        result = evaluate(result, labels=lesion)
        write_run(result, out, labels=lesion)
    _show(result, pattern.describe(scan.mask.shape, scan.mask).text, out)


def _show(result: Result, sampling: str, out: Path) -> None:
    write_result(f"\n{result.title} · {sampling}")
    write_result(columns(headline_rows(result.scores), indent="  "))
    write_result(f"\n{out}")
    write_result(columns(FILES, indent="  "))
    write_result("\nResearch use only: not a medical device.")
    Notes()(result.warnings)
