# SPDX-License-Identifier: BSD-3-Clause
"""Run a model on the open case in the background, and take its lesions into the mask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from qtpy.QtCore import QObject

from napari_mtmri.errors import MtmriError
from napari_mtmri.gui.jobs import Job, once
from napari_mtmri.gui.review.case_layers import SUGGESTION
from napari_mtmri.gui.review.desk import Desk
from napari_mtmri.gui.review.editing import Editing
from napari_mtmri.gui.review.parts.suggest import SuggestPart
from napari_mtmri.review import suggestions
from napari_mtmri.review.lesions import LesionTable, measure_lesions
from napari_mtmri.review.opened import OpenCase
from napari_mtmri.review.suggestions import Model, Suggestion


@dataclass(frozen=True, eq=False)
class Suggested:
    """A suggestion with its lesions."""

    case: OpenCase
    suggestion: Suggestion
    lesions: LesionTable


class Suggesting(QObject):
    """Connects the Suggest part to the open case.

    Parameters
    ----------
    editing : Editing
    desk : Desk
    part : SuggestPart
    protect : callable
        Whether other labels are protected.
    """

    def __init__(
        self, editing: Editing, desk: Desk, part: SuggestPart, protect: Callable[[], bool]
    ) -> None:
        super().__init__(part)
        self._editing, self._desk, self._part, self._protect = editing, desk, part, protect
        self.job = Job(self)
        self.newest: Suggested | None = None
        part.asked.connect(self._ask)
        part.stop_asked.connect(self.job.stop)
        part.chosen.connect(self._go_to)
        part.accept_asked.connect(self._accept)
        part.reject_asked.connect(self._reject)
        desk.case_opened.connect(self._case_opened)
        self.job.progressed.connect(self._progressed)
        self.job.done.connect(self._done)
        self.job.failed.connect(part.problem.show_error)
        self.job.ended.connect(self._ended)

    def list_models(self, *, is_blind: bool) -> None:
        """List the models, found in a thread; none in blind mode, which hides methods."""
        if is_blind:
            self._part.show_models(())
            return
        once(suggestions.suggestion_models, self._part.show_models, self._part.problem.show_error)

    def ask(self) -> None:
        """Run the chosen model."""
        model = self._part.model.currentData()
        if model is not None:
            self._ask(model)

    def _ask(self, model: Model) -> None:
        case = self._desk.current
        if case is not None and not self.job.is_running:
            self._part.problem.clear()
            self._part.show_running(True)
            self.job.start(partial(_suggest, case, model))

    def _progressed(self, progress: Any) -> None:
        self._part.show_progress(progress.share, progress.text)

    def _done(self, found: Suggested) -> None:
        session = self._desk.session
        if session is None or found.case is not self._desk.current:
            return
        self.newest = found
        session.record("suggestion", case=found.case.name, **found.suggestion.record)
        self._desk.layers.show_labels(SUGGESTION, found.suggestion.labels)
        self._part.show_suggestion(found.suggestion, found.lesions)

    def _ended(self) -> None:
        self._part.show_running(False)

    def _case_opened(self, case: OpenCase) -> None:
        self.job.stop()
        self.newest = None
        self._part.clear()

    def _go_to(self, number: int) -> None:
        if self.newest is not None:
            self._desk.layers.go_to(self.newest.lesions.lesions[number - 1].position)

    def _accept(self, number: int) -> None:
        """Take one lesion, or all but the rejected ones."""
        found = self.newest
        if found is None or not self._desk.can_edit:
            return
        case, lesions = found.case, found.lesions
        region = lesions.region(number) if number else self._wanted(found)
        try:
            edit = suggestions.accept(
                case.data, found.suggestion, region, label=self._desk.layers.label,
                protect=self._protect(),
            )  # fmt: skip
            self._editing.apply(edit)
        except MtmriError as why:
            self._part.problem.show_error(why)

    def _wanted(self, found: Suggested) -> np.ndarray | None:
        """Return the voxels of all lesions that were not rejected; None for all lesions."""
        if not self._part.rejected:
            return None
        numbers = [one.number for one in found.lesions.lesions]
        kept = [one for one in numbers if one not in self._part.rejected]
        nothing = np.zeros(found.case.data.shape, bool)
        return np.logical_or.reduce([nothing, *(found.lesions.region(one) for one in kept)])

    def _reject(self, number: int) -> None:
        """Note a rejected lesion, or remove the whole suggestion."""
        session, found = self._desk.session, self.newest
        if session is None or found is None:
            return
        session.record("suggestion rejected", case=found.case.name, lesion=number)
        if not number:
            self.newest = None
            self._desk.layers.show_labels(SUGGESTION, None)
            self._part.clear()


def _suggest(case: OpenCase, model: Model, report: Any, stop: Any) -> Suggested:
    suggestion = suggestions.suggest(case.image, model, on_progress=report, stop=stop)
    lesions = measure_lesions(
        suggestion.labels, case.image.affine, spacing_known=case.image.spacing_known,
        image=case.image.magnitude(), probability=suggestion.probability,
    )  # fmt: skip
    return Suggested(case, suggestion, lesions)
