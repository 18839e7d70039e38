# SPDX-License-Identifier: BSD-3-Clause
"""The shell command in process: what it wrote where, and its exit status."""

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
    """Exit status, and the texts on stdout and stderr."""

    status: int
    out: str
    err: str


Shell = Callable[..., Answer]


@pytest.fixture(scope="module")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def here(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with weights for all methods."""
    monkeypatch.setenv("MTMRI_WEIGHTS", str(tiny_weights))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def sh(here: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Call the command; no traceback is ever shown."""

    def call(*words: object) -> Answer:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Answer(int(left.value.code or 0), out, err)

    return call


@pytest.fixture
def head(here: Path) -> tuple[Path, Path]:
    """An image and the labels drawn on it."""
    image, lesion = phantom(SHAPE)
    return mt.save(image, here / "head.nii.gz"), mt.save(lesion, here / "lesion.nii.gz")
