# SPDX-License-Identifier: BSD-3-Clause
"""The error spectrum: error energy over spatial frequency, one curve per cell."""

from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_mtmri.compare import NOT_COMPARED, Spectrum
from napari_mtmri.gui.compare.parts.strip import lines_of
from napari_mtmri.gui.widgets.plot import Plot

ABOUT = (
    "Energy of the error divided by that of the reference, over spatial frequency in {unit}; "
    "low frequencies are coarse shapes, high ones fine detail. 1 means that all detail is lost."
)


class SpectrumPart(QWidget):
    """Curves of the relative error energy of each cell."""

    def __init__(self) -> None:
        super().__init__()
        self.plot, self.note = Plot("error / reference", (), is_log=True), QLabel(NOT_COMPARED)
        self.note.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot, stretch=1)
        layout.addWidget(self.note)

    def show_spectrum(self, spectrum: Spectrum | None) -> None:
        """Draw the curves."""
        names = () if spectrum is None else tuple(spectrum.errors)
        if names != tuple(self.plot.curves):
            plot = Plot("error / reference", lines_of(names), is_log=True)
            self.layout().replaceWidget(self.plot, plot)
            self.plot.hide()
            self.plot.deleteLater()
            self.plot = plot
        if spectrum is None:
            self.note.setText(NOT_COMPARED)
            return
        for name in names:
            self.plot.show_line(name, spectrum.frequency, np.nan_to_num(spectrum.relative(name)))
        self.note.setText(ABOUT.format(unit=spectrum.unit))
