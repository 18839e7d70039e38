# SPDX-License-Identifier: BSD-3-Clause
"""Progress on stderr: a bar with the remaining time on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from napari_mtmri.batch.job import Outcome, Progress, Watch
from napari_mtmri.cli.output import sentence, write_note

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

SECONDS_BETWEEN_LINES = 5.0


class Steps:
    """Context manager that shows progress.

    Parameters
    ----------
    total : float
        Amount of work, in any unit.
    """

    def __init__(self, total: float = 1.0) -> None:
        self._total = total
        self._bar: Bar | None = None
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        """Show the bar if stderr is a terminal."""
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:.0f} %"),
                TimeRemainingColumn(),
                TextColumn("left"),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bar.add_task("", total=self._total)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: float, text: str, more: str = "", *, at_once: bool = False) -> None:
        """Update the bar, or print a plain line every few seconds.

        Parameters
        ----------
        done : float
            Amount of work done, in the unit of ``total``.
        text, more : str
            Description, and text that only the plain line adds.
        at_once : bool
            Print the plain line now, however recent the last one is.
        """
        if self._bar is not None:
            task = self._bar.task_ids[0]
            self._bar.update(task, completed=done, description=text)
        elif at_once or time.monotonic() - self._last > SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            write_note(f"{text}{more}")

    def aside(self, write: Callable[[], None]) -> None:
        """Call ``write`` while the bar is hidden."""
        if self._bar is None:
            write()
            return
        self._bar.stop()
        write()
        self._bar.start()


class JobSteps(Steps, Watch):
    """Shows the progress of a list of jobs.

    Parameters
    ----------
    show_result : callable
        Called with the outcome of each successful job as soon as it ends.
    """

    def __init__(self, show_result: Callable[[Outcome], None] = lambda outcome: None) -> None:
        super().__init__()
        self._show_result = show_result
        self._count, self._n = 0, 1
        self._name = ""

    def planned(self, count: int) -> None:
        """Set the number of jobs."""
        self._n = self._total = count
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], total=count)

    def started(self, name: str) -> None:
        """Show the name of the job."""
        self._name = name
        self.show(self._count, self._where(name))

    def progressed(self, progress: Progress) -> None:
        """Show the progress of the job."""
        text = f"{self._where(self._name)}: {progress.text}"
        self.show(self._count + progress.share, text)

    def ended(self, outcome: Outcome) -> None:
        """Print the result of the job, or its error."""
        where = self._where(outcome.name)
        self._count += 1
        if outcome.error is not None:
            why = sentence(outcome.error)
            self.aside(lambda: write_note(f"{outcome.name}: failed: {why}"))
        else:
            how = "already done" if outcome.state == "kept" else f"done in {outcome.seconds:.1f} s"
            self.show(self._count, where, f": {how}", at_once=True)
            self.aside(lambda: self._show_result(outcome))

    def _where(self, name: str) -> str:
        return f"[{min(self._count + 1, self._n)}/{self._n}] {name}"
