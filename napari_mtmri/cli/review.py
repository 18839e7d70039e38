# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri review``: open a folder for review, or report on it without a window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from napari_mtmri.cli import options
from napari_mtmri.cli import review_reports as reports
from napari_mtmri.cli.output import DONE
from napari_mtmri.cli.window import require_window, show_window
from napari_mtmri.errors import RequestError

NOBODY = "reader"  # only to open a project for reports


def review(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="Folder of images and masks, result folders, or cases.csv."
        ),
    ],
    *,
    reader: Annotated[
        list[str] | None,
        typer.Option(
            "--reader", metavar="NAME", help="Name of the reader; for reports, several times."
        ),
    ] = None,
    review_folder: Annotated[
        Path | None,
        typer.Option(
            "--review-folder",
            metavar="DIR",
            help="Folder for journals and masks.",
            show_default="FOLDER/review",
        ),
    ] = None,
    status: Annotated[
        bool, typer.Option("--status", help="Print the progress of each reader.")
    ] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Check that journals and saved masks were not changed."),
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="DIR", help="Export masks, verdicts and lesion tables."),
    ] = None,
    bids: Annotated[
        bool, typer.Option("--bids", help="With --export: name files like BIDS derivatives.")
    ] = False,
    training: Annotated[
        Path | None,
        typer.Option(
            "--training",
            metavar="DIR",
            help="Write the approved cases as data for `train --preset fine-tune`.",
        ),
    ] = None,
    agreement: Annotated[
        Path | None,
        typer.Option(
            "--agreement", metavar="CSV", help="Compare the readers: overlap, volumes, kappa."
        ),
    ] = None,
    consensus: Annotated[
        Literal["majority", "staple"] | None,
        typer.Option("--consensus", help="Save the consensus of the readers as a new reader."),
    ] = None,
    blind: Annotated[
        bool,
        typer.Option(
            "--blind", help="Hide names, methods and other readers from --reader, shuffle cases."
        ),
    ] = False,
    unblind: Annotated[
        bool, typer.Option("--unblind", help="Show --reader all names again.")
    ] = False,
    reading_key: Annotated[
        Path | None,
        typer.Option(
            "--reading-key",
            metavar="CSV",
            help="Write which letter is which image in a reading of image quality with --seed.",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option("--seed", help="Random seed of the order, for --blind and --reading-key."),
    ] = 0,
    json: options.Json = False,
) -> int:
    """Review and correct segmentations.

    Opens the window with the Review panel. With one of the options --status, --verify,
    --export, --training, --agreement, --consensus, --blind, --unblind or --reading-key it
    works without a window. Masks and verdicts are saved in FOLDER/review; the files in FOLDER are never
    changed.

    Example: napari-mtmri review study --reader Anna
             napari-mtmri review study --status
             napari-mtmri review study --export reviewed
             napari-mtmri review study --agreement agreement.csv
    """
    from napari_mtmri.review.project import open_project

    readers = list(reader or ())
    project = open_project(folder, readers[0] if readers else NOBODY, folder=review_folder)
    done: list[int] = []
    if blind:
        done.append(reports.begin_blind(project, readers, seed))
    if unblind:
        done.append(reports.end_blind(project, readers))
    if status:
        done.append(reports.print_status(project, readers, as_json=json))
    if verify:
        done.append(reports.print_verify(project, readers, as_json=json))
    if consensus is not None:
        done.append(reports.combine_readers(project, consensus, readers))
    if agreement is not None:
        done.append(reports.compare_readers(project, agreement, readers, as_json=json))
    if export is not None:
        done.append(reports.export_masks(project, export, readers, bids=bids))
    if training is not None:
        done.append(reports.export_training_data(project, training, readers))
    if reading_key is not None:
        done.append(reports.write_reading_key(project, reading_key, seed))
    if not done:
        _open(folder, review_folder, readers)
    return max(done, default=DONE)


def _open(folder: Path, review_folder: Path | None, readers: list[str]) -> None:
    """Open the window with the Review panel."""
    if len(readers) > 1:
        raise RequestError(f"{len(readers)} names as `reader`; give one to open the window.")
    require_window("use --status, --export or --agreement")
    more: dict[str, Any] = {"panel": "Review"}
    if readers:
        more["reader"] = readers[0]
    if review_folder is not None:
        more["review_folder"] = review_folder
    show_window((folder,), **more)
