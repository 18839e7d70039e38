# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri review``: open a folder for review, or report on it without a window."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_mtmri.cli import options
from napari_mtmri.cli.output import DONE, FAILED, columns, write_json, write_note, write_result
from napari_mtmri.cli.progress import Steps
from napari_mtmri.cli.window import require_window, show_window
from napari_mtmri.errors import RequestError

if TYPE_CHECKING:
    from napari_mtmri.review.project import ReviewProject

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
        done.append(_blind(project, readers, seed))
    if unblind:
        done.append(_unblind(project, readers))
    if status:
        done.append(_status(project, readers, as_json=json))
    if verify:
        done.append(_verify(project, readers, as_json=json))
    if consensus is not None:
        done.append(_consensus(project, consensus, readers))
    if agreement is not None:
        done.append(_agreement(project, agreement, readers, as_json=json))
    if export is not None:
        done.append(_export(project, export, readers, bids=bids))
    if training is not None:
        done.append(_training(project, training, readers))
    if reading_key is not None:
        done.append(_reading_key(project, reading_key, seed))
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


def _status(project: ReviewProject, readers: list[str], *, as_json: bool) -> int:
    """Print how many cases of each reader are in which state; with one reader, each case."""
    from napari_mtmri.review.case_files import reader_readings
    from napari_mtmri.review.case_list import OPEN, STATES
    from napari_mtmri.review.worklist import earlier_blinding

    rows: list[dict[str, Any]] = []
    for name in _known(project, readers):
        first = {key: one for key, one in reader_readings(project.of(name)).items() if key[1] == 1}
        counts = Counter(one.state for one in first.values())
        counts[OPEN] += len(project.cases) - len(first)
        minutes = sum(one.active_s for one in first.values()) / 60
        rows.append({"reader": name, **{s: counts[s] for s in STATES}, "minutes": minutes})
        if len(readers) == 1:
            shown = earlier_blinding(project.of(name))
            rows[-1]["cases"] = {
                shown.case_title(case): first[case, 1].state if (case, 1) in first else OPEN
                for case in shown.names
            }
    if as_json:
        write_json({"found": project.found.text, "cases": len(project.cases), "readers": rows})
        return DONE
    write_result(project.found.text)
    if not rows:
        write_result("No reader has begun.")
        return DONE
    heading = ("reader", *STATES, "active time")
    cells = [
        (row["reader"], *(str(row[state]) for state in STATES), f"{row['minutes']:.0f} min")
        for row in rows
    ]
    write_result(columns([heading, *cells]))
    for row in rows:
        if "cases" in row:
            write_result("\n" + columns(list(row["cases"].items())))
    return DONE


def _verify(project: ReviewProject, readers: list[str], *, as_json: bool) -> int:
    """Print what is wrong with journals and masks; the status says whether all is well."""
    from napari_mtmri.review.checks import check_reader_files

    checks = [check_reader_files(project.of(name)) for name in _known(project, readers)]
    if as_json:
        write_json(
            [
                {
                    "reader": one.reader,
                    "ok": one.ok,
                    "lines": one.journal.head.count,
                    "head": one.journal.head.hash,
                    "masks": one.n_masks,
                    "problems": [asdict(problem) for problem in one.journal.problems]
                    + [{"kind": "mask", "text": text} for text in one.problems],
                }
                for one in checks
            ]
        )
    else:
        write_result("\n".join(one.text for one in checks) or "No reader has begun.")
    return DONE if all(one.ok for one in checks) else FAILED


def _export(project: ReviewProject, out: Path, readers: list[str], *, bids: bool) -> int:
    from napari_mtmri.review.export import export_review

    report = export_review(project, out, readers or None, bids=bids)
    write_result(report.text)
    for note in report.notes:
        write_note(f"note: {note}")
    return DONE


def _training(project: ReviewProject, out: Path, readers: list[str]) -> int:
    from napari_mtmri.review.training_folder import export_training

    made = export_training(project, out, readers or None)
    write_result(
        f"{made.text}\n  napari-mtmri train --preset fine-tune --data {out} --out training"
    )
    for note in made.notes:
        write_note(f"note: {note}")
    return DONE


def _agreement(project: ReviewProject, out: Path, readers: list[str], *, as_json: bool) -> int:
    from napari_mtmri.review.agreement import compare_project

    with Steps() as steps:

        def show(done: int, total: int) -> None:
            steps.show(done / total, f"{done} of {total} cases compared")

        found = compare_project(project, readers or None, show)
    written = found.save(out)
    if as_json:
        write_json(asdict(found))
    else:
        write_result(found.to_markdown())
        disputed = [one.case for one in found.cases if one.is_disputed]
        if disputed:
            write_result(f"\nDisputed: {', '.join(disputed)}")
    write_note(f"written to {', '.join(str(path) for path in written)}")
    return DONE


def _consensus(
    project: ReviewProject, how: Literal["majority", "staple"], readers: list[str]
) -> int:
    from napari_mtmri.review.consensus import make_consensus

    with Steps() as steps:

        def show(done: int, total: int) -> None:
            steps.show(done / total, f"{done} of {total} cases combined")

        report = make_consensus(project, how, readers or None, show)
    new, kept = len(report.cases), len(report.kept)
    write_result(f"{report.reader}: {new} cases combined, {kept} unchanged since the last time")
    if report.left_out:
        write_note(f"note: fewer than two masks: {', '.join(report.left_out)}.")
    return DONE


def _blind(project: ReviewProject, readers: list[str], seed: int) -> int:
    from napari_mtmri.review.session import ReviewSession

    with ReviewSession(project.of(_one(readers, "--blind")), prefetch=False) as session:
        session.blind(seed)
    write_result(f"{project.reader} reads {len(project.cases)} cases blind, seed {seed}.")
    return DONE


def _unblind(project: ReviewProject, readers: list[str]) -> int:
    from napari_mtmri.review.session import ReviewSession

    with ReviewSession(project.of(_one(readers, "--unblind")), prefetch=False) as session:
        key = session.blinding.key()
        session.unblind()
    write_result(columns([("title", "case"), *key]))
    return DONE


def _reading_key(project: ReviewProject, out: Path, seed: int) -> int:
    from napari_mtmri.review.reading import ReadingPlan, write_key

    plan = ReadingPlan.of_project(project, seed)
    write_key(out, plan)
    write_result(f"key of {len(plan.pages)} pages, seed {seed}, written to {out}")
    return DONE


def _one(readers: list[str], option: str) -> str:
    if len(readers) != 1:
        raise RequestError(f"{option} needs the name of one reader as `reader`.")
    return readers[0]


def _known(project: ReviewProject, readers: list[str]) -> list[str]:
    """Return the readers to report on: those given, else all.

    Raises
    ------
    RequestError
        If one has no journal.
    """
    known = project.readers()
    for name in readers:
        if project.of(name).reader not in known:
            raise RequestError(
                f"`reader` {name!r} has no journal in {project.folder}; there are: "
                f"{', '.join(known) or 'none'}."
            )
    return readers or list(known)
