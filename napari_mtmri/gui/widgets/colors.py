# SPDX-License-Identifier: BSD-3-Clause
"""Colours of plots, distinct for colour-blind readers, in light and dark themes."""

from __future__ import annotations

from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QWidget

# Okabe and Ito's colours, each with a lighter one for dark themes.
ON_LIGHT = {"image": "#0072B2", "own": "#D55E00", "truth": "#00805E", "error": "#B00020"}
ON_DARK = {"image": "#56B4E9", "own": "#F0A030", "truth": "#2FC99B", "error": "#FF7B72"}
# For any number of lines; a dash pattern per colour tells them apart without it.
SERIES = ("line 1", "line 2", "line 3", "line 4", "line 5", "line 6")
ON_LIGHT |= dict(
    zip(SERIES, ("#0072B2", "#B25000", "#00805E", "#A0457E", "#5B5B5B", "#7A6A00"), strict=True)
)
ON_DARK |= dict(
    zip(SERIES, ("#56B4E9", "#F0A030", "#2FC99B", "#E39CC4", "#C0C0C0", "#F0E442"), strict=True)
)


def text_color(widget: QWidget) -> QColor:
    """Return the theme's text colour on a widget."""
    return widget.palette().color(QPalette.ColorRole.WindowText)


def color_of(widget: QWidget, name: str) -> QColor:
    """Return the variant of a colour that contrasts with a widget's background.

    Parameters
    ----------
    widget : QWidget
    name : {"image", "own", "truth", "error"} or one of `SERIES`
        Reconstruction; U-Net on the reconstruction; U-Net on the fully sampled image; a
        refused value.
    """
    is_dark = text_color(widget).lightness() > 127
    return QColor((ON_DARK if is_dark else ON_LIGHT)[name])
