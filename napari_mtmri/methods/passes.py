# SPDX-License-Identifier: BSD-3-Clause
"""Run a loaded method on the slices of a scan: order, progress, stop, memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from napari_mtmri.device import run_halving
from napari_mtmri.errors import Stopped
from napari_mtmri.methods.base import LoadedMethod, SliceBatch
from napari_mtmri.scan import Scan


@dataclass(frozen=True)
class Progress:
    """Slices that have just been processed, and the progress so far.

    Parameters
    ----------
    done, total : int
        Number of processed slices, and of all slices.
    slices : tuple of int
        Slice numbers in the grid, in the order of processing.
    image : complex64 (slice, readout, phase) or None
    probability : float32 (slice, channel, readout, phase) or None
    seconds_left : float
    """

    done: int
    total: int
    slices: tuple[int, ...]
    image: np.ndarray | None
    probability: np.ndarray | None
    seconds_left: float

    @property
    def share(self) -> float:
        """Processed fraction of the slices, 0 to 1."""
        return self.done / max(self.total, 1)

    @property
    def text(self) -> str:
        """Description in words."""
        return f"{self.done} of {self.total} slices, {self.seconds_left:.0f} s to go"


Report = Callable[[Progress], None]


def outwards(count: int, first: int | None) -> list[int]:
    """Return 0 … count - 1, ordered outwards from ``first``.

    Examples
    --------
    >>> outwards(5, 3)
    [3, 4, 2, 1, 0]
    """
    if first is None:
        return list(range(count))
    return sorted(range(count), key=lambda i: (abs(i - first), -i))


def run_slices(
    scan: Scan,
    method: LoadedMethod,
    first: int | None = None,
    on_progress: Report | None = None,
    stop: threading.Event | None = None,
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return image (complex64) and probability (float32) of all slices, in scan order.

    Parameters
    ----------
    first : int, optional
        Position in the scan of the slice to process first, separately.
    on_progress : callable, optional
    stop : threading.Event, optional

    Raises
    ------
    Stopped
        If ``stop`` was set.
    ResourceError
        If not even one slice fits into memory.
    """

    def one_pass(positions: Sequence[int]) -> SliceBatch:
        return method.run(scan, positions)

    device = method.setting.device
    image: np.ndarray | None = None
    probability: np.ndarray | None = None
    done, began = 0, time.perf_counter()
    for wanted in _batches(outwards(scan.n_slices, first), device.batch_size):
        if stop is not None and stop.is_set():
            raise Stopped(f"{scan.name}: stopped after {done} of {scan.n_slices} slices.")
        for positions, part in run_halving(one_pass, wanted, device):
            image = _place(image, part.image, positions, scan.n_slices)
            probability = _place(probability, part.probability, positions, scan.n_slices)
            done += len(positions)
            if on_progress is not None:
                left = (time.perf_counter() - began) / done * (scan.n_slices - done)
                slices = tuple(scan.slices[i] for i in positions)
                on_progress(
                    Progress(done, scan.n_slices, slices, part.image, part.probability, left)
                )
    return image, probability


def _batches(order: list[int], size: int) -> Iterator[list[int]]:
    yield order[:1]  # the slice on screen is shown as early as possible
    for start in range(1, len(order), size):
        yield order[start : start + size]


def _place(
    whole: np.ndarray | None, part: np.ndarray | None, positions: Sequence[int], count: int
) -> np.ndarray | None:
    if part is None:
        return None
    if whole is None:
        whole = np.zeros((count, *part.shape[1:]), part.dtype)
    whole[list(positions)] = part
    return whole
