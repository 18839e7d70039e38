# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of one validation slice while a training goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_mtmri.files import write_whole
from napari_mtmri.geometry import Axes, from_stack
from napari_mtmri.train.cases import CaseFile
from napari_mtmri.train.folder import SLICES
from napari_mtmri.upright import View, upright_view

TRUE_COLOR, FOUND_COLOR = (0.0, 0.62, 0.45), (0.95, 0.55, 0.0)
MOST_PIXELS = 512


class SlicePictures:
    """Writes one slice of a validation case, upright, as a network makes it.

    Parameters
    ----------
    out : Path
        Run folder.
    files : sequence of CaseFile
        Of the validation cases, in the order in which they were read.
    """

    def __init__(self, out: Path, files: Sequence[CaseFile]) -> None:
        self._out = out
        self._files = files
        self._way: tuple[Axes, View] | None = None

    def save(self, epoch: int, slices: Mapping[str, np.ndarray] | None) -> str | None:
        """Write the pictures of an epoch; return the newest one's place in the run folder.

        Parameters
        ----------
        slices : mapping of (readout, phase) arrays, or None
            As `Validator.pictures` gives them.
        """
        if slices is None:
            return None
        index, _ = slices["place"]
        if self._way is None:
            volume, _ = self._files[index].open()
            self._way = volume.axes, upright_view(volume, volume.axes.slice)
        peak = max(float(slices["truth"].max()), 1e-12)
        if epoch == 0 or not (self._out / SLICES / "truth.png").exists():
            self._write("truth", slices["truth"] / peak)
            self._write("zero_filled", slices["zero_filled"] / peak)
            self._write("mask", slices["truth"] / peak, slices["labels"], TRUE_COLOR)
        name = f"epoch-{epoch:04d}"
        self._write(name, slices["image"] / peak, slices["found"], FOUND_COLOR)
        return f"{SLICES}/{name}.png"

    def _write(
        self,
        name: str,
        image: np.ndarray,
        labels: np.ndarray | None = None,
        color: tuple[float, float, float] = FOUND_COLOR,
    ) -> None:
        from matplotlib.image import imsave

        picture = np.repeat(self._upright(image)[..., None], 3, axis=-1).clip(0, 1)
        if labels is not None:
            from skimage.segmentation import find_boundaries

            picture[find_boundaries(self._upright(labels) > 0, mode="inner")] = color
        thin = -(-max(picture.shape[:2]) // MOST_PIXELS)
        write_whole(
            self._out / SLICES / f"{name}.png", lambda file: imsave(file, picture[::thin, ::thin])
        )

    def _upright(self, plane: np.ndarray) -> np.ndarray:
        assert self._way is not None  # set by save
        axes, view = self._way
        return view.picture(from_stack(plane[None], axes), 0)
