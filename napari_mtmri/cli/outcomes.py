# SPDX-License-Identifier: BSD-3-Clause
"""Outcomes of jobs as text, JSON and exit status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.cli.output import (
    DONE,
    FAILED,
    WRONG,
    columns,
    sentence,
    write_json,
    write_note,
    write_result,
)
from napari_mtmri.errors import RequestError

if TYPE_CHECKING:
    from napari_mtmri.batch.job import Outcome
    from napari_mtmri.batch.result_store import StoredResult
    from napari_mtmri.metrics.base import Scores


def headline_rows(scores: Mapping[str, Scores]) -> Sequence[Sequence[str]]:
    """Return the headline scores of several methods as rows of text."""
    from napari_mtmri.metrics.base import headline, quantities

    rows = []
    for method, one in scores.items():
        found = headline(one)
        cells = [
            f"{shown.name} {found[shown.name]:.{shown.shown['line']}f} {shown.unit}".rstrip()
            if shown.name in found
            else ""
            for shown in quantities("line")
        ]
        rows.append([method, *cells])
    return rows


class Notes:
    """Prints each warning only once."""

    def __init__(self) -> None:
        self._written: set[str] = set()

    def __call__(self, lines: Iterable[str]) -> None:
        """Print the warnings that were not printed before."""
        for line in lines:
            if line not in self._written:
                self._written.add(line)
                write_note(f"note: {line}")


class ResultLines:
    """Prints each result of ``run`` when it is finished.

    Parameters
    ----------
    out : Path
        Folder for the results, as the user gave it.
    quiet : bool
        Print only the warnings: the results are written as JSON at the end.
    """

    def __init__(self, out: Path, *, quiet: bool = False) -> None:
        self._out, self._quiet, self._notes = out, quiet, Notes()

    def __call__(self, outcome: Outcome) -> None:
        """Print the result of one job."""
        result: StoredResult = outcome.value
        if not self._quiet:
            write_result(" · ".join([outcome.name, *filter(None, [result.sampling])]))
            if result.scores:
                write_result(columns(headline_rows(result.scores), indent="  "))
            write_result(f"  {below(self._out, result.folder)}")
        self._notes(result.warnings)


def below(out: Path, folder: Path) -> Path:
    """Return the path of a folder inside ``out``, starting with ``out`` as the user gave it."""
    return out / folder.relative_to(out.absolute())


def record_of(result: StoredResult, out: Path) -> dict[str, Any]:
    """Return a result for JSON; fields that an earlier result did not store are left out."""
    facts: dict[str, Any] = {
        "case": result.case,
        "method": result.method,
        "folder": str(below(out, result.folder)),
    }
    if not result.sampling:
        return facts
    from napari_mtmri.metrics.base import headline

    return {
        **facts,
        "sampling": result.sampling,
        "device": result.device,
        "seconds": result.seconds,
        "scores": {name: headline(scores) for name, scores in result.scores.items()},
        "warnings": list(result.warnings),
    }


def report(outcomes: Sequence[Outcome], records: Sequence[Mapping[str, Any]] | None = None) -> int:
    """Print the names of failed jobs; return the exit status.

    Parameters
    ----------
    outcomes : sequence of Outcome
    records : sequence of mapping, optional
        Facts of each outcome, to write as JSON.
    """
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if records is not None:
        write_json(
            [
                {
                    "name": one.name,
                    "state": one.state,
                    "error": None if one.error is None else sentence(one.error),
                    **facts,
                }
                for one, facts in zip(outcomes, records, strict=True)
            ]
        )
    if not failed:
        return DONE
    if len(outcomes) > 1:
        write_note(
            f"{len(failed)} of {len(outcomes)} failed: {', '.join(one.name for one in failed)}."
        )
    return status_of_failures(outcomes)


def status_of_failures(outcomes: Sequence[Outcome]) -> int:
    """Return the exit status if jobs failed: WRONG if all errors are of the request, else FAILED."""
    all_refused = all(isinstance(outcome.error, RequestError) for outcome in outcomes)
    return WRONG if all_refused else FAILED
