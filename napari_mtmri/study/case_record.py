# SPDX-License-Identifier: BSD-3-Clause
"""What is kept of a scored case next to its scores: time, size of the lesion, one slice.

Rows scored by earlier versions have no such record, and are left out where it is needed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mtmri.display import upright_view
from napari_mtmri.files import write_text, write_whole
from napari_mtmri.geometry import to_stack

if TYPE_CHECKING:
    from napari_mtmri.batch.run_case import Case
    from napari_mtmri.result import Result
    from napari_mtmri.volume import Volume

MM3_PER_ML = 1000


@dataclass(frozen=True)
class CaseRecord:
    """Time, lesion size and one slice of a case.

    Parameters
    ----------
    seconds : float
        Duration of the method for the whole volume, without loading its weights.
    n_voxels : int
        Size of the reference segmentation in voxels, all classes together.
    size_ml : float
        The same in ml; NaN if the voxel size is unknown.
    pictures : mapping of str to array, (row, column)
        ``reference``, ``reference_labels``, ``zero_filled`` and, where the method gives them,
        ``image`` and ``labels``, of the slice with most voxels in the reference segmentation, upright as on screen.
    """

    seconds: float
    n_voxels: int
    size_ml: float
    pictures: Mapping[str, np.ndarray]


def size_of(labels: Volume) -> tuple[int, float]:
    """Return the number of labelled voxels, and their volume in ml (NaN if unknown)."""
    count = int(np.count_nonzero(labels.data))
    voxel = float(np.prod(labels.spacing)) / MM3_PER_ML if labels.spacing_known else math.nan
    return count, count * voxel


def save_record(place: Path, case: Case, result: Result, segments: bool) -> None:
    """Write the record of a case: ``<case>.json`` and ``<case>.npz`` next to its scores.

    Parameters
    ----------
    place : Path
        File of the scores.
    case : Case
        With its reference segmentation.
    result : Result
    segments : bool
        Whether the row's segmentation is one of the table's classes.
    """
    assert case.labels is not None
    count, size = size_of(case.labels)
    facts = {"seconds": result.timings["run_s"], "n_voxels": count, "size_ml": size}
    drawn = to_stack(case.labels.data, result.axes)
    number = int(np.count_nonzero(drawn, axis=(1, 2)).argmax())
    view = upright_view(result.zero_filled, result.axes.slice)

    def of(volume: Volume | None) -> np.ndarray | None:
        return None if volume is None else np.abs(view.picture(volume.data, number))

    arrays: dict[str, Any] = {
        "reference": of(result.reference),
        "reference_labels": of(case.labels),
        "zero_filled": of(result.zero_filled),
        "image": of(result.reconstruction),
        "labels": of(result.labels) if segments else None,
    }
    kept = {
        name: array.astype(np.uint8 if "labels" in name else np.float32)
        for name, array in arrays.items()
        if array is not None
    }
    write_whole(place.with_suffix(".npz"), lambda file: np.savez_compressed(file, **kept))
    text = json.dumps({key: None if value != value else value for key, value in facts.items()})
    write_text(place.with_suffix(".json"), text)


def read_record(place: Path) -> CaseRecord | None:
    """Return the record next to a file of scores; None if there is none or it is damaged."""
    try:
        facts = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
        with np.load(place.with_suffix(".npz"), allow_pickle=False) as file:
            pictures = {name: file[name] for name in file.files}
        size = math.nan if facts["size_ml"] is None else float(facts["size_ml"])
        return CaseRecord(float(facts["seconds"]), int(facts["n_voxels"]), size, pictures)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def mean_seconds(records: Sequence[CaseRecord | None]) -> float:
    """Return the mean time for a volume; NaN without records."""
    found = [one.seconds for one in records if one is not None]
    return float(np.mean(found)) if found else math.nan
