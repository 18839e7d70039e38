# SPDX-License-Identifier: BSD-3-Clause
"""Choices of the Review panel that outlive a case; no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from psygnal import SignalGroupDescriptor

from napari_mtmri.review.case_list import IN_WORK, OPEN, STATES, CaseFilter

SHOWN_STATES: dict[str, tuple[str, ...]] = {
    "all": (),
    "to do": (OPEN, IN_WORK),
    **{state: (state,) for state in STATES},
}


@dataclass
class View:
    """Which cases are listed, and which sequence is shown; emits an event for each change.

    Parameters
    ----------
    states : tuple of str
        States to list; empty for all.
    reader, difficulty, search : str
        Empty for all.
    sort : str
        Fact of a case by which the list is ordered.
    sequence : str
        Title of the further sequence on screen; empty for the image itself.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    states: tuple[str, ...] = ()
    reader: str = ""
    difficulty: str = ""
    search: str = ""
    sort: str = "name"
    sequence: str = ""

    def filter(self) -> CaseFilter:
        """Return the filter for the list of cases."""
        return CaseFilter(
            states=self.states,
            readers=(self.reader,) if self.reader else (),
            difficulties=(self.difficulty,) if self.difficulty else (),
            search=self.search,
        )


def known_reader() -> str:
    """Return the name that was given last in this window's settings, "" if none was."""
    return str(_settings().reader)


def remember_reader(name: str) -> None:
    """Keep the name of the reader in napari's settings of this plugin."""
    _settings().reader = name


def _settings() -> Any:
    from napari.settings import get_plugin_settings

    return get_plugin_settings("napari-mtmri").review
