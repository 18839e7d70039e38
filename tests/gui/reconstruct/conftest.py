# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of the Reconstruct panel get: networks that can be held back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gui.driving import Gate


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Any:
    gate = Gate(monkeypatch)
    yield gate
    gate.event.set()
