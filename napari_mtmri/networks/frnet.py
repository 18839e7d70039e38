# SPDX-License-Identifier: BSD-3-Clause
"""Joint-FR-Net: unrolled FISTA with a learned regulariser, then a U-Net."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from napari_mtmri.networks.d5c5 import Denoiser, to_channels, to_complex
from napari_mtmri.networks.measured import Measured
from napari_mtmri.networks.multitask import MultiTask
from napari_mtmri.networks.unet import UNet

_SOFTPLUS_OF_1 = math.log(math.e - 1)


def fista_momenta(count: int) -> list[float]:
    """Return the weights ``(t_k - 1) / t_{k+1}`` of FISTA, with ``t_1 = 1``.

    Examples
    --------
    >>> [round(weight, 2) for weight in fista_momenta(4)]
    [0.0, 0.28, 0.43, 0.53]
    """
    found, t = [], 1.0
    for _ in range(count):
        following = (1 + math.sqrt(1 + 4 * t * t)) / 2
        found.append((t - 1) / following)
        t = following
    return found


class FRNet(nn.Module):
    """FISTA with a convolutional network in place of the gradient of the regulariser.

    Step k computes ``x_k = z - mu_k (G_k(z) + d_k (z - v_k) + A*(A v_k - y))`` with
    ``v_k = x_{k-1} + b_k (x_{k-1} - x_{k-2})`` and ``z = x_{k-1}``; A is the masked Fourier
    transform, y the measured samples. ``mu_k > 0``, ``d_k`` and ``b_k`` are learned. The
    first step has ``z = v_1 = x_0``, the zero-filled image. Measured samples are not kept
    exactly.

    Parameters
    ----------
    steps : int
        Number of steps, each with its own weights.
    convolutions, features : int
        Number of convolutions and filters of each G.
    last_scale : float
        See `Denoiser`.

    References
    ----------
    Huang, Yang, Yi, Axel and Metaxas, FIMH 2019: the step, the momentum and the joint loss
    are the article's. Our reading: five steps with one inner iteration each, scalars for mu
    and d, four convolutions, and a first stage for the reconstruction alone.
    """

    def __init__(
        self,
        steps: int = 5,
        convolutions: int = 4,
        features: int = 32,
        last_scale: float = 0.1,
    ) -> None:
        super().__init__()
        self.regularizers = nn.ModuleList(
            Denoiser(features, convolutions, last_scale) for _ in range(steps)
        )
        self.step_size = nn.Parameter(torch.full((steps,), _SOFTPLUS_OF_1))
        self.proximity = nn.Parameter(torch.ones(steps - 1))
        self.momentum = nn.Parameter(torch.tensor(fista_momenta(steps - 1)))

    def forward(self, kspace: Tensor, mask: Tensor, coil_maps: Tensor | None = None) -> Tensor:
        """Return the reconstruction; see `d5c5.D5C5.forward`."""
        measured = Measured(kspace, mask, coil_maps)
        step_size = nnf.softplus(self.step_size.float())
        proximity, momentum = self.proximity.float(), self.momentum.float()
        before = image = measured.zero_filled
        for number, regularizer in enumerate(self.regularizers):
            ahead, gradient = image, self._regularize(regularizer, image)
            if number:  # in the first step, image and extrapolated image are both x_0
                ahead = image + momentum[number - 1] * (image - before)
                gradient = gradient + proximity[number - 1] * (image - ahead)
            gradient = gradient + measured.gradient(ahead)
            before, image = image, image - step_size[number] * gradient
        return image

    def _regularize(self, regularizer: nn.Module, image: Tensor) -> Tensor:
        precision = next(regularizer.parameters()).dtype
        return to_complex(regularizer(to_channels(image).to(precision)))


def build_frnet(reconstruction: Mapping[str, Any], segmentation: Mapping[str, Any]) -> MultiTask:
    """Return an untrained network from the sizes of its parts.

    Parameters
    ----------
    reconstruction, segmentation : mapping
        Arguments of `FRNet` and of `UNet`.
    """
    network = FRNet(**reconstruction).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return MultiTask(network, UNet(**segmentation))
