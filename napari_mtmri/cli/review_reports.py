# SPDX-License-Identifier: BSD-3-Clause
"""Reports on a review for the shell; each function returns the exit status."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_mtmri.cli.output import DONE, FAILED, columns, write_json, write_note, write_result
from napari_mtmri.cli.progress import Steps
from napari_mtmri.errors import RequestError

if TYPE_CHECKING:
    from napari_mtmri.review.project import ReviewProject


def print_status(project: ReviewProject, readers: list[str], *, as_json: bool) -> int:
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


def print_verify(project: ReviewProject, readers: list[str], *, as_json: bool) -> int:
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


def export_masks(project: ReviewProject, out: Path, readers: list[str], *, bids: bool) -> int:
    """Export the masks with their tables, and print what was written."""
    from napari_mtmri.review.export import export_review

    report = export_review(project, out, readers or None, bids=bids)
    write_result(report.text)
    for note in report.notes:
        write_note(f"note: {note}")
    return DONE


def export_training_data(project: ReviewProject, out: Path, readers: list[str]) -> int:
    """Write the approved cases as training data, and print how to use them."""
    from napari_mtmri.review.training_folder import export_training

    made = export_training(project, out, readers or None)
    write_result(
        f"{made.text}\n  napari-mtmri train --preset fine-tune --data {out} --out training"
    )
    for note in made.notes:
        write_note(f"note: {note}")
    return DONE


def compare_readers(project: ReviewProject, out: Path, readers: list[str], *, as_json: bool) -> int:
    """Write the agreement of the readers, and print its summary."""
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


def combine_readers(
    project: ReviewProject, how: Literal["majority", "staple"], readers: list[str]
) -> int:
    """Save the consensus of the readers, and print how many cases it has."""
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


def begin_blind(project: ReviewProject, readers: list[str], seed: int) -> int:
    """Let a reader read blind from now on."""
    from napari_mtmri.review.session import ReviewSession

    with ReviewSession(project.of(_one(readers, "--blind")), prefetch=False) as session:
        session.blind(seed)
    write_result(f"{project.reader} reads {len(project.cases)} cases blind, seed {seed}.")
    return DONE


def end_blind(project: ReviewProject, readers: list[str]) -> int:
    """Show a reader all names again, and print the key."""
    from napari_mtmri.review.session import ReviewSession

    with ReviewSession(project.of(_one(readers, "--unblind")), prefetch=False) as session:
        key = session.blinding.key()
        session.unblind()
    write_result(columns([("title", "case"), *key]))
    return DONE


def write_reading_key(project: ReviewProject, out: Path, seed: int) -> int:
    """Write the key of a reading of image quality."""
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
