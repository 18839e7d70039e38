# SPDX-License-Identifier: BSD-3-Clause
"""What every test of the window gets: small weights, and a look at what it leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiny import save_tiny_weights


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(autouse=True)
def _weights(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTMRI_WEIGHTS", str(tiny_weights))


@pytest.fixture(autouse=True)
def _nothing_goes_on() -> Iterator[None]:
    """No worker of ours runs on after a test."""
    from superqt.utils import WorkerBase

    before = {thread.ident for thread in threading.enumerate()}
    yield
    import time

    deadline = time.monotonic() + 10
    while WorkerBase._worker_set and time.monotonic() < deadline:
        time.sleep(0.02)
        from qtpy.QtWidgets import QApplication

        if QApplication.instance() is not None:
            QApplication.processEvents()
    assert not WorkerBase._worker_set
    left = [t for t in threading.enumerate() if t.ident not in before and not t.daemon]
    assert not [t for t in left if "Dummy" not in t.name]
