# SPDX-License-Identifier: BSD-3-Clause
"""Choose the image and the reference mask, and show facts about them."""

from __future__ import annotations

import weakref
from collections.abc import Hashable
from functools import partial
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
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_mtmri.errors import MtmriError
from napari_mtmri.geometry import Axes, to_stack
from napari_mtmri.gui.jobs import Latest
from napari_mtmri.gui.reconstruct.parts.mask_watch import MaskWatch
from napari_mtmri.gui.viewer.contributions import drawn_layer
from napari_mtmri.gui.viewer.elsewhere import n_frames, why_no_volume
from napari_mtmri.gui.viewer.layer_list import (
    fits,
    insert_quietly,
    is_preview,
    is_result,
    known_what,
)
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
ONLY_LABELS = "Only labels are open: open the image that they were drawn on."
ONLY_RESULTS = (
    "Only results are open: open their image, or choose a result above to under-sample it again."
)
MOST_REASONS = 3
NO_MASK = "none"
ABOUT_IMAGE = "Image to under-sample and reconstruct"
ABOUT_MASK = "Reference segmentation of this image, to score the segmentation; optional"
FROM_MAGNITUDE = "Simulated from a magnitude image: scores are better than with raw k-space."
FROM_COMPLEX = "Simulated from a complex image with its phase."
UNDER_SAMPLED = "Already under-sampled: the reference of all scores is an aliased image."
OUTPUT = "Output of {run}, not an acquired image: scores compare with this output."
LAYER_EVENTS = ("inserted", "removed", "renamed")


