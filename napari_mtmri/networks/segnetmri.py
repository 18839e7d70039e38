# SPDX-License-Identifier: BSD-3-Clause
"""SegNetMRI: reconstruction blocks whose encoders are shared with segmenting decoders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from napari_mtmri.networks.d5c5 import to_channels, to_complex
from napari_mtmri.networks.encoder_decoder import Decoder, Encoder, level, padded, scale_head
from napari_mtmri.networks.measured import Measured
from napari_mtmri.networks.windows import Window, cut, put_back, with_background


class Outputs(NamedTuple):
    """Outputs of all blocks.

    Parameters
    ----------
    images : list of complex64 (batch, readout, phase)
        After each block; all have the measured samples.
    masks : list of float32 (batch, class, readout, phase)
        Logits of each block; empty if only the images are asked for.
    merged : float32 (batch, class, readout, phase) or None
        Logits merged from them.
    """

    images: list[Tensor]
    masks: list[Tensor]
    merged: Tensor | None


class SegNetMRI(nn.Module):
    """Cascade of encoder–decoder blocks; a segmenting decoder reads each encoder.

    Block i computes ``x <- DC(x + D_i(E_i(x)))`` and the logits ``S_i(E_i(x))``; a 1×1
    convolution merges the logits of all blocks. The last image is not segmented. Before
    that, the segmenter is trained as a network of its own on fully sampled images: the
    encoder ``pretraining`` with the decoder ``segmenters.0``. `attach` then drops the
    encoder and puts a copy of the decoder behind the encoder of every block.

    Parameters
    ----------
    classes : int
        Output channels of the masks.
    features, depth : int
        Width of the first level, and pooling steps, of all encoders and decoders.
    blocks : int
        Number of blocks.
    last_scale : float
        Factor on the initial weights of the last convolution of each reconstructing decoder.
    first_logit : float, optional
        Initial bias of the segmenting decoders; with -4 the first masks are nearly empty.

    References
    ----------
    Sun et al., IPMI 2019, arXiv 1805.02165: blocks, shared encoders, the three stages and
    the mean of the cross-entropies are the article's. Our reading: five blocks, decoders
    with their own weights, the 1×1 merge that starts as the mean, complex input also of the
    segmenter, and corrections scaled with the level of the slice.
    """

    only_for_training = ("pretraining.",)

    def __init__(
        self,
        classes: int = 1,
        features: int = 32,
        depth: int = 2,
        blocks: int = 5,
        last_scale: float = 0.1,
        first_logit: float | None = None,
    ) -> None:
        super().__init__()
        self._widths = [features * 2**step for step in range(depth + 1)]
        self.encoders = nn.ModuleList(Encoder(2, self._widths) for _ in range(blocks))
        self.decoders = nn.ModuleList(Decoder(self._widths, 2) for _ in range(blocks))
        self.segmenters = nn.ModuleList(
            Decoder(self._widths, classes, first_bias=first_logit) for _ in range(blocks)
        )
        self.merge = nn.Conv2d(blocks * classes, classes, 1)
        self.pretraining: Encoder | None = Encoder(2, self._widths)
        for decoder in self.decoders:
            scale_head(decoder.head, last_scale)  # type: ignore[arg-type]
        _start_as_mean(self.merge, blocks)
        self.register_load_state_dict_pre_hook(_drop_what_is_not_in)  # type: ignore[no-untyped-call]

    def forward(
        self,
        kspace: Tensor,
        mask: Tensor,
        coil_maps: Tensor | None = None,
        truth: Tensor | None = None,
        window: Window | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return reconstruction and merged logits; see `multitask.MultiTask.forward`."""
        found = self.outputs(kspace, mask, coil_maps, window)
        assert found.merged is not None
        return found.images[-1], found.merged

    def outputs(
        self,
        kspace: Tensor,
        mask: Tensor,
        coil_maps: Tensor | None = None,
        window: Window | None = None,
        *,
        only_images: bool = False,
    ) -> Outputs:
        """Return images and logits of all blocks.

        Parameters
        ----------
        kspace, mask, coil_maps, window
            As in `multitask.MultiTask.forward`.
        only_images : bool
            Whether nothing is segmented.
        """
        measured = Measured(kspace, mask, coil_maps)
        image, images, inner = measured.zero_filled, [], []
        for encoder, decoder, segmenter in zip(
            self.encoders, self.decoders, self.segmenters, strict=True
        ):
            part = cut(image, window)
            features, inside = self._encode(encoder, to_channels(part))
            if not only_images:
                inner.append(cut(segmenter(features), inside))
            change = to_complex(cut(decoder(features), inside))
            image = measured.consistent(put_back(part + level(part) * change, window, image))
            images.append(image)
        if only_images:
            return Outputs(images, [], None)
        merged = self.merge(torch.cat(inner, 1).to(self.merge.weight.dtype)).float()
        plane = image.shape[-2:]
        masks = [with_background(one, window, plane) for one in inner]
        return Outputs(images, masks, with_background(merged, window, plane))

    def segment_alone(self, image: Tensor, window: Window | None = None) -> Tensor:
        """Return the logits of the segmenter with its own encoder, before `attach`.

        Parameters
        ----------
        image : float (batch, 2, readout, phase)
            Real and imaginary part.
        window : (slice, slice), optional
        """
        assert self.pretraining is not None
        features, inside = self._encode(self.pretraining, cut(image, window))
        logits = cut(self.segmenters[0](features), inside)
        return with_background(logits, window, image.shape[-2:])

    @property
    def segment(self) -> Callable[[Tensor, Window | None], Tensor] | None:
        """Logits of magnitude images by the segmenter alone; None after `attach`."""
        if self.pretraining is None:
            return None

        def segment(magnitude: Tensor, window: Window | None = None) -> Tensor:
            return self.segment_alone(
                torch.cat([magnitude, torch.zeros_like(magnitude)], 1), window
            )

        return segment

    def begin_pretraining(self) -> None:
        """Give the segmenter an encoder of its own, if it has none (attached weights)."""
        if self.pretraining is None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                self.pretraining = Encoder(2, self._widths).to(self.merge.weight.device)

    def attach(self) -> None:
        """Drop the segmenter's encoder; put its decoder behind the encoder of every block."""
        decoder = self.segmenters[0].state_dict()
        for segmenter in self.segmenters[1:]:
            segmenter.load_state_dict(decoder)
        self.pretraining = None

    def _encode(
        self, encoder: nn.Module, image: Tensor
    ) -> tuple[list[Tensor], tuple[slice, slice]]:
        """Return the features, and where the image lies in those of the finest level."""
        image = image.to(self.merge.weight.dtype)
        whole, inside = padded(image, 2 ** (len(self._widths) - 1))
        features: list[Tensor] = encoder(whole)
        return features, inside


def _start_as_mean(merge: nn.Conv2d, blocks: int) -> None:
    """Start as the mean over the blocks, class by class."""
    classes = merge.out_channels
    with torch.no_grad():
        merge.weight.copy_(torch.eye(classes).repeat(1, blocks)[..., None, None] / blocks)
        torch.nn.init.zeros_(merge.bias)  # type: ignore[arg-type]


def _drop_what_is_not_in(
    network: SegNetMRI, tensors: Mapping[str, Any], prefix: str, *_: Any
) -> None:
    """Drop the segmenter's encoder when weights without it are loaded."""
    if not any(name.startswith(f"{prefix}pretraining.") for name in tensors):
        network.pretraining = None
