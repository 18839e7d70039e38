# SPDX-License-Identifier: BSD-3-Clause
"""Small seeded networks as real weights files, and small volumes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.methods.base import METHODS, trainable, training_of
from napari_mtmri.networks.base import build
from napari_mtmri.volume import Volume
from napari_mtmri.weights import Card, save_weights
from tests.train.heads import changed

RECON = {"cascades": 2, "convolutions": 3, "features": 4}
SEG = {"features": 4, "depth": 2, "classes": 1}
ARCHITECTURES: dict[str, Any] = {
    "d5c5": {"reconstruction": RECON, "segmentation": None},
    "unet-full-sample": {"reconstruction": None, "segmentation": SEG},
    "mtmri": {"reconstruction": RECON, "segmentation": SEG},
}
WITH_OWN_WEIGHTS = [name for name in trainable() if METHODS.get(name).weights == (name,)]
ARCHITECTURES |= {
    name: training_of(name).architecture(changed(method=name, crop=None))
    for name in WITH_OWN_WEIGHTS
    if name not in ARCHITECTURES
}


def card_of(method: str, **changes: object) -> Card:
    """A card that says nothing true but is complete."""
    said = {
        "method": method, "title": method, "size": "tiny", "task": "tests", "labels": ("lesion",),
        "data": "none", "split": "none", "n_cases": 0, "n_updates": 0, "n_slices_shown": 0,
        "sampling": "random", "pattern": "random", "accelerations": (2.0, 8.0),
        "preprocessing": "none", "architecture": ARCHITECTURES[method], "limits": "all",
        "licence": "none", "citation": "none", "command": "none", "code_version": "0",
    }  # fmt: skip
    return Card(**{**said, **changes})


def save_tiny_weights(folder: Path) -> Path:
    """Write weights of all networks into a folder; return it."""
    for seed, (method, architecture) in enumerate(ARCHITECTURES.items()):
        network = build(architecture, seed)
        save_weights(folder / f"{method}.safetensors", network.state_dict(), card_of(method))
    return folder


def head_volume(
    shape: tuple[int, int, int] = (20, 24, 5), seed: int = 0, affine: np.ndarray | None = None
) -> Volume:
    """An ellipse with texture, slices last."""
    rng = np.random.default_rng(seed)
    rows, columns = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    inside = (rows**2 + columns**2 < 0.6)[..., None]
    data = (inside * (500 + 100 * rng.random(shape))).astype(np.float32)
    return Volume(data, np.diag([1.0, 1.0, 4.0, 1.0]) if affine is None else affine, name="head")
