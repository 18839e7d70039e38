# SPDX-License-Identifier: BSD-3-Clause
"""Where to look, and the values under the cursor: a dock below the slices."""

from __future__ import annotations

from contextlib import suppress

from napari.viewer import Viewer
from qtpy.compat import isalive
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QDockWidget, QHBoxLayout, QWidget

from napari_mtmri.gui.compare.parts.strip import ReadoutPart, StripPart
from napari_mtmri.gui.compare.state import Looking
from napari_mtmri.gui.widgets.layout import Panel

NAME = "Where to look"
HEIGHT_LINES = 10  # in text line heights


class Below(Panel):
    """The strip and the readout; in a dock of the window only while cells are shown.

    Otherwise it is a hidden child of the Compare panel, and is deleted with it.
    """

    def __init__(self, viewer: Viewer, home: QWidget, looking: Looking) -> None:
        super().__init__()
        self._viewer, self._home = viewer, home
        self.strip, self.readout = StripPart(looking), ReadoutPart()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 2, 6, 2)
        layout.addWidget(self.strip, stretch=3)
        layout.addWidget(self.readout, stretch=2)
        self._go_home()

    def sizeHint(self) -> QSize:
        """As low as the curves can be read."""
        return QSize(super().sizeHint().width(), self.fontMetrics().height() * HEIGHT_LINES)

    def place(self, *, is_wanted: bool) -> None:
        """Put it below the slices, or take it away again."""
        if is_wanted and not self._is_docked:
            self._viewer.window.add_dock_widget(self, name=NAME, area="bottom")
            self.show()
        elif not is_wanted:
            self.put_away()

    def put_away(self) -> None:
        """Take it out of the window, even if the panel is already deleted."""
        if not isalive(self):
            return
        if self._is_docked:
            # Of a closed viewer there is no window any more; its docks go with it.
            with suppress(AttributeError, LookupError, RuntimeError):
                self._viewer.window.remove_dock_widget(self)
        if isalive(self._home):
            self._go_home()
        else:
            self.deleteLater()

    @property
    def _is_docked(self) -> bool:
        return isinstance(self.parent(), QDockWidget)

    def _go_home(self) -> None:
        self.setParent(self._home)
        self.hide()