class InputPart(QWidget):
    """Chooses the image layer and the reference mask.

    Signals
    -------
    changed : another image, frame or mask was chosen
    repainted : the reference mask was changed
    swap_asked : request to swap phase encoding and readout
    open_asked, open_mask_asked : request to open a file
    sample_asked : request to open the sample
    """

    changed = Signal()
    repainted = Signal()
    swap_asked = Signal()
    open_asked = Signal()
    open_mask_asked = Signal()
    sample_asked = Signal()

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._known: tuple[Any, Any, int | None, Volume | None] = (None, None, None, None)
        self._refused: Volume | None = None  # its voxels cannot be used
        self._checking = Latest(self)
        self._checking.done.connect(self._checked)
        self._painting = MaskWatch(self)
        self._painting.repainted.connect(self.repainted)
        self.frame = QSpinBox()
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
        self.frame.valueChanged.connect(self._frame_changed)
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
        self.frame.setToolTip("Frame of a series of volumes; the same as napari's slider")
        self.frame.setKeyboardTracking(False)
        form = self._form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)  # narrow with large fonts
        form.addRow("Image", self.image)
        form.addRow("Frame", self.frame)
        form.addRow("Reference mask", masks)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        for widget in (self.facts, self.banner, self.problem):
            layout.addWidget(widget)
        layout.addLayout(buttons)

    def disconnect_viewer(self) -> None:
        """Disconnect from the events of the viewer and of the mask."""
        self._painting.follow(None)
        for event in LAYER_EVENTS:
            getattr(self._viewer.layers.events, event).disconnect(self._refill)

    def volume(self) -> Volume | None:
        """Return the chosen volume, or None, with the reason shown in the panel."""
        layer = self.image.layer
        if layer is None:
            return None
        frame = self.frame.value() if n_frames(layer) > 1 else None
        known, data, before, _ = self._known
        if known is None or known() is not layer or data is not layer.data or before != frame:
            self.problem.clear()
            volume = None
            try:
                volume = volume_of(layer, 0 if frame is None else frame)
            except MtmriError as why:
                self.problem.show_error(why)
            self._known = (weakref.ref(layer), layer.data, frame, volume)
            if volume is not None:
                self._checking.ask(partial(_check, volume))
        found = self._known[3]
        return None if found is self._refused else found

    def _checked(self, checked: tuple[Volume, MtmriError | None]) -> None:
        volume, why = checked
        if why is not None and volume is self._known[3]:
            self._refused = volume
            self.problem.show_error(why)
            self._signal_change()

    def case(self) -> Hashable:
        """Return the identity of the chosen volume: the same if its file is opened again."""
        layer, volume = self.image.layer, self.volume()
        if layer is None or volume is None:
            return None
        return volume.name, volume.sha256 or layer.unique_id

    def mask_version(self) -> Hashable:
        """Return the identity of the labels in the reference mask."""
        layer = self.mask.layer
        return None if layer is None else self._painting.version

    def follow_slider(self) -> None:
        """Choose the frame on screen."""
        frame = self._frame_on_screen()
        if frame is not None:
            self.frame.setValue(frame)

    def _frame_on_screen(self) -> int | None:
        """Return the frame that napari's slider shows, or None for a layer without frames."""
        layer, dims = self.image.layer, self._viewer.dims
        axis = dims.ndim - 4
        if n_frames(layer) == 1 or axis < 0 or axis in dims.displayed:
            return None
        at = layer.world_to_data(dims.point[axis:])[0]
        return int(np.clip(np.floor(at + 0.5), 0, n_frames(layer) - 1))

    def _frame_changed(self, frame: int) -> None:
        layer, dims = self.image.layer, self._viewer.dims
        if layer is not None and self._frame_on_screen() not in (None, frame):
            axis = dims.ndim - 4
            dims.set_point(axis, float(layer.data_to_world((frame, 0, 0, 0))[0]))
        self._signal_change()

    def _show_frames(self) -> None:
        count = n_frames(self.image.layer)
        self._form.setRowVisible(self.frame, count > 1)
        self.frame.blockSignals(True)
        self.frame.setRange(0, count - 1)
        self.frame.setSuffix(f" of 0–{count - 1}")
        self.frame.setValue(self._frame_on_screen() or 0)
        self.frame.blockSignals(False)

    def labels(self) -> Volume | None:
        """Return the chosen reference mask, or None if it does not fit; the panel shows why."""
        if self.mask.layer is None or self.image.layer is None:
            return None
        try:
            return labels_on(self.mask.layer, self.image.layer, self.volume())
        except MtmriError as why:
            self.problem.show_error(why)
            return None

    def drawn_slice(self, axes: Axes, number: int) -> np.ndarray | None:
        """Return a copy of one slice of the reference mask, or None if no mask fits.

        Returns
        -------
        integer array, (readout, phase), or None
        """
        if self.mask.layer is None or not fits(self.mask.layer, self.image.layer):
            return None
        return to_stack(labels_view(self.mask.layer, self.image.layer), axes)[number].copy()

    def show_facts(self, volume: Volume | None, axes: Axes | None) -> None:
        """Show the facts about the volume."""
        self.swap.setEnabled(volume is not None)
        self.draw.setEnabled(volume is not None)
        self.banner.setVisible(volume is not None)
        if volume is None or axes is None:
            self.facts.setText(self._why_none())
            return
        grid = " × ".join(map(str, volume.shape))
        size = " × ".join(f"{step:.3g}" for step in volume.spacing)
        unit = "mm" if volume.spacing_known else "(unit unknown)"
        along = "" if volume.directions_known else "along "
        lines = [
            f"{grid} voxels of {size} {unit}",
            f"{volume.shape[axes.slice]} slices {along}{volume.ends(axes.slice)}, "
            f"phase encoding {along}{volume.ends(axes.phase)} "
            f"({volume.shape[axes.phase]} lines)",
        ]
        if volume.is_oblique:
            lines.append("oblique: shown on its own grid")
        self.facts.setText("\n".join([*lines, *volume.warnings]))
        self.banner.setText(self._origin(volume))

    def _why_none(self) -> str:
        """Return why there is no volume, for what is open."""
        layer = self.image.layer
        if layer is not None:
            return f"{layer.name} cannot be used:" if self.problem.text else NO_LAYER
        others = [one for one in self._viewer.layers if not is_preview(one)]
        images = [one for one in others if isinstance(one, Image) and not is_result(one)]
        reasons = [f"{one.name}: {why_no_volume(one)}" for one in images]
        if reasons:
            return "\n".join(["No volume:", *reasons[:MOST_REASONS]])
        if any(is_result(one) for one in others):
            return ONLY_RESULTS
        return ONLY_LABELS if any(isinstance(one, Labels) for one in others) else NO_LAYER

    def _origin(self, volume: Volume) -> str:
        layer = self.image.layer
        if known_what(layer) == "zero-filled":
            return UNDER_SAMPLED
        if is_result(layer):
            return OUTPUT.format(run=layer.metadata[KEY]["run"])
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
        layers = [one for one in self._viewer.layers if not is_preview(one)]
        usable = [one for one in layers if isinstance(one, Image) and why_no_volume(one) is None]
        images = [one for one in usable if not is_result(one)]
        results = [one for one in usable if is_result(one)]  # to choose by hand alone
        drawn = [
            one
            for one in layers
            if isinstance(one, Labels) and one.ndim == 3 and not is_result(one)
        ]
        active = self._viewer.layers.selection.active
        image = before[0] if before[0] in usable else active if active in images else None
        image = image or (images[0] if images else None)
        mask = before[1] if before[1] in drawn else None
        self.image.fill(images + results, image)
        if image is not before[0]:
            self._show_frames()
        if mask is None and image is not before[0]:
            mask = next((one for one in drawn if fits(one, image)), None)
        elif mask is None and len(drawn) == 1 and _is_new(event, drawn[0]):
            mask = drawn[0] if fits(drawn[0], image) else None
        self.mask.fill(drawn, mask)
        if (self.image.layer, self.mask.layer) != before:
            self._signal_change()
        elif self.image.layer is None:
            self.facts.setText(self._why_none())

    def _image_changed(self, *_: object) -> None:
        self._show_frames()
        mask = self.mask.layer
        if mask is None or not fits(mask, self.image.layer):
            fitting = [known for known in self.mask._layers if known and known()]
            self.mask.blockSignals(True)
            self.mask.choose(next((k() for k in fitting if fits(k(), self.image.layer)), None))
            self.mask.blockSignals(False)
        self._signal_change()

    def _signal_change(self, *_: object) -> None:
        self._painting.follow(self.mask.layer)
        if self._known[3] is not self._refused:
            self.problem.clear()
        self.changed.emit()


def _is_new(event: Any, layer: Any) -> bool:
    return event is not None and event.type == "inserted" and event.value is layer


def _check(volume: Volume) -> tuple[Volume, MtmriError | None]:
    """Return a volume, and why its voxels cannot be used, or None."""
    try:
        volume.magnitude()
    except MtmriError as why:
        return volume, why
    return volume, None
