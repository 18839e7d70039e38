# SPDX-License-Identifier: BSD-3-Clause
"""Losses of the two tasks, over the batch of all processes.

Each process has some slices of the batch, and may compute them in several parts to save
memory. Values and gradients are averaged over processes and parts. A mean is therefore the
sum over the slices of a part, divided by the number of slices of the batch and multiplied
by the number of processes and parts; a ratio of sums (Eq. 4) needs the sums over the whole
batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.nn.functional as nnf
from torch import Tensor

from napari_mtmri.networks.multitask import magnitude, probabilities

if TYPE_CHECKING:
    from napari_mtmri.train.recipe import Recipe
    from napari_mtmri.train.sections import Loss


class TensorBatch(NamedTuple):
    """Training slices, each divided by the scale of its scan.

    Parameters
    ----------
    kspace : complex64 (batch, 1, readout, phase)
        0 where not measured.
    mask : bool (batch, 1, readout, phase)
    target : complex64 (batch, readout, phase)
        Fully sampled image with its phase, without noise.
    truth : float32 (batch, readout, phase)
        Magnitude of ``target``.
    labels : int64 (batch, readout, phase)
    position : int64 (batch,)
        Position of each slice in the batch of all processes; -1 for a padding slice.
    """

    kspace: Tensor
    mask: Tensor
    target: Tensor
    truth: Tensor
    labels: Tensor
    position: Tensor

    @classmethod
    def of(cls, batch: Any, device: torch.device) -> TensorBatch:
        """Return the arrays of a `napari_mtmri.train.data.batches.Batch` on a device."""
        parts = (torch.from_numpy(getattr(batch, name)) for name in cls._fields)
        return cls(*(part.to(device, non_blocking=True) for part in parts))

    def part(self, first: int, last: int) -> TensorBatch:
        """Return some of the slices."""
        return TensorBatch(*(tensor[first:last] for tensor in self))


class BatchSums:
    """Sums over a batch that is computed in parts: first collected, then used in each part."""

    def __init__(self) -> None:
        self._sums: list[Tensor] = []
        self._is_collected = False
        self._next = 0

    def begin_part(self, *, is_collected: bool) -> None:
        """Begin a part, in which the same sums are asked for in the same order."""
        self._next, self._is_collected = 0, is_collected

    @property
    def any(self) -> bool:
        """Whether the losses use sums over the batch."""
        return bool(self._sums)

    def whole(self, own: Tensor, n_parts: int) -> Tensor:
        """Return the sum over all parts, with the gradient of this part, ``n_parts`` times."""
        place, self._next = self._next, self._next + 1
        if self._is_collected:
            return self._sums[place] + n_parts * (own - own.detach())
        if place == len(self._sums):
            self._sums.append(own.detach())
        else:
            self._sums[place] = self._sums[place] + own.detach()
        return own


@dataclass(frozen=True)
class BatchShare:
    """The part of a batch that this process works on.

    Parameters
    ----------
    counts : float32 (batch,)
        1 for each slice, 0 for a padding slice.
    n_slices : int
        Number of slices of all processes and parts.
    n_processes : int
    n_parts : int
    sums : BatchSums, optional
        If there are several parts.
    is_first : bool
        Whether a loss may update running statistics: in one part of a batch.
    """

    counts: Tensor
    n_slices: int
    n_processes: int = 1
    n_parts: int = 1
    sums: BatchSums | None = None
    is_first: bool = True

    @classmethod
    def whole(cls, images: Tensor) -> BatchShare:
        """Return the share of the only process."""
        return cls(torch.ones(len(images), device=images.device), len(images))

    def mean(self, per_slice: Tensor) -> Tensor:
        """Return this process's part of the mean over all slices."""
        n_averaged = self.n_processes * self.n_parts
        return (per_slice * self.counts).sum() * (n_averaged / self.n_slices)

    def total(self, per_slice: Tensor) -> Tensor:
        """Return the sum over the slices (axis 0) of the whole batch, with its gradient.

        What is summed must not depend on another such sum.
        """
        own = (per_slice * self.counts[:, None]).sum(0)
        if self.n_processes > 1:
            from torch.distributed.nn.functional import all_reduce

            own = torch.as_tensor(all_reduce(own))  # type: ignore[no-untyped-call]
        return own if self.sums is None else self.sums.whole(own, self.n_parts)


