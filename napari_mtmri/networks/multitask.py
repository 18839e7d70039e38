# SPDX-License-Identifier: BSD-3-Clause
"""The paper's network: D5C5 reconstructs, a U-Net segments what it made."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_mtmri.networks.d5c5 import D5C5
from napari_mtmri.networks.unet import UNet

BACKGROUND = 20.0  # logit of what is surely background


def magnitude(image: Tensor) -> Tensor:
    """Return |image| as one real channel, with a gradient that is 0 at 0."""
    return torch.abs(image)[:, None]


def probabilities(logits: Tensor) -> Tensor:
    """Return class probabilities: sigmoid for one class, else softmax over all channels."""
    return torch.sigmoid(logits) if logits.shape[1] == 1 else torch.softmax(logits, dim=1)


class MultiTask(nn.Module):
    """A reconstruction network and a segmentation network, either of which may be absent.

    Parameters
    ----------
    reconstruction : D5C5 or None
    segmentation : UNet or None
    window : (int, int), optional
        Least readout and phase size of what the segmentation network is shown of a larger
        plane (`object_window`): its group normalisation takes in the whole plane, so that
        with more air around the head it would answer otherwise.
    """

    def __init__(
        self,
        reconstruction: D5C5 | None,
        segmentation: UNet | None,
        window: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.reconstruction = reconstruction
        self.segmentation = segmentation
        self.window = window

    def forward(
        self,
        kspace: Tensor,
        mask: Tensor,
        coil_maps: Tensor | None = None,
        truth: Tensor | None = None,
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return (reconstruction, logits); None for the part that is absent.

        Parameters
        ----------
        kspace : complex64 (batch, coil, readout, phase), divided by the scan's scale
        mask : bool, broadcastable to it
        coil_maps : complex64, shape of ``kspace``, optional
        truth : float32 (batch, readout, phase), same scale, optional
            Given, the segmentation network sees it instead of the reconstruction
            (teacher forcing, or a full-sample method).
        """
        image = self.reconstruction(kspace, mask, coil_maps) if self.reconstruction else None
        if self.segmentation is None:
            return image, None
        if truth is not None:
            return image, self.segment(truth[:, None])
        assert image is not None  # a network without reconstruction is given the truth
        return image, self.segment(magnitude(image))

    def segment(self, image: Tensor) -> Tensor:
        """Return the logits of magnitude images (batch, 1, readout, phase).

        Outside the window of a slice the answer is background.
        """
        assert self.segmentation is not None
        plane = image.shape[-2:]
        if self.window is None or (plane[0] <= self.window[0] and plane[1] <= self.window[1]):
            logits: Tensor = self.segmentation(image)
            return logits
        parts = []
        for one in image.split(1):  # windows differ in size and place
            rows, columns = object_window(one[0, 0], self.window)
            inside = self.segmentation(one[..., rows, columns])
            whole = inside.new_full((1, inside.shape[1], *plane), -BACKGROUND)
            if inside.shape[1] > 1:
                whole[:, 0] = BACKGROUND
            whole[..., rows, columns] = inside
            parts.append(whole)
        return torch.cat(parts)


def object_window(image: Tensor, least: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns that hold the object of a magnitude image.

    Along each axis: where the mean exceeds a tenth of its maximum, widened to ``least``
    pixels around its middle and kept inside the plane.
    """
    found = []
    for axis, wanted in enumerate(least):
        length = image.shape[axis]
        profile = image.detach().float().mean(1 - axis)
        inside = torch.nonzero(profile > 0.1 * profile.max()).flatten()
        first, last = (int(inside[0]), int(inside[-1])) if inside.numel() else (0, length - 1)
        size = min(max(last + 1 - first, wanted), length)
        start = min(max((first + last + 1 - size) // 2, 0), length - size)
        found.append(slice(start, start + size))
    return found[0], found[1]
