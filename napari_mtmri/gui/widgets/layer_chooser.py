# SPDX-License-Identifier: BSD-3-Clause
"""List of viewer layers to choose from."""

from __future__ import annotations

import weakref
from typing import Any

from qtpy.QtWidgets import QComboBox


class LayerChooser(QComboBox):
    """List of viewer layers, held by weak references."""

    def __init__(self, about: str, none: str | None = None) -> None:
        super().__init__()
        self._about, self._none = about, none
        self._layers: list[Any] = []
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setPlaceholderText("none chosen")
        self.currentIndexChanged.connect(self._show_name)

    @property
    def layer(self) -> Any:
        """The chosen layer, or None."""
        at = self.currentIndex()
        found = self._layers[at] if 0 <= at < len(self._layers) else None
        return None if found is None else found()

    def fill(self, layers: list[Any], wanted: Any) -> None:
        """List these layers and choose one, without emitting signals."""
        self.blockSignals(True)
        self.clear()
        self._layers = []
        if self._none is not None:
            self.addItem(self._none)
            self._layers.append(None)
        for layer in layers:
            self.addItem(layer.name)
            self._layers.append(weakref.ref(layer))
        self.choose(wanted)
        self._show_name()
        self.blockSignals(False)

    def choose(self, layer: Any) -> None:
        """Choose a listed layer, else the entry for none, if there is one."""
        for at, known in enumerate(self._layers):
            if layer is not None and known is not None and known() is layer:
                self.setCurrentIndex(at)
                return
        self.setCurrentIndex(-1 if self._none is None else 0)

    def _show_name(self, *_: object) -> None:
        """Show the full name in the tooltip, because the list may cut it off."""
        self.setToolTip("\n".join(text for text in (self.currentText(), self._about) if text))
