# SPDX-License-Identifier: BSD-3-Clause
"""The question when napari is closed while work is not on the disk."""

from __future__ import annotations

from napari_mtmri.errors import ResourceError
from napari_mtmri.gui.app.closing import Question
from napari_mtmri.gui.review.desk import Keeper

TITLE = "Review"
FLUSH_S, RETRY_S = 3.0, 10.0
RETRY, LOSE, STAY = "Save and close", "Close without saving", "Keep napari open"


def question_of(keeper: Keeper) -> Question:
    """Return the question for the session of a panel."""

    def is_needed() -> bool:
        session = keeper.session
        if session is None:
            return False
        session.flush(FLUSH_S)
        return bool(session.has_unsaved)

    def text() -> str:
        why = "" if keeper.session is None else keeper.session.problem
        return f"The last changes of the mask are not on the disk.\n\n{why}".strip()

    def retry() -> None:
        session = keeper.session
        if session is not None:
            session.flush(RETRY_S)
            if session.has_unsaved:
                raise ResourceError(session.problem or "The disk is slow; try again.")

    return Question(TITLE, is_needed, text, {RETRY: retry, LOSE: _lose, STAY: None})


def _lose() -> None:
    """Let napari close; what the disk has taken is kept."""
