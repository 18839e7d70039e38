# SPDX-License-Identifier: BSD-3-Clause
"""Run the shell command in this process; return its output and exit status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import napari_mtmri as mt
from napari_mtmri.cli.app import main
from napari_mtmri.samples import phantom
from tests.tiny import save_tiny_weights

SHAPE = (24, 28, 4)


class Answer(NamedTuple):
    """Exit status, stdout and stderr."""

    status: int
    out: str
    err: str


Shell = Callable[..., Answer]


@pytest.fixture(scope="module")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def here(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Working directory, with weights for all methods."""
    monkeypatch.setenv("MTMRI_WEIGHTS", str(tiny_weights))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def sh(here: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Function that calls the command and checks that it shows no traceback."""

    def call(*words: object) -> Answer:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Answer(int(left.value.code or 0), out, err)

    return call


@pytest.fixture
def head(here: Path) -> tuple[Path, Path]:
    """An image and its reference segmentation."""
    image, lesion = phantom(SHAPE)
    return mt.save(image, here / "head.nii.gz"), mt.save(lesion, here / "lesion.nii.gz")
