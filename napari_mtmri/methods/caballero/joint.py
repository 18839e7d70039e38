# SPDX-License-Identifier: BSD-3-Clause
"""The alternation of Caballero et al. (2014): sparse code, mixture, image.

Minimizes ‖A x − y‖² + (λ/N) Σ‖R x − D γ‖² − β log p(x) over image, sparse codes of its patches and
mixture of its intensities. Constants and order follow the authors' own demonstration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_mtmri.methods.caballero.dictionary import code_image
from napari_mtmri.methods.caballero.image_step import Measurement, fit_image
from napari_mtmri.methods.caballero.mixture import (
    N_FIRST,
    N_LATER,
    Mixture,
    first_mixture,
    fit,
)

FIRST_JOINT = 5  # outer iteration from which the mixture acts on the image
Form = Literal["demonstration", "posterior"]


@dataclass(frozen=True)
class Setting:
    """Weights and sizes of the alternation; intensities are of the order of 1.

    Parameters
    ----------
    n_classes : int
        Number of classes, with the background.
    iterations : int
        Number of outer iterations.
    epsilon : float
        Tolerance of the sparse code (`dictionary.code_image`).
    stride : int
        Distance between patches in pixels.
    sparsity : float
        λ, the weight of the sparse code.
    mixture : float
        β, the weight of the mixture; 0: none.
    form : {"demonstration", "posterior"}
        Weight of a pixel with the summed precision q: β q² / 2 as in the authors'
        demonstration, or β q / 2 as follows from the likelihood.
    """

    n_classes: int = 4
    iterations: int = 40
    epsilon: float = 0.07
    stride: int = 2
    sparsity: float = 1e-3
    mixture: float = 3e-9
    form: Form = "demonstration"


def solve(
    measured: Measurement, setting: Setting, check_stop: Callable[[], None] = lambda: None
) -> tuple[np.ndarray, np.ndarray]:
    """Return image and class probabilities of a slice.

    Parameters
    ----------
    measured : Measurement
        In units in which the object has intensities of the order of 1.
    setting : Setting
    check_stop : callable
        Raises if the user has asked to stop.

    Returns
    -------
    complex128 array, (readout, phase)
        Image of the last iteration, without the phase of the object.
    float64 array, (class, readout, phase)
        Probabilities, for the magnitude before the last update; classes dark to bright.
    """
    image: np.ndarray = measured.zero_filled
    mixture = first_mixture(np.abs(image), setting.n_classes)
    for number in range(setting.iterations):
        magnitude = np.abs(image)
        coded = code_image(magnitude, setting.epsilon, setting.stride, check_stop)
        mixture = fit(magnitude, mixture, N_FIRST if number == 0 else N_LATER)
        shares = mixture.responsibilities(magnitude)
        is_joint = setting.mixture > 0 and number >= FIRST_JOINT
        pull = _pull(shares, mixture, setting) if is_joint else None
        image = fit_image(measured, coded, setting.sparsity, pull, check_stop)
    return image, np.moveaxis(shares, -1, 0)


def _pull(shares: np.ndarray, mixture: Mixture, setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    """Return weight and target of each pixel: its precision, and precision times mean."""
    precision = 1 / mixture.sds**2
    q, p = shares @ precision, shares @ (precision * mixture.means)
    scale = setting.mixture / 2 * (q if setting.form == "demonstration" else 1.0)
    return scale * q, scale * p
