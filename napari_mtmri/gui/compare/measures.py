# SPDX-License-Identifier: BSD-3-Clause
"""Scores, lesions and spectra of the cells, measured in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from qtpy.QtCore import QObject, Signal

from napari_mtmri.compare import (
    Comparison,
    LesionTable,
    ScoreTable,
    SliceScores,
    Spectrum,
    error_spectrum,
    lesion_table,
    score_table,
    slice_scores,
)
from napari_mtmri.gui.jobs import Latest


@dataclass(frozen=True, eq=False)
class Measured:
    """Tables and spectrum of a comparison."""

    comparison: Comparison
    lesions: LesionTable | None
    scores: ScoreTable
    spectrum: Spectrum | None


class Measures(QObject):
    """Measures a comparison, and one score of its slices.

    Signals
    -------
    measured : Measured
    sliced : the comparison, and its `SliceScores`
    failed : exception
    """

    measured = Signal(object)
    sliced = Signal(object, object)
    failed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._volumes, self._slices = Latest(self), Latest(self)
        self._volumes.done.connect(self.measured)
        self._slices.done.connect(self._sliced)
        for source in (self._volumes, self._slices):
            source.failed.connect(self.failed)

    @property
    def is_busy(self) -> bool:
        """Whether something is measured."""
        return self._volumes.is_busy or self._slices.is_busy

    def measure(self, comparison: Comparison) -> None:
        """Measure the tables and the spectrum."""
        self._volumes.ask(partial(_measured, comparison))

    def measure_slices(self, comparison: Comparison, score: str) -> None:
        """Measure a score of the slices along the axis of the view."""
        self._slices.ask(partial(_sliced, comparison, score))

    def _sliced(self, found: tuple[Comparison, SliceScores]) -> None:
        self.sliced.emit(*found)


def _measured(comparison: Comparison) -> Measured:
    return Measured(
        comparison, lesion_table(comparison), score_table(comparison), error_spectrum(comparison)
    )


def _sliced(comparison: Comparison, score: str) -> tuple[Comparison, SliceScores]:
    return comparison, slice_scores(comparison, score)
