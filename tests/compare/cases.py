# SPDX-License-Identifier: BSD-3-Clause
"""A small case with results of several methods, without networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import napari_mtmri as mt
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume

SHAPE = (24, 20, 6)
AFFINE = np.diag([-1.0, -1.5, 4.0, 1.0])  # L, P, S


def head(seed: int = 0, affine: np.ndarray = AFFINE) -> Volume:
    """An ellipse with texture and a bright lesion."""
    rng = np.random.default_rng(seed)
    x, y = np.ogrid[-1 : 1 : SHAPE[0] * 1j, -1 : 1 : SHAPE[1] * 1j]
    data = (x**2 + y**2 < 0.7)[..., None] * (100 + 20 * rng.random(SHAPE))
    data = data + 80 * (drawn().data > 0)
    return Volume(data.astype(np.float32), affine, name="case", sha256=f"{seed:064d}")


def drawn(affine: np.ndarray = AFFINE) -> Volume:
    """Two lesions, of 36 and 8 voxels."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[6:9, 8:12, 1:4] = 1
    labels[15:17, 6:8, 4:6] = 1
    return Volume(labels, affine, name="lesion", kind="labels")


def result_of(
    image: Volume,
    method: str = "mtmri",
    *,
    acceleration: float = 4,
    noise: float = 4.0,
    labels: np.ndarray | None = None,
) -> Result:
    """A result whose reconstruction is the image with noise, and whose labels are given."""
    scan = mt.simulate(image, mt.Pattern("random", acceleration=acceleration))
    result = mt.run(scan, "zero-filled")
    rng = np.random.default_rng(len(method))
    data = np.abs(image.data + noise * rng.standard_normal(image.shape)).astype(np.float32)
    found = None if labels is None else image.like(labels.astype(np.uint8), kind="labels")
    return replace(
        result,
        method=method,
        request={**result.request, "method": method},
        reconstruction=image.like(data),
        error=image.like(data - image.data),
        labels=found,
    )
