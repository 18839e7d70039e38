# SPDX-License-Identifier: BSD-3-Clause
"""A training is followed through its folder, even a damaged one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.gui.train.sentences import facts_line, scores_line, status_line
from napari_mtmri.train.folder.checkpoint import Position
from napari_mtmri.train.folder.launch import recent_runs, remember_run
from napari_mtmri.train.folder.layout import (
    EVENTS,
    LAST,
    PROCESS,
    Config,
    is_run,
    read_events,
    write_config,
)
from napari_mtmri.train.monitor import reader as follow
from napari_mtmri.train.monitor.aggregate import N_RECENT
from napari_mtmri.train.monitor.decimate import MOST_BINS, DecimatedSeries
from napari_mtmri.train.monitor.reader import Follower
from tests.train.folders import (
    FACTS,
    PER_EPOCH,
    begun,
    event,
    update,
    validation,
    write,
    write_process,
)
from tests.train.heads import TINY, changed


def all_of(follower: Follower) -> follow.Snapshot:
    """Read all events."""
    while (seen := follower.poll()).has_more:
        pass
    return seen


def losses(seen: follow.Snapshot) -> list[float]:
    return [] if "loss" not in seen.curves else seen.curves["loss"].mean.tolist()


def gone_pid() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


def test_appended_lines_are_read_once_and_only_when_complete(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", 3)
    follower = Follower(run)
    assert len(losses(follower.poll())) == 3
    line = json.dumps(update(4)) + "\n"
    for part in (line[:20], line[20:]):
        with (run / "events.jsonl").open("a") as file:
            file.write(part)
        seen = follower.poll()
    assert len(losses(seen)) == 4
    assert len(losses(follower.poll())) == 4
    with (run / "events.jsonl").open("a") as file:
        file.write(line[:20])
    assert len(losses(follower.poll())) == 4


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_garbage_is_skipped(tmp_path_factory: pytest.TempPathFactory, rubbish: list[bytes]) -> None:
    run = begun(tmp_path_factory.mktemp("run"), 2)
    with (run / "events.jsonl").open("ab") as file:
        file.write(b"\n".join([b"", *rubbish, b""]))
    write(run, [update(3), event("update", 4, loss="much", seg_loss=None, teacher=3)])
    assert len(losses(Follower(run).poll())) == 3


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.just(10**400),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
KINDS = ("start", "resume", "update", "validation", "checkpoint", "warning", "stopped", "end")
KEYS = (
    "time", "epoch", "epochs", "per_epoch", "total", "loss", "seg_loss", "teacher", "val_psnr",
    "best", "picture", "reason", "text", "device",
)  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS) | ANYTHING,
            st.integers(0, 9) | st.just(10**400) | st.just(-1),
            st.dictionaries(st.sampled_from(KEYS), ANYTHING),
        )
    )
)
def test_events_may_contain_anything(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[Any, int, dict[str, Any]]]
) -> None:
    run = begun(tmp_path_factory.mktemp("run"), 2)
    write(run, [{**facts, "kind": kind, "updates": updates} for kind, updates, facts in found])
    snapshot = Follower(run).poll()
    assert status_line(snapshot.status)
    assert scores_line(snapshot.validation)
    facts_line(snapshot.facts)


@pytest.mark.parametrize("pid", ["-1", "1e999", "[" * 100_000, "99999999999999999999"])
def test_a_damaged_process_file_does_no_harm(pid: str, tmp_path: Path) -> None:
    run = begun(tmp_path / "run", 2)
    (run / PROCESS).write_text(f'{{"pid": {pid}, "host": "{socket.gethostname()}", "started": 1}}')
    with (run / EVENTS).open("a") as file:
        file.write("[" * 100_000 + "\n")
    assert Follower(run).poll().status.updates == 2


def test_a_training_on_an_unmounted_disk_stays_in_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "napari_mtmri.train.folder.launch._recent_file", lambda: tmp_path / "trainings.json"
    )
    away, here = begun(tmp_path / "away", 1), begun(tmp_path / "here", 1)
    remember_run(away)
    away.rename(tmp_path / "elsewhere")
    remember_run(here)
    assert recent_runs() == [here]
    (tmp_path / "elsewhere").rename(away)
    assert recent_runs() == [here, away]


def test_a_shrunk_or_replaced_file_is_read_from_the_start(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", 20)
    follower = Follower(run)
    follower.poll()
    write(run, [event("start", 0, **FACTS), update(1)], mode="w")
    assert len(losses(follower.poll())) == 1
    longer = [event("start", 0, 1.0, **FACTS), *(update(n) for n in range(1, 41))]
    write(run, longer, mode="w")  # longer than before: only its beginning differs
    assert len(losses(follower.poll())) == 40
    (run / "events.jsonl").unlink()
    assert losses(follower.poll()) == []


def test_events_repeated_by_a_resumed_training_are_removed(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", 2 * PER_EPOCH + 5)
    write(run, [validation(0, 0.3), validation(1, 0.5), event("checkpoint", 25)])
    follower = Follower(run)
    assert follower.poll().best["epoch"] == 1
    again = {**FACTS, "epoch": 1}
    write(run, [event("resume", 14, **again), update(15, loss=9.0)])
    seen = follower.poll()
    assert losses(seen) == [e["loss"] for e in read_events(run) if e["kind"] == "update"]
    assert seen.best["epoch"] == 0
    assert seen.curves["val_dice"].mean.tolist() == [0.3]
    assert seen.recent[-1] == (15, True)
    assert seen.status.checkpoint_updates is None
    # a later reader gets the same
    fresh = Follower(run).poll()
    assert losses(fresh) == losses(seen)
    assert fresh.recent == seen.recent


def test_a_long_training_is_read_piece_by_piece_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "MOST_BYTES", 50_000)
    run = begun(tmp_path / "run", 5_000)
    follower = Follower(run)
    first = follower.poll()
    assert first.has_more
    seen = all_of(follower)
    curve = seen.curves["loss"]
    assert len(curve) <= MOST_BINS
    assert curve.high.max() == 1.0  # the first loss
    assert curve.low.min() == 1 / 5_000
    assert len(seen.recent) == N_RECENT
    assert seen.status.updates == 5_000


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200),
    st.sampled_from([4, 5, 16]),
    st.integers(1, 200),
)
def test_decimation_keeps_extremes_and_the_mean(
    values: list[float], most: int, n_parts: int
) -> None:
    thinned = DecimatedSeries(most)
    for part in np.array_split(np.arange(len(values)), n_parts):
        thinned.extend(part.astype(float), np.array(values)[part])
    curve = thinned.curve()
    assert len(curve) <= most
    assert curve.low.min() == min(values)
    assert curve.high.max() == max(values)
    assert (np.diff(curve.x) > 0).all()
    assert (curve.low <= curve.mean + 1e-6).all()
    assert (curve.mean <= curve.high + 1e-6).all()
    counts = np.full(len(curve), thinned.stride)
    counts[-1] = len(values) - counts[:-1].sum()
    assert np.isclose((curve.mean * counts).sum(), sum(values), atol=1e-3)


def test_each_input_of_the_unet_gives_its_own_curve(tmp_path: Path) -> None:
    seen = Follower(begun(tmp_path / "run", 6)).poll()
    assert seen.curves["seg_loss truth"].x.tolist() == [1, 3, 5]
    assert seen.curves["seg_loss own"].x.tolist() == [2, 4, 6]


def test_the_remaining_time_is_clock_time(tmp_path: Path) -> None:
    status = Follower(begun(tmp_path / "run", 20)).poll().status
    assert status.seconds_per_update == pytest.approx(0.1, rel=1e-3)
    assert status.seconds_left == pytest.approx(3.0, rel=1e-3)
    assert (status.updates, status.total, status.epoch, status.epochs) == (20, 50, 2, 5)


def test_a_pause_does_not_change_the_speed(tmp_path: Path) -> None:
    at = time.time() - 5000
    run = begun(tmp_path / "run", 10, at)
    later = at + 4000
    again = [update(10 + n, later + 0.1 * n) for n in range(1, 6)]
    write(run, [event("stopped", 10, at + 1), event("resume", 10, later, **FACTS), *again])
    assert Follower(run).poll().status.seconds_per_update == pytest.approx(0.1, rel=1e-3)


# State of a training


def test_a_missing_and_an_empty_folder_are_no_training(tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", tmp_path):
        assert Follower(place).poll().status.state == "no run"


def test_a_process_without_events_is_starting(tmp_path: Path) -> None:
    write_process(tmp_path)
    assert Follower(tmp_path).poll().status.state == "starting"


def test_a_resumed_training_without_new_events_is_starting(tmp_path: Path) -> None:
    at = time.time() - 100
    run = begun(tmp_path / "run", 4, at)
    write(run, [event("stopped", 4, at + 1, epoch=0)])
    assert Follower(run).poll().status.state == "stopped"
    write_process(run)
    assert Follower(run).poll().status.state == "starting"
    write_process(run, gone_pid())
    (tmp_path / "run.log").write_text("note: x\nthe disk is full; free some space.\n")
    status = Follower(run).poll().status
    assert (status.state, status.reason) == ("failed", "the disk is full; free some space.")


@pytest.mark.parametrize(
    ("kind", "state"), [("stopped", "stopped"), ("failed", "failed"), ("end", "finished")]
)
def test_the_last_event_gives_the_final_state(tmp_path: Path, kind: str, state: str) -> None:
    run = begun(tmp_path / "run", 2)
    write(run, [event(kind, 2, reason="the loss is nan" if kind == "failed" else "")])
    status = Follower(run).poll().status
    assert status.state == state
    assert status.reason == ("the loss is nan" if kind == "failed" else "")


def checkpoint(run: Path, epoch: int, epochs: int, updates: int) -> Path:
    """A checkpoint of one number, as a training writes it."""
    import torch
    from safetensors.torch import save_file

    position = Position(changed(epochs=epochs), updates=updates, n_validated=epoch)
    (run / LAST).parent.mkdir(parents=True, exist_ok=True)
    save_file({"network.x": torch.zeros(4)}, run / LAST, {"position": position.text()})
    return run / LAST


def test_without_events_the_checkpoint_gives_the_state(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", 2)
    (run / EVENTS).unlink()
    (run / PROCESS).unlink()
    checkpoint(run, 2, 5, 20)
    status = Follower(run).poll().status
    assert (status.state, status.updates, status.total) == ("killed", 20, 50)
    assert (status.epoch, status.epochs) == (2, 5)
    assert status.can_go_on
    checkpoint(run, 5, 5, 50)
    assert Follower(run).poll().status.state == "finished"


def test_a_training_is_not_finished_before_its_checkpoint_is(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", 2)
    write(run, [event("end", 2)])
    last = checkpoint(run, 2, 5, 20)
    assert Follower(run).poll().status.state == "killed"
    last.write_bytes(last.read_bytes()[:-3])
    status = Follower(run).poll().status
    assert (status.state, status.reason) == ("failed", "its checkpoints are damaged.")
    for rubbish in (b"", b"\xff" * 99, b"\x02" + bytes(7) + b"[]", b"\x02" + bytes(7) + b"{}"):
        last.write_bytes(rubbish)
        assert Follower(run).poll().status.state == "failed"


def test_a_folder_of_cases_with_a_configuration_is_no_training(tmp_path: Path) -> None:
    write_config(tmp_path, Config(TINY, "."))
    (tmp_path / "cases.csv").write_text("case,image,mask\n")
    assert not is_run(tmp_path)
    assert is_run(begun(tmp_path / "run", 1))


def test_a_process_that_ended_without_a_final_event_was_killed(tmp_path: Path) -> None:
    at = time.time() - 1
    run = begun(tmp_path / "run", 2, at)
    assert Follower(run).poll().status.state == "running"
    write_process(run, gone_pid(), started=at - 1)
    assert Follower(run).poll().status.state == "killed"
    write_process(run, os.getpid(), started=at - 1e9)  # another process got its id
    assert Follower(run).poll().status.state == "killed"


def test_a_training_on_another_machine_is_judged_by_its_signs_of_life(tmp_path: Path) -> None:
    at = time.time() - 10
    run = begun(tmp_path / "run", 2, at)
    write_process(run, gone_pid(), host="elsewhere", started=at - 1)
    follower = Follower(run)
    assert follower.poll().status.state == "running"
    assert follower.poll(time.time() + 61).status.state == "stalled"
    (run / "heartbeat").touch()
    os.utime(run / "heartbeat", (time.time() + 60, time.time() + 60))
    assert follower.poll(time.time() + 61).status.state == "running"


def test_slow_updates_allow_longer_silence(tmp_path: Path) -> None:
    at = time.time()
    run = begun(tmp_path / "run", 0, at)
    write(run, [update(1, at + 10), update(2, at + 20)])
    assert Follower(run).poll(at + 20 + 199).status.state == "running"
    assert Follower(run).poll(at + 20 + 201).status.state == "stalled"


def test_a_requested_stop_is_shown(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", 2)
    (run / "stop").touch()
    assert Follower(run).poll().status.is_stopping
