# SPDX-License-Identifier: BSD-3-Clause
"""Insert a simulated lesion into an image; made the shipped sample and serves detection tests.

A lesion is a fraction of each voxel (``share``, 0 to 1) and a gain: the local mean intensity,
multiplied by share and gain, is added to the image. Noise and fine texture are not changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.volume import Volume

LOCAL_MM = 2.0  # standard deviation of the blur that gives the local mean intensity
FINE = 4  # sub-voxels along each axis, for the fraction of a voxel inside the lesion
SPHERE_FINE = 16  # sub-voxels along the diameter of a sphere
FLUID, TISSUE = 0.30, 0.60  # relative to a typical tissue: all fluid below, all tissue above
_BLUR_REACH = 4.0  # scipy cuts a Gaussian off at four standard deviations

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class InsertedLesion:
    """A spherical lesion.

    Parameters
    ----------
    center : (float, float, float)
        Voxel coordinates (i, j, k); whole numbers are voxel centres.
    diameter : float
        In mm.
    contrast : float
        Signal added to the lesion's region, divided by the signal of that region before:
        0.3 makes it 30 % brighter, -0.3 darker.

    Raises
    ------
    RequestError
        If a number is out of range.
    """

    center: tuple[float, float, float]
    diameter: float
    contrast: float

    def __post_init__(self) -> None:
        """Check the numbers."""
        center = tuple(float(one) for one in self.center)
        object.__setattr__(self, "center", center)
        if len(center) != 3 or not all(map(math.isfinite, center)):
            raise RequestError(
                f"`center` {self.center} is not a point; give three voxel coordinates."
            )
        if not 0 < self.diameter < math.inf:
            raise RequestError(f"`diameter` {self.diameter} mm is not above 0; choose 3 to 20.")
        if not (math.isfinite(self.contrast) and self.contrast > -1 and self.contrast != 0):
            raise RequestError(
                f"`contrast` {self.contrast} is not above -1 and different from 0; choose 0.3 for "
                "30 % brighter than its surroundings."
            )


def insert_sphere(volume: Volume, lesion: InsertedLesion) -> tuple[Volume, Volume]:
    """Return the image with a spherical lesion, and the fraction of each voxel that is lesion.

    Parameters
    ----------
    volume : Volume
        Magnitude image; its voxel size must be known.
    lesion : InsertedLesion

    Returns
    -------
    image : Volume
        float32, in the unit of the input; equal to its magnitude where the fraction is 0.
    share : Volume
        float32, 0 to 1.

    Raises
    ------
    InputError
        If the volume is not an image, or its file does not state the voxel size.
    RequestError
        If the center is outside of the volume, or there is no signal.

    Examples
    --------
    >>> from napari_mtmri.inserted_lesion import InsertedLesion, insert_sphere
    >>> from napari_mtmri.samples import phantom
    >>> image, _ = phantom(lesion=False)
    >>> after, share = insert_sphere(image, InsertedLesion((42, 32, 8), 8, 0.3))
    >>> added = (after.magnitude() - image.magnitude()).sum(dtype=float)
    >>> round(float(added / (share.data * image.magnitude()).sum(dtype=float)), 3)
    0.3
    """
    if not volume.spacing_known:
        raise InputError(
            f"{volume.name}: its file does not state the voxel size, so a diameter in mm has no "
            "meaning; give `voxel_mm`."
        )
    before = volume.magnitude()
    share, box = sphere_share(volume.shape, volume.spacing, lesion)
    wide = _widened(box, volume.shape, volume.spacing)
    inner = tuple(
        slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, wide, strict=True)
    )
    local = local_mean(before[wide].astype(np.float64), np.array(volume.spacing))[inner]
    asked = lesion.contrast * float((share * before[box]).sum())
    given = float((share * local).sum())
    if not given > 0:
        raise RequestError(
            f"{volume.name}: there is no signal at `center` {lesion.center}; choose a point inside "
            "the head."
        )
    after, shares = before.copy(), np.zeros(volume.shape, np.float32)
    changed = brightened(before[box], share, asked / given, local)
    after[box] = np.where(share > 0, changed, before[box])
    shares[box] = share
    name = f"{volume.name} with lesion"
    return volume.like(after, name=name), volume.like(shares, name=f"{volume.name} lesion share")


def sphere_share(
    shape: tuple[int, int, int], spacing: tuple[float, float, float], lesion: InsertedLesion
) -> tuple[Array, tuple[slice, slice, slice]]:
    """Return the fraction of each voxel inside a sphere, and the box of voxels it is for.

    Parameters
    ----------
    shape : (int, int, int)
        Of the whole volume.
    spacing : (float, float, float)
        In mm.
    lesion : InsertedLesion

    Returns
    -------
    share : float64 array, (i, j, k) of the box
    box : (slice, slice, slice)

    Raises
    ------
    RequestError
        If the center is outside of the volume.
    """
    if not all(-0.5 <= c <= n - 0.5 for c, n in zip(lesion.center, shape, strict=True)):
        raise RequestError(
            f"`center` {lesion.center} is outside of the volume of {shape} voxels; choose a voxel "
            "inside."
        )
    box, squares, sides = [], [], []
    for center, side, size in zip(lesion.center, spacing, shape, strict=True):
        reach = lesion.diameter / 2 / side
        low = max(0, math.floor(center - reach))
        high = min(size, math.ceil(center + reach) + 1)
        fine = max(FINE, math.ceil(SPHERE_FINE * side / lesion.diameter))
        places = low - 0.5 + (np.arange((high - low) * fine) + 0.5) / fine
        squares.append(((places - center) * side) ** 2)
        box.append(slice(low, high))
        sides += [high - low, fine]
    inside = np.add.outer(np.add.outer(squares[0], squares[1]), squares[2])
    share = (inside < (lesion.diameter / 2) ** 2).reshape(sides).mean(axis=(1, 3, 5))
    return share, (box[0], box[1], box[2])


def lesion_voxels(share: Array) -> Array:
    """Return the voxels of the lesion: at least half as much lesion as the fullest voxel.

    Voxels that are at least half lesion, unless the lesion is so small that it fills none.
    """
    return np.asarray((share > 0) & (share >= share.max() / 2))


def brightened(image: Array, share: Array, gain: Array | float, local: Array) -> Array:
    """Return the image with a lesion: ``image + share * gain * local``."""
    return np.asarray(image + share * gain * local)


def local_mean(image: Array, spacing: Array, tissue: Array | None = None) -> Array:
    """Return the local mean intensity, optionally of the tissue in the surroundings alone.

    Parameters
    ----------
    image : float array, (i, j, k)
    spacing : array, (3,)
        In mm.
    tissue : float array, (i, j, k), optional
        Fraction of each voxel that is tissue, see `tissue_share`.
    """
    if tissue is None:
        return smooth(image, LOCAL_MM, spacing)
    weight = smooth(tissue, LOCAL_MM, spacing).clip(1e-3)
    return np.asarray(smooth(image * tissue, LOCAL_MM, spacing) / weight)


def tissue_share(image: Array, level: float) -> Array:
    """Return how much of each voxel is tissue, 0 to 1; fluid is dark, as in FLAIR.

    Parameters
    ----------
    image : float array, (i, j, k)
    level : float
        Intensity of a typical tissue.
    """
    return np.asarray(np.clip((image / level - FLUID) / (TISSUE - FLUID), 0, 1))


def share_inside(depth: Array) -> Array:
    """Return the fraction of each voxel in which the interpolated depth is positive."""
    from scipy.ndimage import zoom

    near = np.argwhere(depth > 0)
    box = tuple(slice(a - 2, b + 3) for a, b in zip(near.min(0), near.max(0), strict=True))
    fine = zoom(depth[box], FINE, order=1, grid_mode=True, mode="nearest") > 0
    sides = [side for n in depth[box].shape for side in (n, FINE)]
    share = np.zeros(depth.shape)
    share[box] = fine.reshape(sides).mean(axis=(1, 3, 5))
    return share


def smooth(field: Array, width_mm: float, spacing: Array) -> Array:
    """Return a field (i, j, k) blurred with a Gaussian of a standard deviation in mm."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(field.astype(np.float64), width_mm / spacing))


def smooth_noise(shape: tuple[int, ...], width_mm: float, spacing: Array, key: int) -> Array:
    """Return a smooth random field of mean 0 and standard deviation 1.

    Uses the raw stream of Philox, which NumPy guarantees for all versions.
    """
    raw = np.random.Philox(key=key).random_raw(int(np.prod(shape))).reshape(shape)
    field = smooth((raw >> np.uint64(11)) * 2.0**-53 - 0.5, width_mm, spacing)
    return np.asarray((field - field.mean()) / field.std())


def _widened(
    box: tuple[slice, slice, slice],
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
) -> tuple[slice, slice, slice]:
    """Return the box with all voxels that the local mean inside it depends on."""
    wide = []
    for part, size, side in zip(box, shape, spacing, strict=True):
        reach = math.ceil(_BLUR_REACH * LOCAL_MM / side) + 1
        wide.append(slice(max(0, part.start - reach), min(size, part.stop + reach)))
    return wide[0], wide[1], wide[2]
