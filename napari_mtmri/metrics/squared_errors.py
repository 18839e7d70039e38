# SPDX-License-Identifier: BSD-3-Clause
"""Sums of squares of an image pair, for PSNR and NMSE."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_mtmri.metrics.inputs import ImagePair
from napari_mtmri.metrics.object_mask import HOW
from napari_mtmri.metrics.scores import FIELD_OF_VIEW, OBJECT, Scope


@dataclass(frozen=True)
class Sums:
    """Sums over one region of the volume or of a slice, in float64."""

    scope: Scope
    item: int | None
    region: str
    error: float
    reference: float
    count: int

    @property
    def where(self) -> str:
        """Description of the summed region."""
        if self.region == FIELD_OF_VIEW:
            return f"whole field of view of the {self.scope}"
        return f"object in the {self.scope} ({HOW})"


def sums(pair: ImagePair) -> list[Sums]:
    """Return the sums of the volume, then of each slice, for field of view and object.

    Computed slice by slice, so that the volume is never converted to float64 as a whole.
    """
    whole = np.ones(pair.reference.shape[1:], bool)
    total: dict[str, np.ndarray] = {}
    of_slices: list[Sums] = []
    for index, prediction, reference, inside in pair.slices():
        errors, powers = (prediction - reference) ** 2, reference**2
        regions = (
            {FIELD_OF_VIEW: whole} if inside is None else {FIELD_OF_VIEW: whole, OBJECT: inside}
        )
        for region, chosen in regions.items():
            error = float(errors.sum(where=chosen))
            power = float(powers.sum(where=chosen))
            count = int(np.count_nonzero(chosen))
            total.setdefault(region, np.zeros(3))[:] += (error, power, count)
            of_slices.append(Sums("slice", index, region, error, power, count))
    of_volume = [
        Sums("volume", None, region, float(error), float(power), int(count))
        for region, (error, power, count) in total.items()
    ]
    return of_volume + of_slices
