# SPDX-License-Identifier: BSD-3-Clause
"""Choose the image and the reference mask, and show facts about them."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.layers import Image, Labels
from napari.viewer import Viewer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.errors import MtmriError
from napari_mtmri.geometry import Axes, phase_letters, to_stack
from napari_mtmri.gui.viewer.contributions import drawn_layer
from napari_mtmri.gui.viewer.layer_list import insert_quietly, is_preview, is_result, known_what
from napari_mtmri.gui.viewer.layers import (
    KEY,
    is_ours,
    labels_on,
    labels_view,
    placement_of_layer,
    volume_of,
)
from napari_mtmri.gui.widgets.layer_chooser import LayerChooser
from napari_mtmri.gui.widgets.layout import Flow
from napari_mtmri.gui.widgets.problem import Problem
from napari_mtmri.volume import Volume

NO_LAYER = "No volume: open one, drop a file on the window, or open the sample."
NO_MASK = "none"
ABOUT_IMAGE = "Image to under-sample and reconstruct"
ABOUT_MASK = "Reference segmentation of this image, to score the segmentation; optional"
FROM_MAGNITUDE = "Simulated from a magnitude image: scores are better than with raw k-space."
FROM_COMPLEX = "Simulated from a complex image with its phase."
UNDER_SAMPLED = "Already under-sampled: the reference of all scores is an aliased image."
LAYER_EVENTS = ("inserted", "removed", "renamed")


class InputPart(QWidget):
    """Chooses the image layer and the reference mask.

    Signals
    -------
    changed : another image or mask was chosen
    swap_asked : request to swap phase encoding and readout
    open_asked, open_mask_asked : request to open a file
    sample_asked : request to open the sample
    """

    changed = Signal()
    swap_asked = Signal()
    open_asked = Signal()
    open_mask_asked = Signal()
    sample_asked = Signal()

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._known: tuple[Any, Any, Volume | None] = (None, None, None)
        self.image, self.mask = LayerChooser(ABOUT_IMAGE), LayerChooser(ABOUT_MASK, NO_MASK)
        self.facts, self.banner, self.problem = QLabel(NO_LAYER), QLabel(), Problem()
        for label in (self.facts, self.banner):
            label.setWordWrap(True)
        self.open, self.sample = QPushButton("Open…"), QPushButton("Sample")
        self.swap = QPushButton("Swap phase")
        self.open_mask, self.draw = QPushButton("…"), QPushButton("New")
        self._lay_out()
        for event in LAYER_EVENTS:
            getattr(viewer.layers.events, event).connect(self._refill)
        self._refill()
        self.image.currentIndexChanged.connect(self._image_changed)
        self.mask.currentIndexChanged.connect(self._signal_change)
        for button, signal in (
            (self.open, self.open_asked),
            (self.sample, self.sample_asked),
            (self.swap, self.swap_asked),
            (self.open_mask, self.open_mask_asked),
        ):
            button.clicked.connect(signal)
        self.draw.clicked.connect(self.new_mask)

    def _lay_out(self) -> None:
        self.open.setToolTip("Open volumes")
        self.sample.setToolTip("Open the shipped FLAIR head with an inserted lesion")
        self.swap.setToolTip("Swap the phase-encoding and readout directions (Alt+X)")
        self.open_mask.setToolTip("Open a file with a reference mask")
        self.draw.setToolTip("Add an empty Labels layer on this image, to draw a reference mask")
        masks, buttons = QHBoxLayout(), Flow()
        masks.addWidget(self.mask, stretch=1)
        masks.addWidget(self.open_mask)
        masks.addWidget(self.draw)
        for button in (self.open, self.sample, self.swap):
            buttons.addWidget(button)
        form = QFormLayout()
        form.addRow("Image", self.image)
        form.addRow("Reference mask", masks)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        for widget in (self.facts, self.banner, self.problem):
            layout.addWidget(widget)
        layout.addLayout(buttons)

    def disconnect_viewer(self) -> None:
        """Disconnect from the events of the viewer."""
        for event in LAYER_EVENTS:
            getattr(self._viewer.layers.events, event).disconnect(self._refill)

    def volume(self) -> Volume | None:
        """Return the chosen volume, or None, with the reason shown in the panel."""
        layer = self.image.layer
        if layer is None:
            return None
        if (
            self._known[0] is None
            or self._known[0]() is not layer
            or self._known[1] is not layer.data
        ):
            self.problem.clear()
            volume = None
            try:
                volume = volume_of(layer)
            except MtmriError as why:
                self.problem.show_error(why)
            self._known = (weakref.ref(layer), layer.data, volume)
        return self._known[2]

    def labels(self) -> Volume | None:
        """Return the chosen reference mask, or None if it does not fit; the panel shows why."""
        if self.mask.layer is None or self.image.layer is None:
            return None
        try:
            return labels_on(self.mask.layer, self.image.layer)
        except MtmriError as why:
            self.problem.show_error(why)
            return None

    def drawn_slice(self, axes: Axes, number: int) -> np.ndarray | None:
        """Return a copy of one slice of the reference mask, or None if no mask fits.

        Returns
        -------
        integer array, (readout, phase), or None
        """
        if self.mask.layer is None or not _fits(self.mask.layer, self.image.layer):
            return None
        return to_stack(labels_view(self.mask.layer, self.image.layer), axes)[number].copy()

    def show_facts(self, volume: Volume | None, axes: Axes | None) -> None:
        """Show the facts about the volume."""
        self.swap.setEnabled(volume is not None)
        self.draw.setEnabled(volume is not None)
        self.banner.setVisible(volume is not None)
        if volume is None or axes is None:
            self.facts.setText(NO_LAYER)
            return
        grid = " × ".join(map(str, volume.shape))
        size = " × ".join(f"{step:.3g}" for step in volume.spacing)
        unit = "mm" if volume.spacing_known else "(unit unknown)"
        lines = [
            f"{grid} voxels of {size} {unit}",
            f"{volume.shape[axes.slice]} slices {phase_letters(volume.affine, axes.slice)}, "
            f"phase encoding {phase_letters(volume.affine, axes.phase)} "
            f"({volume.shape[axes.phase]} lines)",
        ]
        if volume.is_oblique:
            lines.append("oblique: shown on its own grid")
        self.facts.setText("\n".join([*lines, *volume.warnings]))
        self.banner.setText(self._origin(volume))

    def _origin(self, volume: Volume) -> str:
        if known_what(self.image.layer) == "zero-filled":
            return UNDER_SAMPLED
        return FROM_COMPLEX if volume.kind == "complex" else FROM_MAGNITUDE

    def new_mask(self) -> None:
        """Add an empty Labels layer on the grid of the image, and choose it."""
        volume, image = self.volume(), self.image.layer
        if volume is None:
            return
        empty = volume.like(np.zeros(volume.shape, np.uint8), kind="labels")
        data, arguments, _ = drawn_layer(empty, f"{image.name} mask")
        arguments.update(placement_of_layer(image).arguments())
        if not is_ours(image):
            arguments["metadata"].pop(KEY)
        layer = Labels(data, **arguments)
        insert_quietly(self._viewer, layer)
        self._viewer.layers.selection.active = layer
        self.mask.choose(layer)

    def _refill(self, event: Any = None) -> None:
        """Refresh the lists; choices are kept, and the first added mask is chosen."""
        before = self.image.layer, self.mask.layer
        layers = [one for one in self._viewer.layers if one.ndim == 3 and not is_preview(one)]
        images = [one for one in layers if isinstance(one, Image) and not one.rgb]
        images = [one for one in images if not is_result(one)] or images
        drawn = [one for one in layers if isinstance(one, Labels) and not is_result(one)]
        active = self._viewer.layers.selection.active
        image = before[0] if before[0] in images else active if active in images else None
        image = image or (images[0] if images else None)
        mask = before[1] if before[1] in drawn else None
        self.image.fill(images, image)
        if mask is None and image is not before[0]:
            mask = next((one for one in drawn if _fits(one, image)), None)
        elif mask is None and len(drawn) == 1 and _is_new(event, drawn[0]):
            mask = drawn[0] if _fits(drawn[0], image) else None
        self.mask.fill(drawn, mask)
        if (self.image.layer, self.mask.layer) != before:
            self._signal_change()

    def _image_changed(self, *_: object) -> None:
        mask = self.mask.layer
        if mask is None or not _fits(mask, self.image.layer):
            fitting = [known for known in self.mask._layers if known and known()]
            self.mask.blockSignals(True)
            self.mask.choose(next((k() for k in fitting if _fits(k(), self.image.layer)), None))
            self.mask.blockSignals(False)
        self._signal_change()

    def _signal_change(self, *_: object) -> None:
        self.changed.emit()


def _is_new(event: Any, layer: Any) -> bool:
    return event is not None and event.type == "inserted" and event.value is layer


def _fits(labels: Any, image: Any) -> bool:
    """Return whether labels are on the grid of an image."""
    if labels is None or image is None:
        return False
    try:
        labels_view(labels, image)
    except MtmriError:
        return False
    return True
