# SPDX-License-Identifier: BSD-3-Clause
"""Deep cascade of convolutional networks with data consistency (D5C5)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from napari_mtmri.networks.measured import Measured


def to_channels(image: Tensor) -> Tensor:
    """Return complex images as two real channels.

    Parameters
    ----------
    image : complex64 (batch, readout, phase)

    Returns
    -------
    float32 (batch, 2, readout, phase)
        Real, then imaginary part.
    """
    # A permuted view would be "channels last", in which the backward pass of GroupNorm is
    # several times slower on a CPU: a training of an encoder and decoder took twice as long.
    return torch.view_as_real(image).permute(0, 3, 1, 2).contiguous()


def to_complex(channels: Tensor) -> Tensor:
    """Return two real channels as complex images; the inverse of `to_channels`.

    Parameters
    ----------
    channels : any floating dtype, (batch, 2, readout, phase)
        Real, then imaginary part.

    Returns
    -------
    complex64 (batch, readout, phase)
    """
    return torch.view_as_complex(channels.float().permute(0, 2, 3, 1).contiguous())


class Denoiser(nn.Sequential):
    """Convolutions 2 → f → … → f → 2 with ReLU between them, not after the last.

    Parameters
    ----------
    features : int
        Number of filters f.
    convolutions : int
        Number of 3×3 convolutions.
    last_scale : float
        Factor on the initial weights of the last convolution, so that an untrained cascade
        changes its input only a little.
    """

    def __init__(self, features: int, convolutions: int, last_scale: float) -> None:
        widths = [2, *[features] * (convolutions - 1), 2]
        layers: list[nn.Module] = []
        for wide_in, wide_out in pairwise(widths):
            layers += [nn.Conv2d(wide_in, wide_out, 3, padding=1), nn.ReLU(inplace=True)]
        super().__init__(*layers[:-1])
        for layer in self:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        with torch.no_grad():
            for last in self[-1].parameters():  # the bias is 0 already
                last.mul_(last_scale)


class D5C5(nn.Module):
    """Cascades of a residual `Denoiser`, each followed by hard data consistency.

    Starts from the zero-filled image; cascade i computes ``x <- DC(x + CNN_i(x))`` with its
    own weights. With one coil every measured sample is kept exactly.

    Parameters
    ----------
    cascades, convolutions, features : int
        Number of cascades, of convolutions per cascade and of filters; 5, 5 and 64 in the
        article (565 770 parameters).
    last_scale : float
        See `Denoiser`.

    References
    ----------
    Schlemper et al., IEEE TMI 37(2), 2018, Fig. 2; no normalisation, ReLU.
    """

    def __init__(
        self,
        cascades: int = 5,
        convolutions: int = 5,
        features: int = 64,
        last_scale: float = 0.1,
    ) -> None:
        super().__init__()
        self.cascades = nn.ModuleList(
            Denoiser(features, convolutions, last_scale) for _ in range(cascades)
        )

    def forward(self, kspace: Tensor, mask: Tensor, coil_maps: Tensor | None = None) -> Tensor:
        """Return the reconstruction.

        Parameters
        ----------
        kspace : complex64 (batch, coil, readout, phase)
            0 where not measured; zero frequency at ``n // 2``.
        mask : bool, broadcastable to (batch, 1, readout, phase)
            Sampling mask, True where measured.
        coil_maps : complex64, shape of ``kspace``, optional
            Coil sensitivity maps, with sum of squares 1 inside the object.

        Returns
        -------
        complex64 (batch, readout, phase)
            In the unit of ``kspace``.
        """
        *_, image = self.stages(kspace, mask, coil_maps)
        return image

    def stages(
        self, kspace: Tensor, mask: Tensor, coil_maps: Tensor | None = None
    ) -> Iterator[Tensor]:
        """Yield the zero-filled image, then the image after each cascade.

        Parameters
        ----------
        kspace, mask, coil_maps
            As in `forward`.

        Yields
        ------
        complex64 (batch, readout, phase)
        """
        measured = Measured(kspace, mask, coil_maps)
        image = measured.zero_filled
        # Only the convolutions may run in bfloat16; transforms and consistency need complex64.
        precision = next(self.parameters()).dtype
        yield image
        for cascade in self.cascades:
            image = image + to_complex(cascade(to_channels(image).to(precision)))
            image = measured.consistent(image)
            yield image
