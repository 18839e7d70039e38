# SPDX-License-Identifier: BSD-3-Clause
"""Result folders: written in parallel, with progress, whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.errors import ResourceError
from napari_mtmri.readers import run_folder
from napari_mtmri.readers.run_folder import write_run
from napari_mtmri.result import Result
from napari_mtmri.samples import phantom
from napari_mtmri.volume import Volume


@pytest.fixture(scope="module")
def scored() -> Result:
    image, lesion = phantom((24, 28, 4))
    scan = mt.simulate(image, mt.Pattern("random", acceleration=4))
    return mt.evaluate(mt.run(scan, "zero-filled"), labels=lesion)


def test_progress_counts_every_file_from_none_to_all(scored: Result, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    here = threading.get_ident()

    def report(done: int, total: int) -> None:
        assert threading.get_ident() == here
        assert (tmp_path / "run").exists() == (done == total)
        seen.append((done, total))

    write_run(scored, tmp_path / "run", on_progress=report)
    (total,) = {total for _, total in seen}
    assert total == len(list((tmp_path / "run").iterdir()))
    assert seen[0] == (0, total)
    assert seen[-1] == (total, total)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_volumes_are_written_side_by_side(
    scored: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits for the other: written one after the other, they would never be done."""
    both, write = threading.Barrier(2, timeout=60), run_folder.write_nifti
    monkeypatch.setattr(run_folder.os, "cpu_count", lambda: 2)

    def meet(volume: Volume, path: Path) -> None:
        if path.name in ("zero_filled.nii.gz", "error.nii.gz"):
            both.wait()
        write(volume, path)

    monkeypatch.setattr(run_folder, "write_nifti", meet)
    found = mt.open(write_run(scored, tmp_path / "run"))
    assert isinstance(found, Result)
    assert found.error is not None
    assert scored.error is not None
    np.testing.assert_array_equal(found.error.data, scored.error.data)


def test_one_volume_that_cannot_be_written_leaves_no_folder(
    scored: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = run_folder.write_nifti

    def fail(volume: Volume, path: Path) -> None:
        if path.name == "error.nii.gz":
            raise ResourceError("error.nii.gz: cannot be written (disk full).")
        write(volume, path)

    monkeypatch.setattr(run_folder, "write_nifti", fail)
    with pytest.raises(ResourceError, match="disk full"):
        write_run(scored, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
