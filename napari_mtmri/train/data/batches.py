# SPDX-License-Identifier: BSD-3-Clause
"""Batches of simulated scans; all random numbers depend on (seed, epoch, case) only.

Time, worker and process have no influence, so that a resumed training and one on several
machines get exactly the batches of an uninterrupted one. Without crop and augmentation a
slice equals the input of the network in inference bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_mtmri.errors import RequestError
from napari_mtmri.normalization import Normalization, representative_slices
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.rng import keyed_generator
from napari_mtmri.simulation import Scanner
from napari_mtmri.train.data.augmentation import augment
from napari_mtmri.train.data.cases import Case
from napari_mtmri.train.recipe import Recipe


@dataclass(frozen=True)
class Item:
    """One slice of an epoch.

    Parameters
    ----------
    case : int
        Index of its case.
    slice : int
        Slice number.
    repeat : int
        Number of times this slice was drawn before in this epoch.
    """

    case: int
    slice: int
    repeat: int


@dataclass(frozen=True)
class Batch:
    """Arrays of one update; images and k-space are divided by the scale of their volume.

    Parameters
    ----------
    kspace : complex64 array, (batch, 1, readout, phase)
        0 where not measured; zero frequency at ``n // 2``.
    mask : bool array, (batch, 1, readout, phase)
    target : complex64 array, (batch, readout, phase)
        Fully sampled image with the simulated phase, without noise.
    truth : float32 array, (batch, readout, phase)
        Reference image: magnitude of ``target``.
    labels : int64 array, (batch, readout, phase)
    position : int64 array, (batch,)
        Position of each slice in the batch of all processes; -1 for a repeated slice that
        only fills up the batch.
    """

    kspace: np.ndarray
    mask: np.ndarray
    target: np.ndarray
    truth: np.ndarray
    labels: np.ndarray
    position: np.ndarray


def plan_epoch(cases: Sequence[Case], recipe: Recipe, epoch: int) -> list[Item]:
    """Return the slices of an epoch, in the order in which they are trained on."""
    items: list[Item] = []
    for index, case in enumerate(cases):
        draw = keyed_generator(recipe.seed, epoch, case.name, "slices")
        repeats: dict[int, int] = {}
        for number in _choose_slices(case, recipe, draw):
            repeats[number] = repeats.get(number, -1) + 1
            items.append(Item(index, number, repeats[number]))
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
    """Draw ``count`` numbers from a pool; each once before any is drawn again."""
    if not len(pool):
        return []
    rounds = [draw.permutation(pool) for _ in range(-(-count // len(pool)))]
    return [int(i) for i in np.concatenate(rounds)[:count]] if rounds else []


class Simulator:
    """Simulates the batches of one set of cases.

    Parameters
    ----------
    cases : sequence of Case
    recipe : Recipe
    """

    def __init__(self, cases: Sequence[Case], recipe: Recipe) -> None:
        self.cases = cases
        self.recipe = recipe
        self._boxes = [case.box() for case in cases]
        share, epochs = recipe.data.half_matrix_share, recipe.optimizer.epochs
        self._n_half = round(share * epochs)  # epochs with images of half the matrix
        self._scans: dict[tuple[int, int], tuple[Scanner, Normalization]] = {}

    def batch(self, items: Sequence[Item], epoch: int, rank: int = 0, world: int = 1) -> Batch:
        """Return the slices of a batch that one of ``world`` processes works on.

        All processes get the same number of slices: a process with too few repeats its last
        slice at position -1, where it has no weight.
        """
        n_each = -(-len(items) // world)
        places = [rank + world * turn for turn in range(n_each)]
        parts = [self._slice(items[min(place, len(items) - 1)], epoch) for place in places]
        kspace, mask, target, truth, labels = (np.stack(part) for part in zip(*parts, strict=True))
        position = np.array([place if place < len(items) else -1 for place in places])
        return Batch(kspace, mask[:, None], target, truth, labels, position)

    def _slice(self, item: Item, epoch: int) -> tuple[np.ndarray, ...]:
        case, recipe = self.cases[item.case], self.recipe
        scanner, normalization = self.scan(item.case, epoch)
        if recipe.sampling.mask_scope == "slice":
            scanner = replace(scanner, mask=self._mask(item.case, epoch, item.slice))
        # A repeated slice has the phase of its volume and its own noise.
        scanner = replace(scanner, seed=scanner.seed + item.repeat)
        draw = keyed_generator(recipe.seed, epoch, case.name, item.slice, item.repeat, "augment")
        image, labels = case.image[item.slice].astype(np.float32), case.labels[item.slice]
        mirror = None if case.mirror_axis is None else case.mirror_axis - 1
        image, labels, gain = augment(image, labels, mirror, recipe.data.augment, draw)
        scale = np.float32(normalization.scale * gain)
        image, labels = self._crop(image, item.case, epoch), self._crop(labels, item.case, epoch)
        truth = image / scale
        target = truth.astype(np.complex64) if scanner.phase is None else truth * scanner.phase
        kspace = scanner.kspace(image, item.slice) / scale
        known = np.minimum(labels.astype(np.int64), recipe.n_classes)
        return kspace, scanner.mask, target, truth, known

    def _crop(self, plane: np.ndarray, case: int, epoch: int) -> np.ndarray:
        if self.recipe.data.crop is not None:
            plane = crop_around(plane, self._boxes[case], self.recipe.data.crop)
        return binned(plane) if epoch < self._n_half else plane

    def scan(self, index: int, epoch: int) -> tuple[Scanner, Normalization]:
        """Return how a volume is scanned in an epoch, and its normalization.

        The normalization is that of inference: of the cropped volume without augmentation,
        with the phase, noise and mask of this epoch. If masks are drawn per slice, one more
        mask is drawn for the volume and used here.
        """
        if (index, epoch) not in self._scans:
            self._scans = {key: val for key, val in self._scans.items() if key[1] == epoch}
            self._scans[index, epoch] = self._new_scan(index, epoch)
        return self._scans[index, epoch]

    def _new_scan(self, index: int, epoch: int) -> tuple[Scanner, Normalization]:
        case, sampling = self.cases[index], self.recipe.sampling
        numbers = representative_slices(len(case.image))
        slices = [case.image[number].astype(np.float32) for number in numbers]
        images = np.stack([self._crop(plane, index, epoch) for plane in slices])
        draw = keyed_generator(self.recipe.seed, epoch, case.name, "phase")
        phase, seed = bool(draw.random() < sampling.phase_share), int(draw.integers(2**31))
        mask = self._mask(index, epoch)
        scanner = Scanner.for_volume(images, mask, phase=phase, snr=sampling.snr, seed=seed)
        return scanner, scanner.normalization(images, numbers)

    def pattern(self, index: int, epoch: int, number: int | None = None) -> Pattern:
        """Return the sampling pattern of a volume, or of one of its slices, in an epoch."""
        case, sampling = self.cases[index], self.recipe.sampling
        drawn_in = epoch if sampling.mask_redraw == "epoch" else 0
        name = "" if sampling.mask_scope == "dataset" else case.name
        key = (self.recipe.seed, drawn_in, name, "mask")
        draw = keyed_generator(*key) if number is None else keyed_generator(*key, number)
        factors, shares = zip(*sorted(sampling.accelerations.items()), strict=True)
        factor = draw.choice(factors, p=np.array(shares) / sum(shares))
        seed = int(draw.integers(2**31))
        return Pattern(sampling.pattern, float(factor), sampling.center_fraction, seed)

    def _mask(self, index: int, epoch: int, number: int | None = None) -> np.ndarray:
        return self.pattern(index, epoch, number).mask(self._plane(index, epoch))

    def _plane(self, index: int, epoch: int) -> tuple[int, int]:
        rows, columns = self.recipe.data.crop or self.cases[index].image.shape[1:]
        step = 2 if epoch < self._n_half else 1
        return rows // step, columns // step

    def check_masks(self) -> None:
        """Draw a mask of every acceleration for every size of a plane.

        Raises
        ------
        RequestError
            If one does not fit; the message names a case with this size.
        """
        sampling = self.recipe.sampling
        planes = {
            self._plane(index, epoch): case.name
            for index, case in enumerate(self.cases)
            for epoch in {0, self._n_half}
        }
        for plane, name in planes.items():
            for factor in sampling.drawn_accelerations:
                try:
                    Pattern(sampling.pattern, factor, sampling.center_fraction).mask(plane)
                except RequestError as why:
                    size = "{} x {}".format(*plane)
                    raise RequestError(f"case {name}, slices of {size}: {why}") from why


def binned(plane: np.ndarray) -> np.ndarray:
    """Return the means of 2 x 2 pixels; of an odd size the last row or column is left out.

    Parameters
    ----------
    plane : float32 array, (readout, phase)

    Returns
    -------
    float32 array, (readout // 2, phase // 2)
    """
    rows, columns = (length // 2 for length in plane.shape)
    parts = plane[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    return np.asarray(parts.mean(axis=(1, 3)), plane.dtype)


def crop_around(plane: np.ndarray, box: tuple[slice, slice], size: tuple[int, int]) -> np.ndarray:
    """Return the part of a slice around the centre of a box.

    A part that is not larger than the slice lies inside it, at the position of
    `Normalization.window`; outside a smaller slice it is 0.

    Parameters
    ----------
    plane : array, (readout, phase)
    box : (slice, slice)
        Rows (readout) and columns (phase).
    size : (int, int)
        Size of the part in pixels, (readout, phase).

    Returns
    -------
    array, (readout, phase)
        Of the dtype of ``plane`` and of shape ``size``.
    """
    out = np.zeros(size, plane.dtype)
    source, target = [], []
    for length, part, wanted in zip(plane.shape, box, size, strict=True):
        inside = min(max((part.start + part.stop - wanted) // 2, 0), length - wanted)
        first = inside if length >= wanted else (length - wanted) // 2
        low, high = max(first, 0), min(first + wanted, length)
        source.append(slice(low, high))
        target.append(slice(low - first, high - first))
    out[tuple(target)] = plane[tuple(source)]
    return out
