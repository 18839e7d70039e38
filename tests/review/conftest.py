# SPDX-License-Identifier: BSD-3-Clause
"""A small project to review."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mtmri.review.project import ReviewProject
from tests.review.studies import make_project


@pytest.fixture
def project(tmp_path: Path) -> ReviewProject:
    return make_project(tmp_path / "study")
