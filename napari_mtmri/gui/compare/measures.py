# SPDX-License-Identifier: BSD-3-Clause
"""Scores, lesions and spectra of the cells: measured in a thread, and shown in their parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_mtmri.compare import (
    Comparison,
    LesionTable,
    ScoreTable,
    SliceScores,
    Spectrum,
    error_spectrum,
    lesion_table,
    most_disputed_slice,
    score_table,
    slice_scores,
)
from napari_mtmri.gui.compare.parts.spectrum import SpectrumPart
from napari_mtmri.gui.compare.parts.strip import StripPart
from napari_mtmri.gui.compare.parts.tables import LesionsPart, ScoresPart
from napari_mtmri.gui.compare.places import Places
from napari_mtmri.gui.jobs import Latest


@dataclass(frozen=True, eq=False)
class Measured:
    """Tables and spectrum of a comparison."""

    comparison: Comparison
    lesions: LesionTable | None
    scores: ScoreTable
    spectrum: Spectrum | None


@dataclass(frozen=True)
class MeasureParts:
    """The parts of the panel that show what is measured."""

    strip: StripPart
    lesions: LesionsPart
    scores: ScoresPart
    spectrum: SpectrumPart


class Measures(QObject):
    """Measures a comparison and one score of its slices, and finds the slices to look at.

    Signals
    -------
    failed : exception
    """

    failed = Signal(object)

    def __init__(self, places: Places, parts: MeasureParts, parent: QObject) -> None:
        super().__init__(parent)
        self._places, self._parts = places, parts
        self._comparison: Comparison | None = None
        self._volumes, self._slices = Latest(self), Latest(self)
        self._volumes.done.connect(self._show)
        self._slices.done.connect(self._show_slices)
        for source in (self._volumes, self._slices):
            source.failed.connect(self.failed)
        parts.strip.worst_asked.connect(self.go_to_worst)
        parts.strip.disputed_asked.connect(self.go_to_disputed)
        parts.strip.slice_asked.connect(places.go_to_slice)

    @property
    def is_busy(self) -> bool:
        """Whether something is measured."""
        return self._volumes.is_busy or self._slices.is_busy

    def show(self, comparison: Comparison | None) -> None:
        """Measure a comparison and show its tables and curves."""
        self._comparison = comparison
        self._parts.strip.show_comparison(comparison)
        if comparison is None:
            self._parts.lesions.show_nothing()
            self._parts.scores.show_nothing()
            self._parts.spectrum.show_spectrum(None)
        else:
            self._volumes.ask(partial(_measured, comparison))
            self.measure_slices()

    def measure_slices(self) -> None:
        """Measure the score of the strip along the plane on screen."""
        comparison, wanted = self._along(), self._parts.strip.wanted
        if comparison is not None and wanted:
            self._slices.ask(partial(_sliced, comparison, wanted))

    def show_slice(self, event: Any = None) -> None:
        """Mark the slice on screen in the strip."""
        number = self._places.slice
        if number is not None:
            self._parts.strip.show_slice(number)

    def go_to_worst(self) -> None:
        """Go to the worst slice of the score in the strip."""
        scores = self._parts.strip.scores
        self._go(None if scores is None else scores.worst())

    def go_to_disputed(self) -> None:
        """Go to the slice in which the masks differ most."""
        comparison = self._along()
        self._go(None if comparison is None else most_disputed_slice(comparison))

    def _go(self, number: int | None) -> None:
        if number is not None:
            self._places.go_to_slice(number)

    def _along(self) -> Comparison | None:
        """Return the comparison with slices along the plane on screen."""
        comparison, axis = self._comparison, self._places.axis
        return comparison if comparison is None or axis is None else comparison.with_view(axis=axis)

    def _show(self, found: Measured) -> None:
        if found.comparison is self._comparison:
            self._parts.lesions.show_table(found.lesions)
            self._parts.scores.show_table(found.scores)
            self._parts.spectrum.show_spectrum(found.spectrum)

    def _show_slices(self, found: tuple[Comparison, SliceScores]) -> None:
        comparison, scores = found
        if self._comparison is None or self._places.axis is None:
            return
        if comparison.axis == self._places.axis:
            self._parts.strip.show_scores(scores)
            self.show_slice()
        else:  # another plane was chosen meanwhile
            self.measure_slices()


def _measured(comparison: Comparison) -> Measured:
    return Measured(
        comparison, lesion_table(comparison), score_table(comparison), error_spectrum(comparison)
    )


def _sliced(comparison: Comparison, score: str) -> tuple[Comparison, SliceScores]:
    return comparison, slice_scores(comparison, score)
