# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of slices during a training: input, reconstruction and labels, upright."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from napari_mtmri.files import write_whole
from napari_mtmri.plotting import PREDICTED_COLOUR, REFERENCE_COLOUR
from napari_mtmri.train.data.cases import Case
from napari_mtmri.train.folder.layout import SLICES
from napari_mtmri.volume import bright_value

OUTLINES_IN_PICTURE = 100  # width of a picture, in widths of an outline
MOST_PIXELS = 512


def outlined(
    plane: np.ndarray, labels: np.ndarray | None = None, colour: str = REFERENCE_COLOUR
) -> np.ndarray:
    """Return a slice as an RGB picture, with outlined labels.

    The outline lies around the labels, so that a small lesion is seen, and is thick enough to
    be seen in a picture a few centimetres wide.

    Parameters
    ----------
    plane : float array, (row, column)
        0 is black, 1 is white.
    labels : integer array, (row, column), optional
    colour : str
        Colour of the outline.

    Returns
    -------
    uint8 array, (row, column, 3)
    """
    picture = np.repeat((plane[..., None].clip(0, 1) * 255).astype(np.uint8), 3, axis=-1)
    if labels is not None:
        from matplotlib.colors import to_rgb
        from scipy.ndimage import binary_dilation

        inside = labels > 0
        wide = max(1, round(max(labels.shape) / OUTLINES_IN_PICTURE))
        edge = binary_dilation(inside, iterations=wide) & ~inside
        picture[edge] = np.round(255 * np.array(to_rgb(colour)))
    return np.ascontiguousarray(picture)


class SlicePictures:
    """Writes pictures of one validation slice after each epoch.

    Parameters
    ----------
    out : Path
        Training folder.
    cases : sequence of Case
        Validation cases.
    """

    def __init__(self, out: Path, cases: Sequence[Case]) -> None:
        self._out, self._cases = out, cases

    def save(self, epoch: int, slices: Mapping[str, np.ndarray] | None) -> str | None:
        """Write the pictures of an epoch.

        Parameters
        ----------
        epoch : int
        slices : mapping of str to array, (readout, phase), or None
            From `Validator.pictures`.

        Returns
        -------
        str or None
            Path of the new picture, relative to the training folder.
        """
        if slices is None:
            return None
        shown = self._cases[slices["place"][0]]
        upright = {name: shown.picture(slices[name]) for name in slices if name != "place"}
        peak = bright_value(slices["truth"])
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
