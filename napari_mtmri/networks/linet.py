# SPDX-License-Identifier: BSD-3-Clause
"""LI-Net: predicts the code of the label map, which a fixed decoder turns into the mask."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_mtmri.kspace import combine, ifft2c
from napari_mtmri.networks.d5c5 import to_channels
from napari_mtmri.networks.encoder_decoder import Decoder, Encoder, padded
from napari_mtmri.networks.losses import BatchShare, one_hot
from napari_mtmri.networks.windows import Window, cut, with_background

MOMENTUM = 0.05  # of the running mean and variance of the code
SMALLEST_VARIANCE = 1e-6


class CodeEncoder(nn.Module):
    """Encoder without skips, and a linear layer to the code.

    Parameters
    ----------
    channels : int
        Input channels.
    widths : sequence of int
        See `Encoder`; the last is also the number of channels of the code.
    """

    def __init__(self, channels: int, widths: list[int]) -> None:
        super().__init__()
        self.encoder = Encoder(channels, widths)
        self.code = nn.Conv2d(widths[-1], widths[-1], 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return the code, float32 (batch, channel, readout / 2^depth, phase / 2^depth).

        Parameters
        ----------
        image : any floating dtype, (batch, channels, readout, phase)
        """
        whole, _ = padded(image.to(self.code.weight.dtype), 2 ** (len(self.encoder.levels) - 1))
        code: Tensor = self.code(self.encoder(whole)[-1])
        return code.float()


class LINet(nn.Module):
    """Auto-encoder of the label map, and a predictor of its code from the zero-filled image.

    ``label_encoder`` and ``label_decoder`` are trained first, on labels alone, and then
    fixed; ``image_encoder`` learns to predict the code, standardised per channel. At test
    ``label_decoder(image_encoder(zero-filled))`` is the mask, so that the mask of the true
    labels through the auto-encoder (`autoencode`) is an upper limit. Nothing is
    reconstructed.

    Parameters
    ----------
    classes : int
        Output channels of the mask.
    features, depth : int
        Width of the first level, and pooling steps, of the encoders and the decoder.
    code_channels : int
        Channels of the code, at ``1 / 2^depth`` of the image size.
    first_logit : float, optional
        Initial bias of the decoder; with -4 the first masks are nearly empty.

    References
    ----------
    Schlemper et al., MICCAI 2018: the auto-encoder over labels, the four losses and the
    mask at test are the article's. Our reading: layout, widths and shape of the code,
    complex input, and its standardisation by running statistics of the first stage.
    """

    only_for_training = ("label_encoder.",)
    code_mean: Tensor
    code_variance: Tensor

    def __init__(
        self,
        classes: int = 1,
        features: int = 16,
        depth: int = 4,
        code_channels: int = 128,
        first_logit: float | None = None,
    ) -> None:
        super().__init__()
        widths = [*(features * 2**level for level in range(depth)), code_channels]
        self.label_encoder = CodeEncoder(classes, widths)
        self.label_decoder = Decoder(widths, classes, has_skips=False, first_bias=first_logit)
        self.image_encoder = CodeEncoder(2, widths)
        self.register_buffer("code_mean", torch.zeros(code_channels))
        self.register_buffer("code_variance", torch.ones(code_channels))
        self._classes, self._step = classes, 2**depth

    def forward(
        self,
        kspace: Tensor,
        mask: Tensor,
        coil_maps: Tensor | None = None,
        truth: Tensor | None = None,
        window: Window | None = None,
    ) -> tuple[None, Tensor]:
        """Return no image, and the logits; see `multitask.MultiTask.forward`."""
        zero_filled = combine(ifft2c(kspace), coil_maps)
        inner = cut(zero_filled, window)
        inside = self.decode(self.predict(inner), inner.shape)
        return None, with_background(inside, window, zero_filled.shape[-2:])

    def predict(self, image: Tensor) -> Tensor:
        """Return the predicted code, standardised.

        Parameters
        ----------
        image : complex64 (batch, readout, phase)
            Zero-filled or fully sampled.
        """
        code: Tensor = self.image_encoder(to_channels(image))
        return code

    def encode(self, labels: Tensor) -> Tensor:
        """Return the code of labels, not standardised.

        Parameters
        ----------
        labels : int64 (batch, readout, phase)
        """
        code: Tensor = self.label_encoder(one_hot(labels, self._classes))
        return code

    def standardized(self, code: Tensor) -> Tensor:
        """Return a code with mean 0 and variance 1 in each channel, over the training labels."""
        return (code - self._mean) / self._deviation

    def decode(self, code: Tensor, size: torch.Size) -> Tensor:
        """Return the logits of a standardised code.

        Parameters
        ----------
        code : float32 (batch, channel, rows, columns)
        size : (..., readout, phase)
            Size of the image that the code belongs to.
        """
        return self._decode(code * self._deviation + self._mean, size)

    def autoencode(self, labels: Tensor, window: Window | None = None) -> Tensor:
        """Return the logits of labels after encoder and decoder: the method's upper limit.

        Parameters
        ----------
        labels : int64 (batch, readout, phase)
        window : (slice, slice), optional
        """
        inner = cut(labels, window)
        inside = self._decode(self.encode(inner), inner.shape)
        return with_background(inside, window, labels.shape[-2:])

    @torch.no_grad()
    def follow(self, code: Tensor, share: BatchShare) -> None:
        """Update the running mean and variance of the code from a batch.

        Parameters
        ----------
        code : float32 (batch, channel, rows, columns)
        share : BatchShare
        """
        away = code - self._mean
        moments = torch.cat([away.mean((2, 3)), away.square().mean((2, 3))], dim=1)
        first, second = (share.total(moments) / share.n_slices).chunk(2)
        if not share.is_first:
            return
        # The variance is that about the mean after its update.
        step = MOMENTUM * first
        self.code_mean.add_(step)
        self.code_variance.lerp_(second - 2 * step * first + step**2, MOMENTUM)

    def _decode(self, code: Tensor, size: torch.Size) -> Tensor:
        rows, columns = size[-2:]
        top, left = (-rows % self._step) // 2, (-columns % self._step) // 2
        logits: Tensor = self.label_decoder([code.to(self.label_decoder.head.weight.dtype)])
        return logits[..., top : top + rows, left : left + columns]

    @property
    def _mean(self) -> Tensor:
        return self.code_mean.float()[:, None, None]

    @property
    def _deviation(self) -> Tensor:
        return self.code_variance.float().clamp_min(SMALLEST_VARIANCE).sqrt()[:, None, None]


def code_distance(one: Tensor, other: Tensor) -> Tensor:
    """Return the root mean square difference of two codes, per slice; its gradient is finite.

    Parameters
    ----------
    one, other : float32 (batch, channel, rows, columns)

    Returns
    -------
    float32 (batch,)
    """
    return torch.sqrt((one - other).square().mean((1, 2, 3)) + 1e-12)
