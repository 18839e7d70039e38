# SPDX-License-Identifier: BSD-3-Clause
"""Small line plot with a legend, in the colours of the theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_mtmri.gui.widgets.colors import color_of, text_color
from napari_mtmri.gui.widgets.layout import DRAWS_TEXT

WIDTH_LINES, HEIGHT_LINES = 8, 7  # minimum size, in text line heights
SOLID, DASHED = Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine
BAND_ALPHA = 50
MOST_SHOWN = 5  # most tick labels along a logarithmic axis


@dataclass(frozen=True)
class Line:
    """One line of a plot.

    Parameters
    ----------
    name : str
        Name in the legend.
    color : str
        See `color_of`.
    is_dashed : bool
        Whether it is dashed, to distinguish it without colour.
    has_marks : bool
        Whether each value has a marker.
    """

    name: str
    color: str
    is_dashed: bool = False
    has_marks: bool = False


class Plot(QWidget):
    """Line plot with a legend above it and without mouse interaction.

    Parameters
    ----------
    title : str
    lines : sequence of Line
    is_log : bool
        Whether the vertical axis is logarithmic; values that are not positive are left out.
    """

    def __init__(self, title: str, lines: Sequence[Line], is_log: bool = False) -> None:
        super().__init__()
        self._title, self._is_log = title, is_log
        self._lines: list[Line] = []
        self.legend = QLabel()
        self.setProperty(DRAWS_TEXT, True)
        self.legend.setWordWrap(True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.canvas = _Canvas()
        self.canvas.setAccessibleName(title)
        self.canvas.getPlotItem().setLogMode(y=is_log)
        self.curves: dict[str, pg.PlotDataItem] = {}
        self._drawn: set[str] = set()
        self._edges: dict[str, tuple[Any, Any, Any]] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.legend)
        layout.addWidget(self.canvas)
        for line in lines:
            self._make(line)
        self._color()

    def add_line(self, line: Line) -> None:
        """Add a line, unless there is one of this name."""
        if line.name not in self.curves:
            self._make(line)
            self._color()

    def _make(self, line: Line) -> None:
        self._lines.append(line)
        low, high = pg.PlotCurveItem(), pg.PlotCurveItem()
        band = pg.FillBetweenItem(low, high)
        self._edges[line.name] = (low, high, band)
        self.curves[line.name] = self.canvas.plot()

    def show_line(
        self,
        name: str,
        x: np.ndarray,
        y: np.ndarray,
        band: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:
        """Show a line, optionally with a band around it.

        Parameters
        ----------
        name : str
            Name of the `Line`.
        x, y : float array (n,)
        band : (float array (n,), float array (n,)), optional
            Minimum and maximum at each ``x``.
        """
        seen = y > 0 if self._is_log else np.isfinite(y)
        self.curves[name].setData(x[seen], y[seen])
        if (name in self._drawn) != bool(seen.any()):
            self._drawn ^= {name}
            self._update_legend()
        if band is not None:
            low, high, between = self._edges[name]
            if between.scene() is None:  # without data it would draw the range to 0
                self.canvas.addItem(between)
            for edge, values in zip((low, high), band, strict=True):
                least = values[seen].min(initial=1.0, where=values[seen] > 0)
                kept = np.maximum(values[seen], least)
                edge.setData(x[seen], np.log10(kept) if self._is_log else values[seen])
        # Updating the range now avoids a second drawing.
        self.canvas.getViewBox().prepareForPaint()

    def clear(self) -> None:
        """Show nothing."""
        nothing = np.empty(0)
        for name in self.curves:
            self.show_line(name, nothing, nothing, (nothing, nothing))

    def changeEvent(self, event: Any) -> None:
        """Apply the colours of a new theme and the size of a new font."""
        super().changeEvent(event)
        wanted = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange, QEvent.Type.FontChange)
        if event.type() in wanted and hasattr(self, "_edges"):
            self._color()

    def _color(self) -> None:
        for line in self._lines:
            color = color_of(self, line.color)
            style = DASHED if line.is_dashed else SOLID
            curve = self.curves[line.name]
            curve.setPen(pg.mkPen(color, width=2, style=style))
            if line.has_marks:
                curve.setSymbol("s" if line.is_dashed else "o")
                curve.setSymbolSize(5)
                curve.setSymbolBrush(color)
                curve.setSymbolPen(None)
            faint = pg.mkColor(color)
            faint.setAlpha(BAND_ALPHA)
            self._edges[line.name][2].setBrush(faint)
        self.canvas.color(text_color(self), self.font())
        self._update_legend()

    def _update_legend(self) -> None:
        """Name the shown lines in the legend."""
        self.canvas.setVisible(bool(self._drawn))  # empty axes would be misleading
        texts = [f"<b>{self._title}</b>"]
        for line in self._lines:
            if line.name in self._drawn:
                color, sign = color_of(self, line.color), "╍╍" if line.is_dashed else "━━"
                name = line.name.replace(" ", "&nbsp;")
                texts.append(f'<span style="color:{color.name()}">{sign}</span>&nbsp;{name}')
        self.legend.setText("&nbsp; ".join(texts if self._drawn else [*texts, "—"]))


class _Canvas(pg.PlotWidget):
    """Plot that can be made small, and leaves the mouse wheel to its panel."""

    def __init__(self) -> None:
        super().__init__(background=None, enableMenu=False, axisItems={"left": _Side("left")})
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        # pyqtgraph creates this menu without a parent, so that it would outlive the plot.
        self.getPlotItem().ctrlMenu.setParent(self, Qt.WindowType.Popup)
        self.setFrameShape(self.Shape.NoFrame)

    def color(self, text: Any, font: Any) -> None:
        self.resetCachedContent()  # pyqtgraph keeps the background of the theme before
        self.setFont(font)
        self.getPlotItem().setContentsMargins(0, self.fontMetrics().height() / 2, 0, 0)
        self.updateGeometry()
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(text)
            axis.setTextPen(text)
            axis.setStyle(tickFont=font)
            axis.enableAutoSIPrefix(False)

    def sizeHint(self) -> QSize:
        """Small."""
        line = self.fontMetrics().height()
        return QSize(WIDTH_LINES * line, HEIGHT_LINES * line)

    def minimumSizeHint(self) -> QSize:
        """Same as `sizeHint`."""
        return self.sizeHint()

    def wheelEvent(self, event: Any) -> None:
        """Ignore the wheel, so that the panel scrolls."""
        event.ignore()


class _Side(pg.AxisItem):
    """Logarithmic axis with numbers like 10 and 0.1 instead of powers.

    If there are many, only numbers that begin with 1, 2 or 5 are shown, to avoid overlap.
    """

    def logTickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        texts = [f"{10.0**value:g}" for value in values]
        if len(texts) <= MOST_SHOWN:
            return texts
        first = (word.lstrip("0.")[0] for word in texts)
        return [word if digit in "125" else "" for word, digit in zip(texts, first, strict=True)]
