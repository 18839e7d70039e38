# SPDX-License-Identifier: BSD-3-Clause
"""Preview of the training data: cases, split, and slices as input of the network; no Qt."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np

from napari_mtmri.errors import Stopped
from napari_mtmri.kspace import ifft2c
from napari_mtmri.train.data.batches import Item, Simulator, plan_epoch
from napari_mtmri.train.data.cases import Case, CaseFile, find_cases, load_case, with_classes
from napari_mtmri.train.data.sources.base import SPLITS
from napari_mtmri.train.data.split import check_images
from napari_mtmri.train.export.slice_pictures import outlined
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.volume import bright_value, image_hash

N_SEEN = 6
# Recipe keys that change the preview.
SEEN_KEYS = (
    "seed", "split", "image_glob", "labels_glob", "patient_regex", "classes", "skip_unreadable",
    "resize", "crop", "sequence", "field_t", "bias_percent", "n_simulated", "simulated_size",
    "pattern", "accelerations", "center_fraction", "mask_scope", "phase_share", "snr", "augment",
    "slice_filter", "slices_per_case", "lesion_fraction",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Look:
    """A preview of the training data.

    Parameters
    ----------
    facts : (str, ...)
        Lines of text: cases and patients per split, slices and labels of the cases read.
    leaks : str
        Result of the leak check.
    seen, truth : sequence of uint8 arrays, (row, column, 3)
        Slices of the first epoch, upright, with outlined labels: the zero-filled image, which
        is the input of the network, and the fully sampled image.
    """

    facts: tuple[str, ...]
    leaks: str
    seen: tuple[np.ndarray, ...]
    truth: tuple[np.ndarray, ...]


def look(
    data: str,
    recipe: Recipe,
    report: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> Look:
    """Return a preview of the data of a training.

    Parameters
    ----------
    data : str
        Folder or table of cases, or "simulated".
    recipe : Recipe
    report : callable, optional
        Called with the progress, in words.
    stop : threading.Event, optional
        Ends the reading before the next case.

    Raises
    ------
    InputError
        If the cases cannot be used, or a patient or image is in two splits.
    Stopped
        If ``stop`` was set.
    """
    files = find_cases(data, recipe)
    chosen = [file for file in files if file.split == "train"][:N_SEEN]
    chosen += [file for file in files if file.split == "val"][:1]
    cases = []
    for number, file in enumerate(chosen, start=1):
        if stop is not None and stop.is_set():
            raise Stopped("stopped; nothing is shown.")
        if report is not None:
            report(f"Reading case {number} of {len(chosen)}: {file.name}")
        cases.append(load_case(file, recipe))
    hashes = {case.name: image_hash(case.image) for case in cases}
    check_images(files, hashes)
    shown = [case for file, case in zip(chosen, cases, strict=True) if file.split == "train"]
    pairs = _pairs(shown, recipe)
    return Look(
        facts=(_sides(files), _read(cases)),
        leaks=f"Leak check passed: no patient and none of the {len(cases)} images compared is in "
        "two splits; the training compares all images.",
        seen=tuple(seen for seen, _ in pairs),
        truth=tuple(truth for _, truth in pairs),
    )


def _sides(files: Sequence[CaseFile]) -> str:
    parts = []
    for side in SPLITS:
        there = [file for file in files if file.split == side]
        n_patients = len({file.patient for file in there})
        same = n_patients == len(there)
        parts.append(f"{len(there)} {side}" + ("" if same else f" ({n_patients} patients)"))
    return f"{len(files)} cases: {', '.join(parts)}; split by patient"


def _read(cases: Sequence[Case]) -> str:
    if not cases:
        return "no training case"
    sizes = Counter(case.image.shape[1:] for case in cases)
    (rows, columns), _ = sizes.most_common(1)[0]
    counts = [len(case.image) for case in cases]
    least, most = min(counts), max(counts)
    slices = f"{least}" if least == most else f"{least} to {most}"
    found = sorted({int(label) for case in cases for label in np.unique(case.labels)} - {0})
    labels = ", ".join(map(str, found)) if found else "none"
    others = "" if len(sizes) == 1 else " and others"
    return f"{slices} slices per case of {rows} × {columns}{others} · labels: {labels}"


def _pairs(cases: Sequence[Case], recipe: Recipe) -> list[tuple[np.ndarray, np.ndarray]]:
    if not cases:
        return []
    simulator = Simulator(cases, with_classes(recipe, cases, ()))
    pairs = []
    for item in _some(plan_epoch(cases, recipe, 0)):
        batch = simulator.batch([item], 0)
        case, peak = cases[item.case], bright_value(batch.truth[0])
        labels = case.picture(batch.labels[0])
        scans = np.abs(ifft2c(batch.kspace[0, 0])), batch.truth[0]
        seen, truth = (outlined(case.picture(scan) / peak, labels) for scan in scans)
        pairs.append((seen, truth))
    return pairs


def _some(items: Sequence[Item]) -> list[Item]:
    """Return some slices, from different cases if possible."""
    by_case: dict[int, list[Item]] = {}
    for item in items:
        by_case.setdefault(item.case, []).append(item)
    turns = chain.from_iterable(zip_longest(*by_case.values()))
    return [item for item in turns if item is not None][:N_SEEN]
