# SPDX-License-Identifier: BSD-3-Clause
"""Fixture for tests of the Reconstruct panel: networks that can be blocked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gui.driving import Gate


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Any:
    gate = Gate(monkeypatch)
    yield gate
    gate.event.set()
