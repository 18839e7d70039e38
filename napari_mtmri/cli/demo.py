# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri demo``: the shipped sample, under-sampled, reconstructed and segmented."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_mtmri.cli.progress import Reporter, stopping
from napari_mtmri.cli.run import show
from napari_mtmri.cli.window import why_no_window

ACCELERATION = 4.0


def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Without a window.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="Run folder.")] = Path("mtmri-demo"),
) -> None:
    """Show what the program does, on the shipped sample at 4 times acceleration.

    With a screen the result stands in the window; without one a run folder is left.

    Example: napari-mtmri demo
    """
    from napari_mtmri.samples import sample_text

    typer.echo(sample_text())
    reason = None if headless else why_no_window()
    if reason is not None:
        typer.echo(f"No window: {reason}; going on without.", err=True)
    if not headless and reason is None:
        from napari_mtmri.gui.window import open_window

        open_window(sample="flair-lesion", run=True)
        return
    _headless(out)


def _headless(out: Path) -> None:
    import napari_mtmri as mt
    from napari_mtmri.readers.run_folder import write_run
    from napari_mtmri.samples import open_sample

    volume, lesion = open_sample()
    scan = mt.simulate(volume, mt.Pattern("random", acceleration=ACCELERATION))
    with stopping() as stop, Reporter("sample") as report:
        result = mt.run(scan, "mtmri", on_progress=report, stop=stop)
    result = mt.evaluate(result, labels=lesion)
    write_run(result, out, labels=lesion)
    show(result, out)
    typer.echo(f"the picture is {out / 'figure.png'}")
