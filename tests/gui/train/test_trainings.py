# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QObject

from napari_mtmri.gui.train.trainings import Watcher


@pytest.mark.parametrize(("spent_s", "pause_ms"), [(0.0, 400), (0.05, 1000), (9.0, 3000)])
def test_the_folder_is_read_less_often_if_reading_is_slow(
    spent_s: float, pause_ms: int, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter((10.0, 10.0 + spent_s))
    monkeypatch.setattr("napari_mtmri.gui.train.trainings.time.process_time", lambda: next(clock))
    parent = QObject()
    assert Watcher(parent)._pause() == pause_ms
