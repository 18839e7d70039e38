# SPDX-License-Identifier: BSD-3-Clause
"""Scores of a network in training, on fixed slices and fixed masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_mtmri.train.batches import Batch, Item, Simulator
from napari_mtmri.train.cases import Case
from napari_mtmri.train.module import Network, TensorBatch
from napari_mtmri.train.recipe import Recipe


class Validator:
    """Fixed slices of the validation cases, whole field of view, one mask a case at R = 4.

    The scores are for following a training; `napari-mtmri evaluate` gives those that
    are reported.
    """

    def __init__(self, cases: Sequence[Case], recipe: Recipe) -> None:
        changes = {
            "augment": "none", "mask_redraw": "never", "accelerations": {4.0: 1.0}, "crop": None,
        }  # fmt: skip
        self._recipe, self._least = recipe.model_copy(update=changes), recipe.crop
        self._simulator = Simulator(cases, self._recipe)
        self._items = [
            [Item(index, int(number), 0) for number in _spread(case, recipe.validation_slices)]
            for index, case in enumerate(cases)
        ]

    def scores(self, network: Network, device: object) -> dict[str, float]:
        """Return mean PSNR (dB), its gain over zero-filled and mean Dice over the cases."""
        rows = [self._case_scores(items, network, device) for items in self._items]
        return {
            f"val_{key}": float(np.mean([row[key] for row in rows if key in row]))
            for key in sorted(set().union(*rows))
        }

    def _case_scores(self, items: list[Item], network: Network, device: object) -> dict[str, float]:
        import torch

        batch = self._simulator.batch(items, 0)
        moved = TensorBatch.of(batch, device)  # type: ignore[arg-type]
        full_sample = self._recipe.method == "unet-full-sample"
        with torch.no_grad():
            image, logits = network(
                moved.kspace,
                moved.mask,
                truth=moved.truth if full_sample else None,
                window=self._window(items[0], batch),
            )
        row: dict[str, float] = {}
        if image is not None:
            from napari_mtmri.kspace import ifft2c

            zero_filled = np.abs(ifft2c(batch.kspace[:, 0]))
            row["psnr"] = _psnr(np.abs(image.cpu().numpy()), batch.truth)
            row["psnr_gain"] = row["psnr"] - _psnr(zero_filled, batch.truth)
        if logits is not None and batch.labels.any():
            # 0 is the threshold of a logit; several classes: any foreground.
            values = logits.cpu().numpy()
            found = values[:, 0] >= 0 if values.shape[1] == 1 else values.argmax(1) > 0
            wanted = batch.labels > 0
            row["dice"] = float(2 * (found & wanted).sum() / max(found.sum() + wanted.sum(), 1))
        return row

    def _window(self, item: Item, batch: Batch) -> tuple[slice, slice] | None:
        if self._least is None:
            return None
        _, frame = self._simulator.scan(item.case, 0)
        return frame.window(self._least, (batch.truth.shape[1], batch.truth.shape[2]))


def _spread(case: Case, count: int) -> np.ndarray:
    lesion = np.flatnonzero(case.labels.any(axis=(1, 2)))
    chosen = np.linspace(0, len(case.image) - 1, count + 2)[1:-1].round()
    if lesion.size:
        chosen = np.concatenate([chosen, lesion[:: max(lesion.size // 3, 1)][:3]])
    return np.unique(chosen.astype(int))


def _psnr(image: np.ndarray, truth: np.ndarray) -> float:
    error = float(np.mean((image - truth) ** 2, dtype=np.float64))
    return float(10 * np.log10(float(truth.max()) ** 2 / max(error, 1e-20)))
