# SPDX-License-Identifier: BSD-3-Clause
"""A method runs with the weights chosen for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from napari_mtmri.gui.reconstruct.parts.method import MethodPart
from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.networks.base import build
from napari_mtmri.weights import save_weights
from tests.tiny import ARCHITECTURES, card_of


@pytest.fixture
def own(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of own weights next to the default weights."""
    folder = Path(shutil.copytree(tiny_weights, tmp_path / "weights"))
    monkeypatch.setenv("MTMRI_WEIGHTS", str(folder))
    network = build(ARCHITECTURES["mtmri"], 7)
    path = folder / "mtmri-mine.safetensors"
    save_weights(path, network.state_dict(), card_of("mtmri", title="mine"))
    return path


@pytest.fixture
def choices() -> Choices:
    return Choices()


@pytest.fixture
def part(own: Path, choices: Choices, qtbot: Any) -> MethodPart:
    made = MethodPart(choices)
    qtbot.addWidget(made)
    return made


def items(part: MethodPart) -> list[str]:
    box = part.weights.box
    return [box.itemText(row) for row in range(box.count())]


def test_own_weights_are_listed_only_for_their_method(
    part: MethodPart, choices: Choices, own: Path
) -> None:
    assert items(part) == ["mtmri (yours)", "mtmri-mine"]
    assert choices.weights is None
    part.choose("mtmri", own)
    assert choices.weights == str(own)
    assert part.card.toPlainText().startswith("mine")
    for other in ("d5c5", "two-stage", "zero-filled"):
        part.method.setCurrentIndex(part.method.findData(other))
        assert choices.weights is None
        assert part.weights.isHidden()


def test_own_weights_that_were_deleted_are_no_longer_chosen(
    part: MethodPart, choices: Choices, own: Path
) -> None:
    part.choose("mtmri", own)
    own.unlink()
    part.refresh()
    assert choices.weights is None
    assert part.can_run
    assert part.weights.isHidden()
