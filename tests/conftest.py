# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures and guards for the whole suite."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from napari_mtmri.registry import Registry

DUMMY_PACKAGE = Path(__file__).parent / "dummy_package"

if "PYTEST_XDIST_WORKER" in os.environ:  # one core each: threads would wait for one another
    os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("ci")


@pytest.fixture(autouse=True)
def _home_is_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the settings or weights of who runs it."""
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("NAPARI_CONFIG", str(tmp_path / "home" / "napari.yaml"))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing leaves the machine: a socket to anywhere but this machine fails the test."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else address
        if isinstance(host, str) and (host in ("localhost", "127.0.0.1", "::1") or "/" in host):
            return connect(self, address)  # type: ignore[arg-type]
        raise AssertionError(f"a test reached for the network: {address!r}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def rng() -> np.random.Generator:
    """The one source of random test data."""
    return np.random.default_rng(20240229)


@pytest.fixture
def dummy_package() -> Iterator[Path]:
    """Another package, installed here and for child processes, with a member of each kind.

    A further member is a module in ``tests/dummy_package/dummy_mtmri`` and a line in the
    ``entry_points.txt`` next to it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DUMMY_PACKAGE))
        patch.setenv("PYTHONPATH", str(DUMMY_PACKAGE), prepend=os.pathsep)
        Registry.refresh()
        yield DUMMY_PACKAGE
    Registry.refresh()
    for name in [name for name in sys.modules if name.partition(".")[0] == "dummy_mtmri"]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data that is not part of the repository; tests that need it skip without it."""
    folder = Path(
        os.environ.get("MTMRI_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
    )
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} does not exist (set MTMRI_DATA to use another folder)")
    return folder
