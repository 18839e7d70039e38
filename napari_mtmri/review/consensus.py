# SPDX-License-Identifier: BSD-3-Clause
"""Consensus of several readers' masks, saved as a reader of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.readers.base import read_volume
from napari_mtmri.review.case_list import FLAGGED, VERDICTS
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.extra import require
from napari_mtmri.review.journal import read_journal
from napari_mtmri.review.opinions import CONSENSUS, Opinion, find_opinions
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.review.session import ReviewSession

How = Literal["majority", "staple"]
HOWS: tuple[How, ...] = ("majority", "staple")
FEWEST = 2
STAPLE_THRESHOLD = 0.5
COMBINED = "combined"


@dataclass(frozen=True, eq=False)
class Consensus:
    """Consensus of several masks.

    Parameters
    ----------
    labels : integer array, (i, j, k)
    sensitivity, specificity : tuple of float
        Of each mask, estimated by STAPLE of one label; empty otherwise.
    """

    labels: np.ndarray
    sensitivity: tuple[float, ...] = ()
    specificity: tuple[float, ...] = ()


@dataclass(frozen=True)
class ConsensusReport:
    """Cases with a consensus.

    Parameters
    ----------
    reader : str
        Name of the reader under which the masks were saved.
    cases : mapping
        Readers whose masks were used, by case.
    kept : tuple of str
        Cases whose consensus was made earlier from the same masks.
    left_out : tuple of str
        Cases with fewer than two masks.
    """

    reader: str
    cases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def majority(masks: Sequence[np.ndarray]) -> Consensus:
    """Return the label that more than half of the masks give to each voxel, else background.

    Parameters
    ----------
    masks : sequence of integer arrays, (i, j, k)

    Raises
    ------
    RequestError
        If there are fewer than two masks, or their shapes differ.
    """
    _check(masks)
    result = np.zeros(masks[0].shape, np.result_type(*masks))
    for label in _labels(masks):
        votes = np.sum([mask == label for mask in masks], axis=0)
        result[2 * votes > len(masks)] = label
    return Consensus(result)


def staple(masks: Sequence[np.ndarray]) -> Consensus:
    """Return the STAPLE estimate of the true segmentation, weighted by how good each mask is.

    With several labels, voxels that remain undecided are background.

    Parameters
    ----------
    masks : sequence of integer arrays, (i, j, k)

    Raises
    ------
    RequestError
        If there are fewer than two masks, or their shapes differ.
    ResourceError
        If SimpleITK is missing.

    References
    ----------
    Warfield, Zou and Wells, IEEE Transactions on Medical Imaging 23(7), 2004; several labels:
    Rohlfing, Russakoff and Maurer, IPMI 2003. Computed by SimpleITK over the whole image.
    """
    _check(masks)
    require("SimpleITK", "STAPLE")
    import SimpleITK as sitk

    labels = _labels(masks)
    dtype = np.result_type(*masks)
    if not labels:
        return Consensus(np.zeros(masks[0].shape, dtype))
    # Numbered from 1: a filter that takes 8 bits must not lose label 1000.
    images = [sitk.GetImageFromArray(_numbered(mask, labels)) for mask in masks]
    if len(labels) > 1:
        undecided = len(labels) + 1
        found = sitk.GetArrayFromImage(sitk.MultiLabelSTAPLE(images, undecided))
        return Consensus(np.array([0, *labels, 0], dtype)[found])
    estimate = sitk.STAPLEImageFilter()
    estimate.SetForegroundValue(1)
    likely = sitk.GetArrayFromImage(estimate.Execute(images))
    return Consensus(
        (likely > STAPLE_THRESHOLD).astype(dtype) * dtype.type(labels[0]),
        tuple(estimate.GetSensitivity()),
        tuple(estimate.GetSpecificity()),
    )


def make_consensus(
    project: ReviewProject,
    how: How = "majority",
    readers: Sequence[str] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ConsensusReport:
    """Save the consensus of the readers' masks as the reader ``consensus-majority`` or so.

    Only first readings count, and no rejected masks. The verdict is that of most readers; if
    they disagree evenly, the case is flagged.

    Parameters
    ----------
    project : ReviewProject
    how : {"majority", "staple"}
    readers : sequence of str, optional
        By default all readers except a consensus of others.
    on_progress : callable
        Called with the number of finished cases and their total.

    Raises
    ------
    RequestError
        If ``how`` or a reader does not exist, or the consensus is open in another process.
    InputError
        If no case has two masks, or a file cannot be read.
    ResourceError
        If SimpleITK is missing, or the disk refuses.
    """
    if how not in HOWS:
        raise RequestError(f"`consensus` {how!r} does not exist; choose one of {', '.join(HOWS)}.")
    combine = majority if how == "majority" else staple
    if how == "staple":
        require("SimpleITK", "STAPLE")
    found = {
        name: [one for one in opinions if one.has_mask and one.status.reading == 1]
        for name, opinions in find_opinions(project, readers).items()
    }
    wanted = {name: opinions for name, opinions in found.items() if len(opinions) >= FEWEST}
    if not wanted:
        raise InputError(
            f"{project.folder}: no case has the masks of two readers; a consensus needs them."
        )
    reader = CONSENSUS + how
    earlier = _made_of(project.of(reader))
    used: dict[str, tuple[str, ...]] = {}
    kept: list[str] = []
    with ReviewSession(project.of(reader), prefetch=False) as session:
        if session.is_read_only:
            raise RequestError(session.read_only_reason)
        for number, (name, opinions) in enumerate(wanted.items()):
            made_of = {one.name: one.status.sha256 for one in opinions}
            if earlier.get(name) == made_of:
                kept.append(name)
            else:
                _save(session, name, opinions, combine, made_of)
                used[name] = tuple(made_of)
            on_progress(number + 1, len(wanted))
    return ConsensusReport(reader, used, tuple(kept), tuple(sorted({*found} - {*wanted})))


def _save(
    session: ReviewSession,
    name: str,
    opinions: Sequence[Opinion],
    combine: Callable[[Sequence[np.ndarray]], Consensus],
    made_of: dict[str, str],
) -> None:
    image = read_volume(session.project.case(name).image)
    result = combine([one.read_mask(image).data for one in opinions])
    opened = session.open(name)
    if opened.recovery is not None:  # of an interrupted consensus, which is made again
        session.restore("disk")
    if session.status.is_done:
        session.reopen()
    tool = session.project.reader
    session.apply(Edit.between(opened.data, result.labels, tool))
    facts: dict[str, Any] = {"made_of": made_of}
    if result.sensitivity:
        names = list(made_of)
        facts["sensitivity"] = dict(zip(names, map(_rounded, result.sensitivity), strict=True))
        facts["specificity"] = dict(zip(names, map(_rounded, result.specificity), strict=True))
    session.record(COMBINED, case=name, **facts)
    session.verdict(_verdict(opinions), comment=f"Consensus of {', '.join(made_of)}.")


def _verdict(opinions: Sequence[Opinion]) -> str:
    """Return the verdict of most readers; "flag" without one."""
    (state, count), *others = Counter(one.status.state for one in opinions).most_common()
    if others and others[0][1] == count:
        state = FLAGGED
    return next(verdict for verdict, name in VERDICTS.items() if name == state)


def _made_of(project: ReviewProject) -> dict[str, dict[str, str]]:
    """Return the masks that the last consensus of each case was made of, by their SHA-256."""
    events = read_journal(project.journal, skip_damaged=True)
    return {one["case"]: one["made_of"] for one in events if one["event"] == COMBINED}


def _check(masks: Sequence[np.ndarray]) -> None:
    if len(masks) < FEWEST or len({mask.shape for mask in masks}) > 1:
        shapes = ", ".join(str(mask.shape) for mask in masks) or "none"
        raise RequestError(f"masks of shapes {shapes}: give two or more on the same grid.")


def _labels(masks: Sequence[np.ndarray]) -> list[int]:
    return sorted(set().union(*(np.unique(mask).tolist() for mask in masks)) - {0})


def _numbered(mask: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    """Return a mask whose labels are their places in a sorted list, from 1."""
    places = np.searchsorted(labels, mask) + 1
    return np.where(mask != 0, places, 0).astype(np.uint16)


def _rounded(value: float) -> float:
    return round(value, 6)
