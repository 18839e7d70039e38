# SPDX-License-Identifier: BSD-3-Clause
"""Training folders written without a training."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from napari_mtmri.train.folder.layout import Config, write_config
from tests.train.heads import TINY

PER_EPOCH, EPOCHS = 10, 5
FACTS = {
    "epoch": 0, "epochs": EPOCHS, "per_epoch": PER_EPOCH, "total": PER_EPOCH * EPOCHS,
    "scale": 1.0, "n_parameters": 1000, "device": "cpu", "precision": "float32",
    "batch_size": 2, "n_train": 4, "n_val": 2, "n_slices": 60,
}  # fmt: skip


def event(kind: str, updates: int, at: float = 0.0, **facts: Any) -> dict[str, Any]:
    return {"time": at or time.time(), "kind": kind, "updates": updates, **facts}


def update(number: int, at: float = 0.0, **facts: Any) -> dict[str, Any]:
    known = {
        "epoch": (number - 1) // PER_EPOCH, "lr": 1e-3, "loss": 1 / number, "seg_loss": 1 / number,
        "recon_loss": 2 / number, "alpha": 0.8, "beta": 0.2, "teacher": number % 2 == 1,
        "grad_norm": 1.0, "seconds": 0.1,
    }  # fmt: skip
    return event("update", number, at, **{**known, **facts})


def validation(epoch: int, dice: float, at: float = 0.0, best: bool = True) -> dict[str, Any]:
    facts = {"val_dice": dice, "val_psnr": 30.0 + epoch, "score": dice, "best": best}
    picture = f"slices/epoch-{epoch:04d}.png"
    return event("validation", (epoch + 1) * PER_EPOCH, at, epoch=epoch, picture=picture, **facts)


def write(run: Path, events: Iterable[dict[str, Any]], mode: str = "a") -> Path:
    run.mkdir(parents=True, exist_ok=True)
    with (run / "events.jsonl").open(mode, encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in events)
    return run


def write_process(run: Path, pid: int | None = None, host: str = "", started: float = 0.0) -> None:
    me = {"pid": pid or os.getpid(), "host": host or socket.gethostname(), "command": []}
    text = json.dumps({**me, "started": started or time.time()})
    (run / "process.json").write_text(text, encoding="utf-8")


def begun(run: Path, updates: int = 0, at: float = 0.0) -> Path:
    """A training of this process with some updates done."""
    at = at or time.time() - 0.1 * updates
    run.mkdir(parents=True, exist_ok=True)
    write_config(run, Config(TINY, "simulated", "quick-check"))
    write_process(run, started=at - 1)
    times = [at + 0.1 * number for number in range(updates + 1)]
    return write(
        run,
        [
            event("start", 0, times[0], **FACTS),
            *(update(n, times[n]) for n in range(1, updates + 1)),
        ],
    )
