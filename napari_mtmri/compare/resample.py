# SPDX-License-Identifier: BSD-3-Clause
"""Interpolation of a volume onto another grid."""

from __future__ import annotations

import numpy as np

from napari_mtmri.volume import Volume


def resampled(volume: Volume, onto: Volume) -> Volume:
    """Return a volume interpolated onto the grid of another.

    Images are interpolated linearly, and their magnitude is taken if they are complex;
    labels take the value of the nearest voxel. Voxels outside the volume are 0.

    Parameters
    ----------
    volume : Volume
    onto : Volume
        Gives the grid; its voxels are not read.

    Returns
    -------
    Volume
        The volume itself if it is on that grid already.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_mtmri import Volume
    >>> from napari_mtmri.compare import resampled
    >>> coarse = Volume(np.ones((4, 4, 4), np.uint8), np.diag([2.0, 2, 2, 1]), kind="labels")
    >>> fine = Volume(np.zeros((8, 8, 8), np.float32), np.eye(4))
    >>> int(resampled(coarse, fine).data.sum())
    343
    """
    from scipy.ndimage import affine_transform

    if volume.same_grid(onto):
        return volume
    is_labels = volume.kind == "labels"
    data = volume.data if is_labels else volume.magnitude()
    matrix = np.linalg.inv(volume.affine) @ onto.affine
    moved = affine_transform(
        data,
        matrix[:3, :3],
        matrix[:3, 3],
        output_shape=onto.shape,
        order=0 if is_labels else 1,
        mode="constant",
        prefilter=False,
    )
    return onto.like(moved, kind="labels" if is_labels else "image", name=volume.name)
