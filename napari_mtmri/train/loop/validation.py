# SPDX-License-Identifier: BSD-3-Clause
"""Validation scores of a network during training, on fixed slices with fixed masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mtmri.kspace import ifft2c
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.train.data.batches import Batch, Item, Simulator
from napari_mtmri.train.data.cases import Case
from napari_mtmri.train.recipe import Recipe

if TYPE_CHECKING:
    import torch
    from torch import nn


class Validator:
    """Fixed slices of the validation cases, whole field of view, one mask per case.

    The masks are of the pattern and centre of the recipe, at the acceleration trained most.

    The scores are for following a training; for a report, use `napari-mtmri evaluate`.

    Parameters
    ----------
    cases : sequence of Case
    recipe : Recipe
    window : sequence of two int or None
        Smallest box of the object (readout, phase) that the U-Net gets; None: the whole
        field of view.
    sees_truth : bool
        Whether the method is given the reference image.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        recipe: Recipe,
        window: Sequence[int] | None = None,
        *,
        sees_truth: bool = False,
    ) -> None:
        changes = {
            "augment": "none", "mask_redraw": "never", "mask_scope": "volume",
            "accelerations": {recipe.sampling.main_acceleration: 1.0}, "crop": None, "phase_share": 0.0, "snr": None,
            "half_matrix_share": 0.0,
        }  # fmt: skip
        self._recipe = recipe.changed(changes)
        self._least = None if window is None else (window[0], window[1])
        self._sees_truth = sees_truth
        self._simulator = Simulator(cases, self._recipe)
        self._items = [
            [
                Item(index, int(number), 0)
                for number in _spread(case, recipe.validation.validation_slices)
            ]
            for index, case in enumerate(cases)
        ]

    def check_masks(self) -> None:
        """Draw the masks once; raises `RequestError` if one does not fit."""
        self._simulator.check_masks()

    def pattern(self, index: int) -> Pattern:
        """Return the sampling pattern of a case."""
        return self._simulator.pattern(index, 0)

    def scores(
        self,
        network: nn.Module,
        device: torch.device,
        beat: Callable[[], None] = lambda: None,
    ) -> dict[str, float]:
        """Return means over the cases, of the scores that apply to the network.

        ``val_psnr`` (dB), ``val_psnr_gain`` over zero-filled, ``val_dice`` of the
        under-sampled scan, ``val_dice_truth`` of the reference image, and
        ``val_dice_ceiling`` of the true labels after an auto-encoder (`autoencode` of the
        network), which the method cannot exceed.

        Parameters
        ----------
        network : Module
        device : torch.device
        beat : callable
            Called after each case.
        """
        rows = []
        for items in self._items:
            rows.append(self._case_scores(items, network, device))
            beat()
        return {
            f"val_{key}": float(np.mean([row[key] for row in rows if key in row]))
            for key in sorted(set().union(*rows))
        }

    def pictures(self, network: nn.Module, device: torch.device) -> dict[str, np.ndarray] | None:
        """Return one slice with the current output of the network, (readout, phase) each.

        The slice with the largest lesion in the first case with a lesion: ``truth``,
        ``zero_filled``, ``image``, ``labels``, ``found``; None without cases.
        """
        if not self._items:
            return None
        cases = self._simulator.cases
        index = next((i for i, case in enumerate(cases) if case.labels.any()), 0)
        lesion = (cases[index].labels > 0).sum(axis=(1, 2))
        number = int(lesion.argmax()) if lesion.any() else len(lesion) // 2
        batch, image, own, on_truth = self._run([Item(index, number, 0)], network, device)
        found = own if own is not None else on_truth
        zero_filled = np.abs(ifft2c(batch.kspace[:, 0]))
        return {
            "truth": batch.truth[0],
            "zero_filled": zero_filled[0],
            "labels": batch.labels[0],
            "image": batch.truth[0] if image is None else image[0],
            "found": np.zeros_like(batch.labels[0]) if found is None else found[0],
            "place": np.array([index, number]),
        }

    def logits(
        self, network: nn.Module, device: torch.device
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield logits (slice, channel, readout, phase) and labels of the slices of each case."""
        import torch

        for items in self._items:
            batch = self._simulator.batch(items, 0)
            given = [torch.from_numpy(p).to(device) for p in (batch.kspace, batch.mask)]
            truth = torch.from_numpy(batch.truth).to(device) if self._sees_truth else None
            with torch.inference_mode():
                found = network(*given, None, truth, self._window(items[0], batch))[1]
            yield found.float().cpu().numpy(), batch.labels

    def _case_scores(
        self, items: list[Item], network: nn.Module, device: torch.device
    ) -> dict[str, float]:
        batch, image, own, on_truth = self._run(items, network, device)
        row: dict[str, float] = {}
        if image is not None:
            zero_filled = np.abs(ifft2c(batch.kspace[:, 0]))
            row["psnr"] = _psnr(image, batch.truth)
            row["psnr_gain"] = row["psnr"] - _psnr(zero_filled, batch.truth)
        if batch.labels.any():
            if own is not None:
                row["dice"] = _dice(own, batch.labels)
            if on_truth is not None:
                row["dice_truth"] = _dice(on_truth, batch.labels)
            ceiling = self._ceiling(items[0], batch, network, device)
            if ceiling is not None:
                row["dice_ceiling"] = _dice(ceiling, batch.labels)
        return row

    def _ceiling(
        self, item: Item, batch: Batch, network: nn.Module, device: torch.device
    ) -> np.ndarray | None:
        """Return the true labels after the auto-encoder of the network, if it has one."""
        import torch

        autoencode: Any = getattr(network, "autoencode", None)
        if autoencode is None:
            return None
        labels = torch.from_numpy(batch.labels).to(device)
        with torch.no_grad():
            return _labels(autoencode(labels, self._window(item, batch)).cpu().numpy())

    def _run(
        self, items: list[Item], network: nn.Module, device: torch.device
    ) -> tuple[Batch, np.ndarray | None, np.ndarray | None, np.ndarray | None]:
        """Return the batch, its reconstruction, and labels from it and from the reference."""
        import torch

        batch = self._simulator.batch(items, 0)
        kspace, mask, truth = (
            torch.from_numpy(part).to(device) for part in (batch.kspace, batch.mask, batch.truth)
        )
        window = self._window(items[0], batch)
        own = on_truth = None
        with torch.no_grad():
            made, logits = network(kspace, mask, None, truth if self._sees_truth else None, window)
            image = None if made is None else torch.abs(made).float().cpu().numpy()
            found = None if logits is None else _labels(logits.cpu().numpy())
            if self._sees_truth:
                on_truth = found
            elif found is not None:
                own = found
                segment: Any = getattr(network, "segment", None)  # of any image
                if segment is not None:
                    on_truth = _labels(segment(truth[:, None], window).cpu().numpy())
        return batch, image, own, on_truth

    def _window(self, item: Item, batch: Batch) -> tuple[slice, slice] | None:
        if self._least is None:
            return None
        _, normalization = self._simulator.scan(item.case, 0)
        return normalization.window(self._least, (batch.truth.shape[1], batch.truth.shape[2]))


def _labels(logits: np.ndarray) -> np.ndarray:
    """Return the labels of logits (batch, classes, readout, phase), with threshold 0."""
    return (logits[:, 0] >= 0).astype(int) if logits.shape[1] == 1 else logits.argmax(1)


def _dice(found: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean Dice over the labels that occur."""
    scores = []
    for label in np.unique(labels[labels > 0]):
        one, other = found == label, labels == label
        scores.append(2 * (one & other).sum() / (one.sum() + other.sum()))
    return float(np.mean(scores))


def _spread(case: Case, count: int) -> np.ndarray:
    lesion = np.flatnonzero(case.labels.any(axis=(1, 2)))
    chosen = np.linspace(0, len(case.image) - 1, count + 2)[1:-1].round()
    if lesion.size:
        chosen = np.concatenate([chosen, lesion[:: max(lesion.size // 3, 1)][:3]])
    return np.unique(chosen.astype(int))


def _psnr(image: np.ndarray, truth: np.ndarray) -> float:
    error = float(np.mean((image - truth) ** 2, dtype=np.float64))
    return float(10 * np.log10(float(truth.max()) ** 2 / max(error, 1e-20)))
