# SPDX-License-Identifier: BSD-3-Clause
"""Figure of the error spectrum of a comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_mtmri.compare.comparison import NOT_COMPARED, Comparison
from napari_mtmri.compare.figure import save_drawn
from napari_mtmri.compare.spectrum import error_spectrum
from napari_mtmri.errors import RequestError
from napari_mtmri.plotting import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, YELLOW

_CURVES = (BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW, BLACK)
_STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 2)))


def save_spectrum_figure(comparison: Comparison, path: Path) -> None:
    """Write the error spectrum of the compared cells: .png, .pdf or .svg.

    Raises
    ------
    RequestError
        If there is no reference to compare with, or the extension is wrong.
    ResourceError
        If the file cannot be written.
    """
    save_drawn(draw_spectrum(comparison), path)


def draw_spectrum(comparison: Comparison) -> Any:
    """Return the matplotlib figure of the error spectrum, relative to the reference.

    Raises
    ------
    RequestError
        If there is no reference to compare with.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    spectrum = error_spectrum(comparison)
    if spectrum is None or not spectrum.errors:
        raise RequestError(f"an error spectrum needs a `reference` and an image: {NOT_COMPARED}")
    figure = Figure(figsize=(7.5, 4), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.add_subplot()
    for place, name in enumerate(spectrum.errors):
        axis.semilogy(
            spectrum.frequency, spectrum.relative(name), label=name,
            color=_CURVES[place % len(_CURVES)], linestyle=_STYLES[place % len(_STYLES)],
        )  # fmt: skip
    axis.axhline(1, color="#888888", linewidth=0.8)
    axis.text(
        0.01, 1.1, "as much error as detail", transform=axis.get_yaxis_transform(), fontsize=8,
        color="#555555",
    )  # fmt: skip
    axis.set_xlabel(
        f"spatial frequency ({spectrum.unit}): coarse on the left, fine detail on the right"
    )
    axis.set_ylabel("error energy / energy of the reference")
    axis.legend(frameon=False, fontsize=9)
    return figure
