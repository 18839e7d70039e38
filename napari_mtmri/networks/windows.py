# SPDX-License-Identifier: BSD-3-Clause
"""The part of the plane that a network with group normalisation processes."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

Window = tuple[slice, slice]
BACKGROUND = 20.0  # logit of pixels that are certainly background


def cut(images: Tensor, window: Window | None) -> Tensor:
    """Return the rows and columns of the window; all of them without one.

    Parameters
    ----------
    images : any dtype, (..., readout, phase)
    window : (slice, slice), optional
    """
    return images if window is None else images[..., window[0], window[1]]


def put_back(part: Tensor, window: Window | None, images: Tensor) -> Tensor:
    """Return the images with another window, unchanged outside it.

    Parameters
    ----------
    part : any dtype, (..., readout, phase) of the window
    window : (slice, slice), optional
        None: the part is the whole plane.
    images : dtype of ``part``, (..., readout, phase)
    """
    if window is None:
        return part
    whole = images.clone()
    whole[..., window[0], window[1]] = part
    return whole


def with_background(inside: Tensor, window: Window | None, plane: Sequence[int]) -> Tensor:
    """Return logits of the whole plane; all pixels outside the window are background.

    Parameters
    ----------
    inside : float32 (batch, class, readout, phase) of the window
    window : (slice, slice), optional
        None: ``inside`` is the whole plane.
    plane : (int, int)
        Size of the plane, (readout, phase).

    Returns
    -------
    float32 (batch, class, readout, phase)
    """
    if window is None:
        return inside
    logits = inside.new_full((*inside.shape[:2], *plane), -BACKGROUND)
    if inside.shape[1] > 1:
        logits[:, 0] = BACKGROUND
    logits[..., window[0], window[1]] = inside
    return logits
