# SPDX-License-Identifier: BSD-3-Clause
"""Writes an opened case: each stroke, the whole mask from time to time, versions."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mtmri.files import remove_leftovers, sha256
from napari_mtmri.readers.base import write
from napari_mtmri.review.case_files import CaseFiles
from napari_mtmri.review.edits import Array, Edit
from napari_mtmri.review.mask_store import label_volumes_ml, write_mask
from napari_mtmri.review.opened import OpenCase, Recovery, start_record
from napari_mtmri.review.reader_store import ReaderStore
from napari_mtmri.review.saver import Step
from napari_mtmri.review.stroke_file import DISCARDED, EDIT, REDO, SAVED, UNDO, Record, StrokeFile


class CaseSaver:
    """Writes the edits and versions of one opened case.

    Parameters
    ----------
    store : ReaderStore
    opened : OpenCase
    """

    def __init__(self, store: ReaderStore, opened: OpenCase) -> None:
        self.opened = opened
        self._store = store
        self._files = CaseFiles(store.project.mask_folder(opened.name, opened.reading))
        if not store.is_read_only:
            remove_leftovers(self._files.folder)
        self._strokes: StrokeFile | None = None
        self._next_version = self._files.next_version()
        self._edits_since: list[Edit] = []
        self._last_autosave = store.clock.monotonic()
        self._waiting = 0  # versions that are not on the disk yet
        self.has_changes = False  # since the last version

    @property
    def is_written(self) -> bool:
        """Whether the last state of the mask is a version on the disk."""
        return not self.has_changes and not self._waiting

    def edit(self, edit: Edit) -> None:
        """Write an edit that was made."""
        self._edits_since.append(edit)
        self._append(Record(EDIT, {}, edit))

    def undo(self) -> None:
        """Write that the last edit was undone."""
        self._append(Record(UNDO, self._now()))

    def redo(self) -> None:
        """Write that the last undone edit was made again."""
        self._append(Record(REDO, self._now()))

    def resume(self, recovery: Recovery) -> None:
        """Continue the stroke file that a crash left behind."""
        self.has_changes = True
        if recovery.strokes is not None:
            self._strokes = StrokeFile(recovery.strokes, recovery.size)
        else:
            self.edit(recovery.history.done[-1])

    def discard(self, recovery: Recovery) -> None:
        """Mark the edits in a stroke file as not wanted; they stay in the file."""
        if recovery.strokes is not None:
            strokes = StrokeFile(recovery.strokes, recovery.size)
            self._submit_record(strokes, Record(DISCARDED, self._now()))
        else:
            self._store.submit(self._set_autosave_aside)

    def _set_autosave_aside(self) -> None:
        if self._files.autosave.exists():
            os.replace(self._files.autosave, self._files.next_discarded())

    def autosave(self, after_s: float) -> None:
        """Write the whole mask if the last time is longer ago than ``after_s``."""
        now = self._store.clock.monotonic()
        if not self.has_changes or now - self._last_autosave < after_s:
            return
        self._last_autosave = now
        data = self.opened.data.copy()
        self._store.submit(lambda: self._write(data, self._files.autosave), key=self._key)

    def save(self, reason: str) -> str:
        """Write the mask as a new version and return its file name."""
        path = self._files.version(self._next_version)
        self._next_version += 1
        self._waiting += 1
        self.has_changes = False
        data, sources = self.opened.data.copy(), self.opened.sources()
        facts = self._facts(path.name, reason)
        strokes, when = self._strokes, self._store.clock.now()
        self._edits_since = []
        self._store.learn({"event": "saved", **facts})
        steps: list[Step] = [
            lambda: self._write(data, path),
            lambda: self._write_sources(sources, path.name),
            lambda: facts.update(_contents(data, self.opened, path)),
            *self._store.journal_steps("saved", when, facts),
            lambda: self._store.complete(facts),
        ]
        if strokes is not None:
            steps.append(lambda: strokes.append(Record(SAVED, {"version": path.name})))
        self._store.submit(*steps, self._finish)
        return path.name

    def _finish(self) -> None:
        self._waiting -= 1
        with suppress(FileNotFoundError):
            self._files.autosave.unlink()

    @property
    def _key(self) -> str:
        return f"autosave {self._files.folder}"

    def _now(self) -> dict[str, Any]:
        return {"time": self._store.clock.now().isoformat(timespec="milliseconds")}

    def _append(self, record: Record) -> None:
        self.has_changes = True
        record.facts.update(self._now())
        if self._strokes is None:
            self._strokes = StrokeFile(self._files.next_strokes())
            self._submit_record(self._strokes, start_record(self.opened))
        self._submit_record(self._strokes, record)

    def _submit_record(self, strokes: StrokeFile, record: Record) -> None:
        def append() -> None:
            self._store.require_lock()
            strokes.append(record)
            self._store.wrote(strokes.path)

        self._store.submit(append)

    def _write(self, data: Array, path: Path) -> None:
        self._store.require_lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_mask(self.opened.mask, data, path)
        self._store.wrote(path)

    def _write_sources(self, sources: NDArray[np.uint8], version: str) -> None:
        image = self.opened.image
        write(image.like(sources, kind="labels", name="sources"), self._files.sources(version))

    def _facts(self, version: str, reason: str) -> dict[str, Any]:
        opened = self.opened
        return {
            "case": opened.name,
            "reading": opened.reading,
            "version": version,
            "sha256": "",
            "reason": reason,
            "tools": _tools(self._edits_since),
            "used": used_by(opened),
            "strokes": self._strokes.path.name if self._strokes is not None else "",
        }


def used_by(opened: OpenCase) -> dict[str, Any]:
    """Return what a mask was made from: hashes of the image, the first mask and the weights."""
    weights = sorted({edit.weights for edit in opened.history.done} - {""})
    return {
        "image": opened.image.sha256,
        "mask": opened.status.base,
        "mask_sha256": opened.mask.sha256,
        "weights": weights,
    }


def _tools(edits: Iterable[Edit]) -> dict[str, dict[str, int]]:
    """Return how many edits and voxels were made with each tool."""
    counts, voxels = Counter(), Counter()  # type: Counter[str], Counter[str]
    for edit in edits:
        counts[edit.tool] += 1
        voxels[edit.tool] += edit.n_voxels
    return {tool: {"edits": n, "voxels": voxels[tool]} for tool, n in counts.items()}


def _contents(data: Array, opened: OpenCase, path: Path) -> dict[str, Any]:
    """Return hash, voxels and volumes of a version."""
    labels, counts = np.unique(data[data != 0], return_counts=True)
    volumes = label_volumes_ml(data, opened.image)
    facts: dict[str, Any] = {
        "sha256": sha256(path),
        "voxels": {str(label): int(n) for label, n in zip(labels, counts, strict=True)},
    }
    if opened.image.spacing_known:
        facts["volume_ml"] = round(sum(volumes.values()), 6)
    return facts
