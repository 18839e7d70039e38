# SPDX-License-Identifier: BSD-3-Clause
"""``sample`` and own weights by name: what a newcomer tries first."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.samples import open_sample
from tests.cli.conftest import Shell


def test_the_written_sample_is_a_table_that_other_commands_take(sh: Shell, here: Path) -> None:
    answer = sh("sample", "--out", "cases")
    assert answer.status == 0
    assert [Path(line).exists() for line in answer.out.splitlines()] == [True] * 15
    image, lesion = open_sample()
    written = mt.open(here / "cases" / "patient.nii.gz")
    np.testing.assert_array_equal(written.data, image.data)
    np.testing.assert_allclose(written.affine, image.affine, atol=1e-5)
    np.testing.assert_array_equal(mt.open(here / "cases/lesion.nii.gz", "labels").data, lesion.data)
    words = ("-m", "zero-filled", "--split", "val")
    assert sh("evaluate", "cases", "--out", "scores", *words).status == 0
    assert sh("train", "--data", "cases", "--check").status == 0
    assert sh("sample", "--out", "cases").status == 2  # nothing is overwritten


def test_own_weights_are_known_by_name(
    sh: Shell, here: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = here / "own"
    own.mkdir()
    for ending in (".safetensors", ".json"):
        shutil.copy(tiny_weights / f"mtmri{ending}", own / f"mine{ending}")
    monkeypatch.setenv("MTMRI_WEIGHTS", str(own))
    assert "--weights mine" in sh("methods", "mtmri").out
    assert "your own, for mtmri" in sh("doctor").out
    sh("sample", "--out", "cases")
    answer = sh("run", "cases/phantoms/1.nii.gz", "--out", "r", "--weights", "mine")
    assert answer.status == 0
    found = mt.open(here / "r" / "1").provenance["weights"][0]["sha256"]
    from napari_mtmri.weights import read_card

    assert found == read_card(own / "mine.safetensors").sha256
    image = mt.open(here / "cases/phantoms/1.nii.gz")
    scan = mt.simulate(image, mt.Pattern("random", 4))
    assert mt.run(scan, weights="mine").provenance["weights"][0]["sha256"] == found
