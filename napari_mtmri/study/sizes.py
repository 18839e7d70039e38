# SPDX-License-Identifier: BSD-3-Clause
"""Sizes of the lesions of the training cases, which divide the scored cases into bins."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.files import write_text
from napari_mtmri.study.case_record import CaseRecord, size_of
from napari_mtmri.study.plan import Plan
from napari_mtmri.tables import csv_text, read_rows

TABLE = "lesion_sizes.csv"
COLUMNS = ("case", "n_voxels", "size_ml")
N_BINS = 6  # as in the paper's Fig. 7, whose limits are not given


def training_sizes(plan: Plan) -> list[CaseRecord]:
    """Return the lesion sizes of the training cases, read once and kept in a table."""
    place = plan.experiment.folder / TABLE
    if not place.is_file():
        rows = []
        for file in plan.files:
            if file.split == "train":
                count, size = size_of(file.open()[1])
                rows.append((file.name, count, "" if math.isnan(size) else size))
        place.parent.mkdir(parents=True, exist_ok=True)
        write_text(place, csv_text(COLUMNS, rows))
    return _read(place)


def _read(place: Path) -> list[CaseRecord]:
    try:
        return [
            CaseRecord(math.nan, int(row["n_voxels"]), float(row["size_ml"] or "nan"), {})
            for row in read_rows(place)
        ]
    except (KeyError, ValueError) as why:
        raise InputError(
            f"{place}: damaged ({why}); remove it and write the report again."
        ) from why


def bins_of(
    trained: Sequence[CaseRecord], scored: Sequence[CaseRecord]
) -> tuple[np.ndarray, Callable[[CaseRecord], float], str]:
    """Return limits between the bins, the size that they divide, and its unit.

    The limits are the sextiles of the training cases: in ml if the voxel size of every case
    is known, else in voxels.
    """
    in_ml = not any(math.isnan(one.size_ml) for one in (*trained, *scored))

    def size(one: CaseRecord) -> float:
        return one.size_ml if in_ml else float(one.n_voxels)

    sizes = [size(one) for one in trained or scored]
    limits = np.quantile(sizes, np.arange(1, N_BINS) / N_BINS)
    return np.unique(limits), size, "ml" if in_ml else "voxels"
