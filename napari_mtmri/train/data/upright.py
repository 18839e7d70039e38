# SPDX-License-Identifier: BSD-3-Clause
"""Slices of a training case as they are displayed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_mtmri.display import SliceView, upright_view
from napari_mtmri.geometry import Axes, from_stack
from napari_mtmri.volume import Volume


@dataclass(frozen=True)
class Upright:
    """Rotates slices of a case upright for pictures.

    Parameters
    ----------
    axes : Axes
        Slice, readout and phase axes of the volume.
    view : SliceView
        Display of its slices.
    """

    axes: Axes
    view: SliceView

    @classmethod
    def of(cls, volume: Volume) -> Upright:
        """Return the converter for the slices of a volume."""
        return cls(volume.axes, upright_view(volume, volume.axes.slice))

    def picture(self, plane: np.ndarray) -> np.ndarray:
        """Return a slice as it is displayed.

        Parameters
        ----------
        plane : array, (readout, phase)

        Returns
        -------
        array, (row, column)
            Upright, first row at the top.
        """
        return self.view.picture(from_stack(plane[None], self.axes), 0)
