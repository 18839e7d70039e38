# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of slices as a training sees and makes them, upright."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_mtmri.display import SliceView, upright_view
from napari_mtmri.files import write_whole
from napari_mtmri.geometry import Axes, from_stack
from napari_mtmri.plotting import PREDICTED_COLOUR, REFERENCE_COLOUR
from napari_mtmri.train.data.cases import CaseFile
from napari_mtmri.train.folder.layout import SLICES

MOST_PIXELS = 512


@dataclass(frozen=True)
class Way:
    """How slices of a case's stack are shown.

    Parameters
    ----------
    axes : Axes
    view : SliceView
    """

    axes: Axes
    view: SliceView

    @classmethod
    def of(cls, file: CaseFile) -> Way:
        """Return that of a case, which is read for it."""
        volume, _ = file.open()
        return cls(volume.axes, upright_view(volume, volume.axes.slice))

    def upright(self, plane: np.ndarray) -> np.ndarray:
        """Return a slice (readout, phase) with its rows downwards."""
        return self.view.picture(from_stack(plane[None], self.axes), 0)


def outlined(
    plane: np.ndarray, labels: np.ndarray | None = None, colour: str = REFERENCE_COLOUR
) -> np.ndarray:
    """Return an upright slice, 0 black and 1 white, with labels outlined.

    Parameters
    ----------
    plane : float array (rows, columns)
    labels : integer array, same shape, optional
    colour : str

    Returns
    -------
    uint8 array (rows, columns, 3)
    """
    picture = np.repeat((plane[..., None].clip(0, 1) * 255).astype(np.uint8), 3, axis=-1)
    if labels is not None:
        from matplotlib.colors import to_rgb
        from skimage.segmentation import find_boundaries

        edge = find_boundaries(labels > 0, mode="inner")
        picture[edge] = np.round(255 * np.array(to_rgb(colour)))
    return np.ascontiguousarray(picture)


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
        self._out, self._files = out, files
        self._way: Way | None = None

    def save(self, epoch: int, slices: Mapping[str, np.ndarray] | None) -> str | None:
        """Write the pictures of an epoch; return the newest one's place in the run folder.

        Parameters
        ----------
        slices : mapping of (readout, phase) arrays, or None
            As `Validator.pictures` gives them.
        """
        if slices is None:
            return None
        if self._way is None:
            self._way = Way.of(self._files[slices["place"][0]])
        upright = {name: self._way.upright(slices[name]) for name in slices if name != "place"}
        peak = max(float(slices["truth"].max()), 1e-12)
        if epoch == 0 or not (self._out / SLICES / "truth.png").exists():
            self._write("truth", outlined(upright["truth"] / peak))
            self._write("zero_filled", outlined(upright["zero_filled"] / peak))
            self._write("mask", outlined(upright["truth"] / peak, upright["labels"]))
        name = f"epoch-{epoch:04d}"
        self._write(name, outlined(upright["image"] / peak, upright["found"], PREDICTED_COLOUR))
        return f"{SLICES}/{name}.png"

    def _write(self, name: str, picture: np.ndarray) -> None:
        from matplotlib.image import imsave

        thin = -(-max(picture.shape[:2]) // MOST_PIXELS)
        small = np.ascontiguousarray(picture[::thin, ::thin])
        write_whole(self._out / SLICES / f"{name}.png", lambda file: imsave(file, small))
