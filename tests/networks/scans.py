# SPDX-License-Identifier: BSD-3-Clause
"""Small under-sampled slices, and the number of parameters of a network."""

from __future__ import annotations

import numpy as np
import torch

from napari_mtmri.kspace import fft2c


def parameters(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def measured(
    rows: int, columns: int, slices: int = 2, coils: int = 1, share: float = 0.4
) -> tuple[np.ndarray, np.ndarray]:
    """K-space (slice, coil, readout, phase) and mask of random complex images."""
    rng = np.random.default_rng(rows * 31 + columns)
    image = rng.normal(size=(2, slices, coils, rows, columns))
    mask = rng.random(columns) < share
    mask[columns // 2] = True
    mask = np.broadcast_to(mask, (rows, columns)).copy()
    kspace = (fft2c(image[0] + 1j * image[1]) * mask).astype(np.complex64)
    return kspace, mask


def tensors(
    rows: int, columns: int, slices: int = 2, share: float = 0.4
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same as tensors."""
    kspace, mask = measured(rows, columns, slices, share=share)
    return torch.from_numpy(kspace), torch.from_numpy(mask)
