# SPDX-License-Identifier: BSD-3-Clause
"""Time of the lesion table and the editing tools on 256 x 256 x 60, beside bare labelling.

python benchmarks/lesions.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from skimage.measure import label

from napari_mtmri.review.lesions import measure_lesions
from napari_mtmri.review.tools.interpolate import interpolate_slices
from napari_mtmri.review.tools.region import grow_from_seed
from napari_mtmri.review.tools.shape import fill_holes, grow, remove_small, smooth

SHAPE, SPACING, N_LESIONS, REPEATS = (256, 256, 60), (1.0, 1.0, 3.0), 40, 5


def lesions() -> np.ndarray:
    """A mask with balls of many sizes."""
    draw = np.random.default_rng(0)
    i, j, k = np.ogrid[tuple(slice(0, size) for size in SHAPE)]
    mask = np.zeros(SHAPE, np.uint8)
    for _ in range(N_LESIONS):
        a, b, c = [*draw.uniform(20, 236, 2).tolist(), draw.uniform(5, 55)]
        radius = draw.uniform(2, 18)
        mask[(i - a) ** 2 + (j - b) ** 2 + 9 * (k - c) ** 2 < radius**2] = 1
    return mask


def seconds(work: Callable[[], object]) -> float:
    """Shortest time of a few calls."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print the time of each, and its ratio to bare labelling of the components."""
    mask = lesions()
    image = np.random.default_rng(1).random(SHAPE).astype(np.float32)
    affine, every_third = np.diag([*SPACING, 1.0]), mask.copy()
    every_third[..., 1::3] = every_third[..., 2::3] = 0
    seed = tuple(np.argwhere(mask)[0].tolist())
    works: dict[str, Callable[[], object]] = {
        "bare labelling": lambda: label(mask, connectivity=3),
        "lesion table": lambda: measure_lesions(mask, affine, image=image, probability=image),
        "interpolate slices": lambda: interpolate_slices(every_third, 1, 2, spacing=SPACING),
        "grow from seed": lambda: grow_from_seed(mask, image, seed, 0.0, 1.0, 1),
        "fill holes": lambda: fill_holes(mask, 1),
        "remove small": lambda: remove_small(mask, 100, 3.0),
        "smooth 1 mm": lambda: smooth(mask, 1, 1.0, SPACING),
        "grow 2 mm": lambda: grow(mask, 1, 2.0, SPACING),
    }
    bare = 0.0
    for name, work in works.items():
        took = seconds(work)
        bare = bare or took
        print(f"{name:<20} {1000 * took:7.0f} ms  {took / bare:5.1f} x")


if __name__ == "__main__":
    main()
