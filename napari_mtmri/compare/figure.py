# SPDX-License-Identifier: BSD-3-Clause
"""Figure of a comparison: images with masks, error maps below, and an inset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_mtmri.compare.comparison import Comparison


def draw_comparison(comparison: Comparison) -> Any:
    """Return the matplotlib figure that `save_comparison_figure` writes."""
    raise NotImplementedError


def save_comparison_figure(comparison: Comparison, path: Path) -> None:
    """Write the figure of the shown slice; the extension sets the format."""
    raise NotImplementedError


def save_spectrum_figure(comparison: Comparison, path: Path) -> None:
    """Write the error spectrum of the compared cells."""
    raise NotImplementedError
