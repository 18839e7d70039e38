# SPDX-License-Identifier: BSD-3-Clause
"""Point spread function of a sampling mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.errors import InputError


def point_spread(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the point spread function: the zero-filled image of a point at ``n // 2``.

    Parameters
    ----------
    mask : bool array, (readout, phase)

    Returns
    -------
    float32 array, (readout, phase)
        Magnitude, maximum 1.

    Raises
    ------
    InputError
        If nothing is sampled.
    """
    if not mask.any():
        raise InputError(
            f"the mask of shape {mask.shape} has no measured sample; choose another mask."
        )
    spread = np.abs(np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(mask))))
    normalized: NDArray[np.float32] = (spread / spread.max()).astype(np.float32)
    return normalized
