# SPDX-License-Identifier: BSD-3-Clause
"""A checkpoint is exported to the user's weights without changing others."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mtmri.errors import InputError
from napari_mtmri.gui.reconstruct.parts.method import own_weights as listed
from napari_mtmri.train.export.weights import export_own
from napari_mtmri.train.loop.training import Training
from napari_mtmri.weights import find_weights, load_weights
from tests.train.heads import changed, write_cases


def trained(tmp_path: Path, place: str, seed: int) -> Path:
    folder = tmp_path / "cases"
    data = folder if folder.exists() else write_cases(folder, ["train", "val"])
    run = tmp_path / place / "run"
    Training(changed(seed=seed, epochs=1), data, run).run(most_updates=1)
    return run


def test_exported_weights_replace_no_others_and_are_stored_once(
    tmp_path: Path, own_weights: Path
) -> None:
    before = {path: path.read_bytes() for path in own_weights.iterdir()}
    first, second = (trained(tmp_path, place, n) for n, place in enumerate("ab"))
    made = [export_own(run, checkpoint="last") for run in (first, first, second)]
    names = [one.path.stem for one in made]
    assert names == ["mtmri-run", "mtmri-run", "mtmri-run-2"]
    assert {path: path.read_bytes() for path in before} == before
    assert len(list(own_weights.iterdir())) == len(before) + 4  # weights and cards
    for one in made:
        load_weights(one.path, "mtmri")
    assert set(listed("mtmri")) == {one.path for one in made}
    assert find_weights("mtmri") not in listed("mtmri")  # used by default


def test_without_a_checkpoint_nothing_can_be_exported(tmp_path: Path) -> None:
    run = trained(tmp_path, "a", 0)
    for path in (run / "checkpoints").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="no checkpoint"):
        export_own(run, checkpoint="best")
