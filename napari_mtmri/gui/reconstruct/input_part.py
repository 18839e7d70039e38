# SPDX-License-Identifier: BSD-3-Clause
"""Which image and labels, and what the program found out about them."""

from __future__ import annotations

from typing import Any

import numpy as np
from magicgui.widgets import create_widget
from napari.layers import Image, Labels
from napari.viewer import Viewer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_mtmri.errors import MtmriError
from napari_mtmri.geometry import Axes, phase_letters
from napari_mtmri.gui.layers import KEY, known_volume, placement_of_layer, volume_of
from napari_mtmri.volume import Volume

NO_LAYER = "Open a volume (drop a file, or File ▸ Open Sample ▸ MTMRI)."


class InputPart(QWidget):
    """Chooses the image layer and the reference mask.

    Signals
    -------
    changed : the image or the labels are others
    swap_asked : phase and readout are to be exchanged
    open_asked : a file is to be opened
    """

    changed = Signal()
    swap_asked = Signal()
    open_asked = Signal()

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._image: Any = create_widget(annotation=Image, label="Image")
        self._labels: Any = create_widget(annotation=Labels | None, label="Reference mask")
        self._labels.native.setToolTip("What somebody drew on this image; optional")
        self.facts, self.problem = QLabel(NO_LAYER), QLabel()
        for label in (self.facts, self.problem):
            label.setWordWrap(True)
        opener, swap = QPushButton("Open…"), QPushButton("Swap phase and readout")
        swap.setToolTip("Exchange the phase-encoding and readout directions")
        opener.clicked.connect(self.open_asked)
        swap.clicked.connect(self.swap_asked)
        form = QFormLayout()
        form.addRow("Image", self._image.native)
        form.addRow("Reference mask", self._labels.native)
        buttons = QHBoxLayout()
        buttons.addWidget(opener)
        buttons.addWidget(swap)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self.facts)
        layout.addWidget(self.problem)
        layout.addLayout(buttons)
        self.problem.hide()
        for event in ("inserted", "removed", "renamed"):
            getattr(viewer.layers.events, event).connect(self._refill)
        self._refill()
        self._image.changed.connect(self._tell)
        self._labels.changed.connect(self._tell)

    def disconnect_viewer(self) -> None:
        """Stop listening to the viewer."""
        for event in ("inserted", "removed", "renamed"):
            getattr(self._viewer.layers.events, event).disconnect(self._refill)

    @property
    def layer(self) -> Any:
        """The chosen image layer, or None."""
        return self._image.value

    def choose(self, layer: Any) -> None:
        """Choose an image layer."""
        self._image.value = layer

    def volume(self) -> Volume | None:
        """Return the chosen volume, or None; why not stands in the panel."""
        return self._volume_of(self._image.value)

    def labels(self) -> Volume | None:
        """Return the reference mask if one is chosen, or None.

        Labels that napari made (Layers ▸ New labels) lie on the grid of the image.
        """
        layer, image = self._labels.value, self._image.value
        if layer is None or image is None:
            return None
        if known_volume(layer) is None and layer.data.shape == image.data.shape:
            data = placement_of_layer(image).back(np.asarray(layer.data))
            return volume_of(image).like(data, kind="labels", name=layer.name)
        return self._volume_of(layer)

    def show_facts(self, volume: Volume | None, axes: Axes | None) -> None:
        """Write the line of facts."""
        if volume is None or axes is None:
            self.facts.setText(NO_LAYER)
            return
        grid = " × ".join(map(str, volume.shape))
        size = " × ".join(f"{s:.3g}" for s in volume.spacing)
        unit = "mm" if volume.spacing_known else "(spacing unknown)"
        lines = [
            f"{grid} voxels, {size} {unit}, axes {volume.codes}",
            f"slices along {phase_letters(volume.affine, axes.slice)}, "
            f"phase encoding {phase_letters(volume.affine, axes.phase)} "
            f"({volume.shape[axes.phase]} lines)",
        ]
        if volume.is_oblique:
            lines.append("oblique: shown on its own grid")
        lines += list(volume.warnings)
        lines.append("k-space is simulated from magnitudes, which flatters every method")
        self.facts.setText("\n".join(lines))

    def _volume_of(self, layer: Any) -> Volume | None:
        self.problem.hide()
        if layer is None:
            return None
        try:
            return volume_of(layer)
        except MtmriError as why:
            self.problem.setText(str(why))
            self.problem.show()
            return None

    def _refill(self, event: Any = None) -> None:
        had_image, had_labels = self._image.value, self._labels.value
        self._image.reset_choices()
        self._labels.reset_choices()
        if had_image is None:
            self._choose_first(self._image)
        if had_labels is None and self._image.value is not None:
            self._choose_drawn()

    def _choose_first(self, chooser: Any) -> None:
        """Choose a layer that is no result of ours."""
        given = [one for one in chooser.choices if one is not None and not is_result(one)]
        if given and chooser.value not in given:
            chooser.value = given[0]

    def _choose_drawn(self) -> None:
        """Choose labels that lie on the grid of the image, if there are any."""
        for one in self._labels.choices:
            if one is None or is_result(one):
                continue
            if one.data.shape == self._image.value.data.shape:
                self._labels.value = one
                return

    def _tell(self, *_: object) -> None:
        self.changed.emit()


def is_result(layer: Any) -> bool:
    """Whether a layer was made by this panel."""
    return bool(layer.metadata.get(KEY, {}).get("result"))
