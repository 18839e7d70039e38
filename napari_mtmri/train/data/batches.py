# SPDX-License-Identifier: BSD-3-Clause
"""Batches of simulated scans; every draw is a function of (seed, epoch, case).

Nothing depends on time, worker or process, so that a resumed training and one on
several machines see exactly what an uninterrupted one sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_mtmri.kspace import fft2c, ifft2c
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.rng import keyed_generator
from napari_mtmri.scan import Frame, frame_of, object_voxels
from napari_mtmri.simulation import smooth_phase
from napari_mtmri.train.data.augmentation import augment
from napari_mtmri.train.data.cases import Case
from napari_mtmri.train.recipe import Recipe


@dataclass(frozen=True)
class Item:
    """One slice to show: which case, which slice, and the how-manieth showing this epoch."""

    case: int
    slice: int
    showing: int


@dataclass(frozen=True)
class Batch:
    """Arrays of one update, all divided by their scan's scale.

    Parameters
    ----------
    kspace : complex64 (batch, 1, readout, phase)
    mask : bool (batch, 1, readout, phase)
    target : complex64 (batch, readout, phase)
        Fully sampled, with the phase drawn for it and without noise.
    truth : float32 (batch, readout, phase)
        Its magnitude.
    labels : int64 (batch, readout, phase)
    position : int64 (batch,)
        Of each slice in the batch of all processes; -1 for one that only fills up.
    """

    kspace: np.ndarray
    mask: np.ndarray
    target: np.ndarray
    truth: np.ndarray
    labels: np.ndarray
    position: np.ndarray


def plan_epoch(cases: Sequence[Case], recipe: Recipe, epoch: int) -> list[Item]:
    """Return the slices of an epoch in the order they are shown."""
    items: list[Item] = []
    for index, case in enumerate(cases):
        draw = keyed_generator(recipe.seed, epoch, case.name, "slices")
        shown: dict[int, int] = {}
        for number in _choose_slices(case, recipe, draw):
            shown[number] = shown.get(number, -1) + 1
            items.append(Item(index, number, shown[number]))
    order = keyed_generator(recipe.seed, epoch, "order").permutation(len(items))
    return [items[i] for i in order]


def _choose_slices(case: Case, recipe: Recipe, draw: np.random.Generator) -> list[int]:
    usable = np.arange(len(case.image))
    if recipe.data.slice_filter == "object":
        bright = case.image > 0.1 * np.percentile(case.image, 99)
        usable = usable[bright.mean(axis=(1, 2)) > 0.05]
    count = recipe.data.slices_per_case or len(usable)
    if recipe.data.lesion_fraction is None:
        return _draw(usable, count, draw)
    lesion = np.asarray(case.labels.any(axis=(1, 2)))[usable]
    n_lesion = round(count * recipe.data.lesion_fraction) if lesion.any() else 0
    n_other = count - n_lesion if not lesion.all() else 0
    return _draw(usable[lesion], n_lesion, draw) + _draw(usable[~lesion], n_other, draw)


def _draw(pool: np.ndarray, count: int, draw: np.random.Generator) -> list[int]:
    """Draw ``count`` of the pool; none twice before each was taken once."""
    if not len(pool):
        return []
    rounds = [draw.permutation(pool) for _ in range(-(-count // len(pool)))]
    return [int(i) for i in np.concatenate(rounds)[:count]] if rounds else []


class Simulator:
    """Makes the batches of one set of cases.

    Parameters
    ----------
    cases : sequence of Case
    recipe : Recipe
    """

    def __init__(self, cases: Sequence[Case], recipe: Recipe) -> None:
        self.cases = cases
        self.recipe = recipe
        self._centers = [case.center() for case in cases]
        self._scans: dict[tuple[int, int], tuple[np.ndarray, Frame]] = {}

    def batch(self, items: Sequence[Item], epoch: int, rank: int = 0, world: int = 1) -> Batch:
        """Return the slices of a batch that one of ``world`` processes works on.

        All processes get the same number: one with too few shows some slice again, at
        position -1, where it counts for nothing.
        """
        n_each = -(-len(items) // world)
        places = [rank + world * turn for turn in range(n_each)]
        parts = [self._one(items[min(place, len(items) - 1)], epoch) for place in places]
        kspace, mask, target, labels = (np.stack(part) for part in zip(*parts, strict=True))
        position = np.array([place if place < len(items) else -1 for place in places])
        return Batch(kspace[:, None], mask[:, None], target, np.abs(target), labels, position)

    def _one(self, item: Item, epoch: int) -> tuple[np.ndarray, ...]:
        case, recipe = self.cases[item.case], self.recipe
        mask, frame = self.scan(item.case, epoch)
        if recipe.sampling.mask_scope == "slice":
            mask = self._mask(item.case, epoch, item.slice)
        scale = frame.scale
        draw = keyed_generator(recipe.seed, epoch, case.name, item.slice, item.showing, "augment")
        image, labels = case.image[item.slice].astype(np.float32), case.labels[item.slice]
        mirror = None if case.mirror_axis is None else case.mirror_axis - 1
        image, labels, gain = augment(image, labels, mirror, recipe.data.augment, draw)
        image = self._crop(image, item.case) / np.float32(scale * gain)
        target = image * self._phase(image.shape, item.case, epoch)
        kspace = fft2c(target + self._noise(image, item, epoch))
        kspace = np.where(mask, kspace, 0).astype(np.complex64)
        drawn = self._crop(labels, item.case).astype(np.int64)
        return kspace, mask, target, np.minimum(drawn, recipe.n_classes)

    def _phase(self, plane: tuple[int, ...], index: int, epoch: int) -> np.ndarray:
        """Return the phase drawn for a volume: smooth, or none."""
        key = (self.recipe.seed, epoch, self.cases[index].name, "phase")
        draw = keyed_generator(*key)
        if draw.random() < self.recipe.sampling.phase_share:
            return smooth_phase(plane, int(draw.integers(2**31)))
        return np.ones(plane, np.complex64)

    def _noise(self, image: np.ndarray, item: Item, epoch: int) -> np.ndarray:
        recipe = self.recipe
        if recipe.sampling.snr is None:
            return np.zeros(image.shape, np.complex64)
        bright = object_voxels(image)
        sigma = (float(bright.mean()) if bright.size else 0.0) / recipe.sampling.snr
        key = (recipe.seed, epoch, self.cases[item.case].name, item.slice, item.showing, "noise")
        parts = keyed_generator(*key).normal(0, sigma, (2, *image.shape))
        return np.asarray(parts[0] + 1j * parts[1], dtype=np.complex64)

    def _crop(self, plane: np.ndarray, case: int) -> np.ndarray:
        if self.recipe.data.crop is None:
            return plane
        return crop_around(plane, self._centers[case], self.recipe.data.crop)

    def scan(self, index: int, epoch: int) -> tuple[np.ndarray, Frame]:
        """Return the mask and the frame of a whole volume in an epoch."""
        if (index, epoch) not in self._scans:
            self._scans = {key: val for key, val in self._scans.items() if key[1] == epoch}
            self._scans[index, epoch] = self._new_scan(index, epoch)
        return self._scans[index, epoch]

    def _new_scan(self, index: int, epoch: int) -> tuple[np.ndarray, Frame]:
        case = self.cases[index]
        some = case.image[:: max(len(case.image) // 8, 1)].astype(np.complex64)
        some = np.stack([self._crop(plane, index) for plane in some])
        mask = self._mask(index, epoch)
        zero_filled = np.abs(ifft2c(np.where(mask, fft2c(some), 0)))
        return mask, frame_of(zero_filled)

    def _mask(self, index: int, epoch: int, number: int | None = None) -> np.ndarray:
        """Return the mask of a volume, or of one of its slices."""
        case, recipe = self.cases[index], self.recipe
        turn = epoch if recipe.sampling.mask_redraw == "epoch" else 0
        name = "" if recipe.sampling.mask_scope == "dataset" else case.name
        key = (recipe.seed, turn, name, "mask")
        draw = keyed_generator(*key) if number is None else keyed_generator(*key, number)
        factors, shares = zip(*sorted(recipe.sampling.accelerations.items()), strict=True)
        factor = draw.choice(factors, p=np.array(shares) / sum(shares))
        pattern = Pattern(
            recipe.sampling.pattern,
            float(factor),
            recipe.sampling.center_fraction,
            int(draw.integers(2**31)),
        )
        rows, columns = recipe.data.crop or case.image.shape[1:]
        return pattern.mask((rows, columns))


def crop_around(plane: np.ndarray, center: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Return ``size`` pixels of a plane around ``center``, zeros where it ends."""
    out = np.zeros(size, plane.dtype)
    source, target = [], []
    for length, middle, wanted in zip(plane.shape, center, size, strict=True):
        # A crop that fits is moved inside rather than padded.
        inside = min(max(middle - wanted // 2, 0), length - wanted)
        first = inside if length >= wanted else (length - wanted) // 2
        low, high = max(first, 0), min(first + wanted, length)
        source.append(slice(low, high))
        target.append(slice(low - first, high - first))
    out[tuple(target)] = plane[tuple(source)]
    return out
