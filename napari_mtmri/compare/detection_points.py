# SPDX-License-Identifier: BSD-3-Clause
"""Places inside the brain for inserted lesions."""

from __future__ import annotations

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.geometry import Axes, from_stack, to_stack
from napari_mtmri.inserted_lesion import smooth
from napari_mtmri.metrics.object_mask import object_mask
from napari_mtmri.volume import Volume

TYPICAL = (0.65, 1.4)  # intensity of brain tissue, relative to the median of the head
SMOOTH_MM, BRIDGE_MM = 1.0, 3.0
FILLED = 0.9  # share of the place that is brain tissue, with Gaussian weights
FROM_LESION_MM = 5.0


def lesion_points(
    volume: Volume, labels: Volume | None, diameter: float, n: int, axes: Axes | None = None
) -> list[tuple[int, int, int]]:
    """Return points spread evenly over the places where a lesion fits into the brain.

    A place is inside the head by at least the radius, at least 5 mm from drawn lesions, and
    filled with tissue of typical intensity: not with ventricles, a bright lesion or the scalp.
    Each further point is the one farthest from those already chosen, so that the first points
    stay the same when more are asked for.

    Parameters
    ----------
    volume : Volume
        Fully sampled image.
    labels : Volume, optional
        Lesions to keep away from.
    diameter : float
        Of the largest lesion, in mm.
    n : int
        Number of points; fewer are returned if there are fewer places.
    axes : Axes, optional
        By default those of the volume.

    Returns
    -------
    list of (i, j, k)
        Voxel indices.

    Raises
    ------
    RequestError
        If ``n`` is below 1, or there is no place.
    """
    if n < 1:
        raise RequestError(f"`points` {n} is below 1; give the number of points.")
    places = np.argwhere(_fits(volume, labels, diameter, axes or volume.axes))
    if not len(places):
        raise RequestError(
            f"{volume.name}: a lesion of `diameter` {diameter:g} mm fits nowhere into the brain; "
            "choose a smaller one."
        )
    mm = places * np.array(volume.spacing)
    chosen = [int(np.argmin(((mm - mm.mean(0)) ** 2).sum(1)))]
    nearest = np.full(len(mm), np.inf)
    while len(chosen) < min(n, len(mm)):
        nearest = np.minimum(nearest, ((mm - mm[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(nearest.argmax()))
    return [(int(i), int(j), int(k)) for i, j, k in places[chosen]]


def _fits(volume: Volume, labels: Volume | None, diameter: float, axes: Axes) -> np.ndarray:
    """Return the voxels that may be the centre of a lesion, bool (i, j, k)."""
    inside = object_mask(to_stack(volume.magnitude(), axes))
    if inside is None:
        return np.zeros(volume.shape, bool)
    head = from_stack(inside, axes)
    brain = _brain(volume, head)
    filled = smooth(brain, diameter / 4, np.array(volume.spacing))
    fits = brain & (filled >= FILLED) & (_distance(head, volume) >= diameter / 2)
    if labels is not None and labels.data.any():
        fits &= _distance(labels.data == 0, volume) >= diameter / 2 + FROM_LESION_MM
    return np.asarray(fits)


def _brain(volume: Volume, head: np.ndarray) -> np.ndarray:
    """Return the tissue of the brain: the largest part of typical intensity, without bridges.

    Thin bridges, such as those from brain to scalp, are cut by an opening.
    """
    from scipy.ndimage import label

    image = smooth(volume.magnitude(), SMOOTH_MM, np.array(volume.spacing))
    image /= np.median(image[head])
    tissue = head & (image >= TYPICAL[0]) & (image <= TYPICAL[1])
    parts, _ = label(_distance(tissue, volume) >= BRIDGE_MM)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    core = (parts == sizes.argmax()) & (parts > 0)
    return np.asarray(tissue & (_distance(~core, volume) <= BRIDGE_MM))


def _distance(inside: np.ndarray, volume: Volume) -> np.ndarray:
    """Return the distance to the outside in mm; beyond the first and last voxels is outside."""
    from scipy.ndimage import distance_transform_edt

    padded = np.pad(inside, 1)
    found = distance_transform_edt(padded, sampling=volume.spacing)
    return np.asarray(found[1:-1, 1:-1, 1:-1])
