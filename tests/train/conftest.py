# SPDX-License-Identifier: BSD-3-Clause
"""Small cases, in memory and on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mtmri.train.data.cases import Case
from tests.train.heads import head, write_cases


@pytest.fixture
def cases() -> list[Case]:
    return [head("a", 0), head("b", 1), head("c", 2)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cases(tmp_path / "cases", ["train", "train", "val"])
