# SPDX-License-Identifier: BSD-3-Clause
"""Agreement, consensus, export and the check of the journal, in threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog

from napari_mtmri.gui.jobs import Latest
from napari_mtmri.gui.review.desk import Desk
from napari_mtmri.gui.review.parts.project import ProjectPart
from napari_mtmri.gui.review.sentences import agreement_text, consensus_text
from napari_mtmri.review.agreement import compare_project
from napari_mtmri.review.consensus import How, make_consensus
from napari_mtmri.review.journal_check import verify
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.review.session import ReviewSession


class ProjectJobs(QObject):
    """Connects the Project part to the open project.

    Parameters
    ----------
    desk : Desk
    part : ProjectPart
    """

    def __init__(self, desk: Desk, part: ProjectPart) -> None:
        super().__init__(part)
        self._desk, self._part = desk, part
        self.work = Latest(self)
        part.agreement_asked.connect(self._compare)
        part.verify_asked.connect(self._verify)
        part.consensus_asked.connect(self._consensus)
        part.export_asked.connect(self._ask_export)
        part.training_asked.connect(self._ask_training)
        part.report_asked.connect(self._ask_report)
        self.work.done.connect(self._done)
        self.work.failed.connect(part.show_error)

    def _start(self, job: Callable[[ReviewProject], str]) -> None:
        """Run a job once all work is on the disk."""
        session = self._desk.session
        if session is not None:
            self._part.show_note("Working …")
            self.work.ask(partial(_once_written, session, job))

    def _done(self, text: str) -> None:
        session = self._desk.session
        self._part.show_note(text if session is None else session.blinding.text(text))

    def _compare(self) -> None:
        path = QFileDialog.getExistingDirectory(self._part, "Folder for the agreement")
        if path:
            self._start(partial(_compare, Path(path)))

    def _verify(self) -> None:
        self._start(_verify)

    def _consensus(self, how: How) -> None:
        self._start(partial(_consensus, how))

    def _ask_export(self, bids: bool) -> None:
        path, _ = QFileDialog.getSaveFileName(self._part, "Name of the export folder", "export")
        if path:
            self.export(Path(path), bids=bids)

    def export(self, folder: Path, *, bids: bool = False) -> None:
        """Export masks and verdicts to a folder."""
        self._start(partial(_export, folder, bids))

    def _ask_training(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self._part, "Name of the training folder", "approved")
        if path:
            self._start(partial(_export_training, Path(path)))

    def _ask_report(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self._part, "Save the report", "report.html", "Reports (*.html)"
        )
        if path:
            self._start(partial(_report, Path(path)))


def _once_written(session: ReviewSession, job: Callable[[ReviewProject], str]) -> str:
    session.flush()
    return job(session.project)


def _compare(folder: Path, project: ReviewProject) -> str:
    agreement = compare_project(project)
    agreement.save(folder)
    return agreement_text(folder, agreement)


def _consensus(how: How, project: ReviewProject) -> str:
    return consensus_text(make_consensus(project, how))


def _export(folder: Path, bids: bool, project: ReviewProject) -> str:
    from napari_mtmri.review.export import export_review

    report = export_review(project, folder, bids=bids)
    return "\n".join((report.text, *report.notes))


def _export_training(folder: Path, project: ReviewProject) -> str:
    from napari_mtmri.review.training_folder import export_training

    made = export_training(project, folder)
    return "\n".join((made.text, *made.notes))


def _verify(project: ReviewProject) -> str:
    return verify(project.journal).text


def _report(path: Path, project: ReviewProject) -> str:
    from napari_mtmri.report import write_report

    write_report([project.folder], path)
    return f"Report written to {path}"
