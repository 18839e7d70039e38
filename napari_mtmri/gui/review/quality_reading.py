# SPDX-License-Identifier: BSD-3-Clause
"""Show the images of a page side by side under letters, and keep their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from napari.layers import Image
from napari.viewer import Viewer
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog

from napari_mtmri.errors import MtmriError
from napari_mtmri.files import write_text
from napari_mtmri.gui.jobs import Latest
from napari_mtmri.gui.review.case_layers import OWNER
from napari_mtmri.gui.review.desk import Desk
from napari_mtmri.gui.review.parts.quality import QualityPart
from napari_mtmri.gui.viewer.layers import GREY, KEY, placement_of
from napari_mtmri.gui.viewer.windows import PRESETS
from napari_mtmri.readers.base import read_volume
from napari_mtmri.review.journal import read_journal
from napari_mtmri.review.reading import (
    RANKED,
    SCORED,
    How,
    Page,
    ReadingPlan,
    finished_pages,
    ranking_facts,
    readings_csv,
    score_facts,
    write_key,
)
from napari_mtmri.volume import Volume

TABLE = "Tables (*.csv)"
FLUSH_S = 5.0
DONE: Mapping[How, str] = {"scores": "scored", "ranking": "ranked"}


class QualityReading(QObject):
    """Connects the Quality part to the project; the masks are put away meanwhile.

    Parameters
    ----------
    viewer : Viewer
    desk : Desk
    part : QualityPart
    """

    def __init__(self, viewer: Viewer, desk: Desk, part: QualityPart) -> None:
        super().__init__(part)
        self._viewer, self._desk, self._part = viewer, desk, part
        self.plan: ReadingPlan | None = None
        self.page: Page | None = None
        self.how: How = "scores"
        self._layers: list[Any] = []
        self._pages = Latest(self)
        self._pages.done.connect(self._show)
        self._pages.failed.connect(part.problem.show_error)
        part.start_asked.connect(self.start)
        part.stop_asked.connect(self.stop)
        part.scored.connect(self._keep)
        part.ranked.connect(self._keep_ranking)
        part.csv_asked.connect(self._ask_csv)
        part.key_asked.connect(self._ask_key)

    def start(self, seed: int, how: How = "scores") -> None:
        """Begin with the first page that is not finished."""
        session = self._desk.session
        if session is None:
            return
        self.how = how
        try:
            self.plan = ReadingPlan.of_project(session.project, seed)
        except MtmriError as why:
            self._part.problem.show_error(why)
            return
        self._desk.leave_case()
        self._next()

    def stop(self) -> None:
        """Remove the images and return to the masks."""
        self.end()
        self._desk.return_to_cases()

    def end(self) -> None:
        """Remove the images."""
        was_reading, self.plan, self.page = self.plan is not None, None, None
        self._pages.drop()
        self._remove()
        if was_reading:
            self._viewer.canvas.grid.enabled = False
            self._part.show_page("", ())

    def _next(self) -> None:
        session = self._desk.session
        if session is None or self.plan is None:
            return
        session.flush(FLUSH_S)
        done = finished_pages(self.plan, read_journal(session.project.journal), self.how)
        left = [page for page in self.plan.pages if page.number not in done]
        if left:
            self._pages.ask(partial(_read, left[0]))
        else:
            total = len(self.plan.pages)
            self.stop()
            self._part.show_page(f"All {total} pages are {DONE[self.how]}", ())

    def _show(self, found: tuple[Page, dict[str, Volume]]) -> None:
        page, volumes = found
        if self.plan is None:
            return
        self._remove()
        first = next(iter(volumes.values()))
        window = PRESETS["standard"](first.magnitude())
        for letter, volume in volumes.items():
            placement = placement_of(volume)
            layer = Image(
                placement.view(volume.magnitude()), name=f"image {letter}", contrast_limits=window,
                metadata={KEY: {"placement": placement, "owner": OWNER}}, **GREY,
                **placement.arguments(),
            )  # fmt: skip
            layer.name_overlay.visible = True
            self._viewer.layers.append(layer)
            self._layers.append(layer)
        self.page = page
        grid = self._viewer.canvas.grid
        grid.stride, grid.enabled = 1, True
        self._viewer.reset_view()
        total = len(self.plan.pages)
        self._part.show_page(f"Page {page.number} of {total}", page.letters, self.how)

    def _keep(self, scores: Mapping[str, Mapping[str, int]]) -> None:
        session = self._desk.session
        if session is None or self.plan is None or self.page is None:
            return
        try:
            for letter, given in scores.items():
                facts = score_facts(self.plan, self.page.number, letter, given)
                session.record(SCORED, **facts)
        except MtmriError as why:
            self._part.problem.show_error(why)
            return
        self._next()

    def _keep_ranking(self, ranking: Sequence[str]) -> None:
        session = self._desk.session
        if session is None or self.plan is None or self.page is None:
            return
        try:
            session.record(RANKED, **ranking_facts(self.plan, self.page.number, ranking))
        except MtmriError as why:
            self._part.problem.show_error(why)
            return
        self._next()

    def _remove(self) -> None:
        layers, self._layers = self._layers, []
        for layer in layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def _ask_csv(self) -> None:
        session = self._desk.session
        path, _ = QFileDialog.getSaveFileName(self._part, "Scores", "scores.csv", TABLE)
        if path and session is not None:
            project = session.project
            events = [
                event
                for reader in project.readers()
                for event in read_journal(project.of(reader).journal)
            ]
            self._write(partial(write_text, Path(path), readings_csv(events)))

    def _ask_key(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self._part, "Key of the reading", "key.csv", TABLE)
        if path and self.plan is not None:
            self._write(partial(write_key, Path(path), self.plan))

    def _write(self, write: Any) -> None:
        try:
            write()
        except MtmriError as why:
            self._part.problem.show_error(why)


def _read(page: Page) -> tuple[Page, dict[str, Volume]]:
    return page, {letter: read_volume(path) for letter, path in page.paths.items()}
