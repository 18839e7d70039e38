# SPDX-License-Identifier: BSD-3-Clause
"""Keep the layers of one run of an image in view at a time; no Qt."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any
from weakref import WeakSet

from napari.layers import Layer
from napari.viewer import Viewer

from napari_mtmri.gui.viewer.layers import KEY


class RunInView:
    """Hides what is visible of earlier runs of an image, until the newer ones are removed.

    All outlines have one colour, and a colour bar is drawn over any image: those of an earlier
    run would be taken for the newest run's. A layer that the user shows again stays until the
    next run.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._runs: dict[Hashable, list[str]] = {}  # of an image layer; the run in view is last
        self._hidden: WeakSet[Layer] = WeakSet()
        self._changed: WeakSet[Layer] = WeakSet()  # by the newest `show`
        self._before: tuple[Hashable, list[str]] = (None, [])
        viewer.layers.events.removed.connect(self._removed)

    def show(self, run: str, of: Hashable) -> None:
        """Bring a run of an image layer into view."""
        runs = self._runs.get(of, [])
        self._before, self._changed = (of, runs), WeakSet()
        self._runs[of] = [*(one for one in runs if one != run), run]
        for layer in self._viewer.layers:
            its_image, its_run = _image_and_run(layer)
            if its_image == of and its_run not in (None, run) and layer.visible:
                self._set(layer, False)
        self._give_back(run, of)

    def undo(self) -> None:
        """Restore what the newest `show` has changed."""
        of, runs = self._before
        self._runs[of] = runs
        for layer in self._changed:
            self._set(layer, not layer.visible)

    def let_go(self) -> None:
        """Disconnect from the viewer; the run in view stays in view."""
        self._viewer.layers.events.removed.disconnect(self._removed)

    def _removed(self, event: Any) -> None:
        """Bring the run before into view if the last layer of a run was removed."""
        of, run = _image_and_run(event.value)
        runs = self._runs.get(of, [])
        if run in runs and all(_image_and_run(one) != (of, run) for one in self._viewer.layers):
            runs.remove(run)
            if runs:
                self._give_back(runs[-1], of)

    def _give_back(self, run: str, of: Hashable) -> None:
        for layer in list(self._hidden):
            if _image_and_run(layer) == (of, run):
                self._set(layer, True)

    def _set(self, layer: Layer, visible: bool) -> None:
        layer.visible = visible
        (self._hidden.discard if visible else self._hidden.add)(layer)
        self._changed.add(layer)


def _image_and_run(layer: Layer) -> tuple[Hashable, str | None]:
    known = layer.metadata.get(KEY, {})
    return known.get("of"), known.get("run")