@dataclass(frozen=True)
class LossContext:
    """Inputs of a loss in addition to the network and the batch.

    Parameters
    ----------
    recipe : Recipe
        Recipe of the stage, with the ``epochs`` of the stage.
    share : BatchShare
        Means and sums over the slices of all processes.
    teacher : tuple of bool
        For each slice, whether the input of the segmentation is the reference image; empty
        without teacher forcing.
    recon_scale : float
        Factor of the reconstruction loss.
    """

    recipe: Recipe
    share: BatchShare
    teacher: tuple[bool, ...] = ()
    recon_scale: float = 1.0


def reconstruction_loss(image: Tensor, target: Tensor, options: Loss, share: BatchShare) -> Tensor:
    """Return the error of the image, mean over the batch.

    Parameters
    ----------
    image : complex64 (batch, readout, phase)
    target : complex64, same shape
        The reference image with its phase, without noise.
    options : Loss
        Section ``loss`` of the recipe.
    share : BatchShare

    References
    ----------
    The paper, Eq. 3, with its swapped symbols corrected; printed as a sum over pixels
    (``recon_reduction="sum"``), while "mean" divides by their number.
    """
    parts = torch.view_as_real(image - target)
    if options.recon_domain == "magnitude":
        parts = (torch.abs(image) - torch.abs(target))[..., None]
    error = parts.square() if options.recon_loss == "l2" else parts.abs()
    per_pixel = error.sum(-1)
    is_sum = options.recon_reduction == "sum"
    return share.mean(per_pixel.sum((1, 2)) if is_sum else per_pixel.mean((1, 2)))


def soft_dice_loss(logits: Tensor, labels: Tensor, options: Loss, share: BatchShare) -> Tensor:
    """Return 1 - soft Dice, mean over the foreground classes.

    Parameters
    ----------
    logits : float32 (batch, classes, readout, phase)
    labels : int64 (batch, readout, phase)
    options : Loss
        Section ``loss`` of the recipe.
    share : BatchShare

    References
    ----------
    The paper, Eq. 4: the constant 0.1 is only in the denominator, so that a batch without
    lesion has a loss of 1 and no gradient unless ``dice_smooth_top`` is set.
    """
    predicted = probabilities(logits.float())
    wanted = one_hot(labels, logits.shape[1])
    if logits.shape[1] > 1:
        predicted, wanted = predicted[:, 1:], wanted[:, 1:]
    both = (predicted * wanted).sum((2, 3))
    either = predicted.sum((2, 3)) + wanted.sum((2, 3))
    if options.dice_over == "batch":
        both, either = share.total(both), share.total(either)
    dice = (2 * both + options.dice_smooth_top) / (either + options.dice_smooth)
    return 1 - dice.mean() if options.dice_over == "batch" else share.mean(1 - dice.mean(1))


def segmentation_loss(logits: Tensor, labels: Tensor, options: Loss, share: BatchShare) -> Tensor:
    """Return the loss chosen in the recipe: soft Dice (Eq. 4), cross-entropy or their sum."""
    loss = logits.new_zeros(())
    parts = options.seg_loss.split("+")
    if "dice" in parts:
        loss = loss + soft_dice_loss(logits, labels, options, share)
    if "ce" in parts:
        if logits.shape[1] == 1:
            wanted = one_hot(labels, 1)
            entropy = nnf.binary_cross_entropy_with_logits(logits.float(), wanted, reduction="none")
        else:
            entropy = nnf.cross_entropy(logits.float(), labels, reduction="none")[:, None]
        loss = loss + share.mean(entropy.mean((1, 2, 3)))
    return loss


def one_hot(labels: Tensor, channels: int) -> Tensor:
    """Return labels as one channel per class; one channel of all labels if there is one.

    Parameters
    ----------
    labels : int64 (batch, readout, phase)
    channels : int

    Returns
    -------
    float32 (batch, channels, readout, phase)
    """
    if channels == 1:
        return (labels > 0).float()[:, None]
    return nnf.one_hot(labels, channels).permute(0, 3, 1, 2).float()


def shown_image(image: Tensor, truth: Tensor, teacher: Sequence[bool]) -> Tensor:
    """Return the input of the segmentation network for each slice, as magnitude.

    Parameters
    ----------
    image : complex64 (batch, readout, phase)
        Reconstruction; it gets no gradient from a slice with the reference image as input.
    truth : float32 (batch, readout, phase)
    teacher : sequence of bool
        For each slice, whether the input is the reference image; if empty, it never is.

    Returns
    -------
    float32 (batch, 1, readout, phase)
    """
    if not any(teacher):
        return magnitude(image)
    if all(teacher):
        return truth[:, None]
    chosen = torch.tensor(teacher, device=image.device)[:, None, None, None]
    return torch.where(chosen, truth[:, None], magnitude(image))
