# SPDX-License-Identifier: BSD-3-Clause
"""When the chosen image is brought into view, and when what covered it comes back."""

from __future__ import annotations

from typing import Any

from napari.viewer import Viewer
from qtpy.QtCore import QObject

from napari_mtmri.gui.reconstruct.parts.input import InputPart
from napari_mtmri.gui.reconstruct.parts.run import RunPart
from napari_mtmri.gui.viewer.foreground import Foreground
from napari_mtmri.gui.viewer.layer_list import is_of, is_preview


class InView(QObject):
    """Keeps the chosen image in view while Live or results of it are shown, or a mask is drawn."""

    def __init__(
        self, viewer: Viewer, chosen: InputPart, run_part: RunPart, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._viewer, self._input, self._run_part = viewer, chosen, run_part
        self._foreground = Foreground(viewer)
        self._image: Any = None
        self._hidden: list[Any] = []  # for the run in progress
        chosen.draw.clicked.connect(self.bring)

    def image_changed(self) -> bool:
        """Bring another image into view if it was chosen; return whether it was."""
        is_other = self._image is not self._input.image.layer
        if is_other:
            self.update()
        return is_other

    def update(self) -> None:
        """Bring the chosen image into view if Live or results of it are shown, else give back."""
        image = self._image = self._input.image.layer
        shown = [one for one in self._viewer.layers if image is not None and is_of(one, image)]
        has_results = any(not is_preview(one) for one in shown)
        if image is not None and (has_results or self._run_part.live.isChecked()):
            self.bring()
        else:
            self.give_back()

    def bring(self, *_: object) -> list[Any]:
        """Hide what covers the chosen image, and return it."""
        self._image = self._input.image.layer
        if self._image is None:
            return []
        return self._foreground.bring(self._image, self._input.mask.layer)

    def begin_run(self) -> None:
        """Bring the image of a run into view."""
        self._hidden = self.bring()

    def end_without_result(self, *_: object) -> None:
        """Show again what was hidden for a run."""
        self._foreground.give_back(self._hidden)

    def give_back(self) -> None:
        """Show again all that was hidden."""
        self._foreground.give_back()

    def let_go(self) -> None:
        """Show again all that was hidden, and disconnect from the viewer."""
        self._foreground.let_go()
