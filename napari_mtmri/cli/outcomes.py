# SPDX-License-Identifier: BSD-3-Clause
"""What became of jobs, in words, JSON and an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_mtmri.batch.job import Outcome
from napari_mtmri.cli.headline import headline_rows
from napari_mtmri.cli.output import (
    DONE,
    FAILED,
    WRONG,
    columns,
    say,
    say_json,
    sentence,
    tell,
)
from napari_mtmri.errors import RequestError


class Lines:
    """Writes what a job gave; a note that was told once is not told again.

    Parameters
    ----------
    quiet : bool
        Only the notes: the results are written as JSON at the end.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._told: set[str] = set()

    def __call__(self, outcome: Outcome) -> None:
        """Write one."""
        facts: dict[str, Any] = outcome.value
        if not self._quiet:
            say(" · ".join([outcome.name, *filter(None, [facts.get("sampling")])]))
            if facts.get("scores"):
                say(columns(headline_rows(facts["scores"]), indent="  "))
            say(f"  {facts['folder']}")
        self.notes(facts.get("warnings", ()))

    def notes(self, lines: Sequence[str]) -> None:
        """Write what a user should know."""
        for line in lines:
            if line not in self._told:
                self._told.add(line)
                tell(f"note: {line}")


def report(outcomes: Sequence[Outcome], *, as_json: bool = False) -> int:
    """Name what failed; return the exit status."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if as_json:
        say_json([_record(outcome) for outcome in outcomes])
    if not failed:
        return DONE
    if len(outcomes) > 1:
        tell(f"{len(failed)} of {len(outcomes)} failed: {', '.join(one.name for one in failed)}.")
    return WRONG if all_refused(outcomes) else FAILED


def all_refused(outcomes: Sequence[Outcome]) -> bool:
    """Whether nothing could be done because of what was asked."""
    return all(isinstance(outcome.error, RequestError) for outcome in outcomes)


def _record(outcome: Outcome) -> dict[str, Any]:
    error = None if outcome.error is None else sentence(outcome.error)
    return {"name": outcome.name, "state": outcome.state, "error": error, **(outcome.value or {})}
