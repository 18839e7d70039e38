# SPDX-License-Identifier: BSD-3-Clause
"""A sweep on a cluster: the same table, and nothing finished is lost when the cluster dies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import napari_mtmri as mt
from napari_mtmri.batch.job import Outcome, Watch
from napari_mtmri.compare import run_detection, run_sweep
from napari_mtmri.errors import ResourceError
from napari_mtmri.samples import phantom
from tests.batch.machines import Machines

pytest.importorskip("distributed", reason="needs the extra [cluster]")


@pytest.fixture
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    machines = Machines(tmp_path_factory.mktemp("machines"))
    machines.add_worker("a")
    yield machines
    machines.end()


class Saboteur(Watch):
    """Ends the cluster after the first finished job, and counts the kept ones."""

    def __init__(self, machines: Machines | None = None) -> None:
        self._machines, self.states = machines, list[str]()

    def ended(self, outcome: Outcome) -> None:
        self.states.append(outcome.state)
        if self._machines is not None and self.states == ["done"]:
            self._machines.end()


def test_what_a_dying_cluster_finished_is_kept(machines: Machines, tmp_path: Path) -> None:
    image = mt.save(phantom((24, 28, 4))[0], tmp_path / "head.nii")
    asked = ([image], tmp_path / "out", ["zero-filled"], (2, 3, 4, 6))
    cluster = mt.Where(dask=machines.address)
    with pytest.raises(ResourceError):
        run_sweep(*asked, where=cluster, watch=Saboteur(machines))
    watch = Saboteur()
    sweep = run_sweep(*asked, watch=watch)
    assert watch.states.count("kept") >= 1
    assert [point.state for point in sweep.points] == ["done"] * 4


def test_a_cluster_gives_the_same_numbers(machines: Machines, tmp_path: Path) -> None:
    image = mt.save(phantom((24, 28, 4))[0], tmp_path / "head.nii")
    cluster = mt.Where(dask=machines.address)
    given = (["zero-filled"], (2, 4))
    here = run_sweep([image], tmp_path / "a", *given)
    there = run_sweep([image], tmp_path / "b", *given, where=cluster)
    assert here.rows == there.rows
    lesion = {"diameters": (6,), "points": [(12, 14, 2)]}
    here_seen = run_detection([image], tmp_path / "a", *given, **lesion)  # type: ignore[arg-type]
    there_seen = run_detection([image], tmp_path / "b", *given, where=cluster, **lesion)  # type: ignore[arg-type]
    assert here_seen.to_csv() == there_seen.to_csv()
