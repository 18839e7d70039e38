# SPDX-License-Identifier: BSD-3-Clause
"""Status, scores and estimates of a training as text for the Train panel; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_mtmri.train.monitor.aggregate import number_of
from napari_mtmri.train.monitor.reader import Snapshot
from napari_mtmri.train.monitor.status import Status

NOT_MEASURED = "—"


def duration(seconds: float | None) -> str:
    """Return a duration in words: "8 s", "2 min 5 s", "3 h 10 min", "4 d 2 h"."""
    if seconds is None:
        return NOT_MEASURED
    whole = max(round(seconds), 0)
    for large, name, small, below in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= large:
            return f"{whole // large} {name} {whole % large // small} {below}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def status_line(status: Status) -> str:
    """Return the status of a training in one or two short sentences."""
    match status.state:
        case "no run":
            return "No training was started."
        case "starting":
            return "Starting: reading the cases …"
        case "running" if status.is_stopping:
            return f"Stopping after the current batch … {_where(status)}"
        case "running":
            left = duration(status.seconds_left).replace(" ", "\u00a0")  # kept on one line
            return f"Running · {_where(status)} · {left} to go"
        case "stalled":
            pace = status.seconds_per_update
            takes = f"{pace:.2g} s" if pace is not None and pace < 10 else duration(pace)
            return (
                f"Stalled: no progress for {duration(status.silent_s)}, although an update takes "
                f"{takes}. Check the log and the machine."
            )
        case "stopped":
            return f"Stopped · {_where(status)}. {_kept(status)}"
        case "failed":
            return f"Failed: {status.reason} {_kept(status)}".rstrip()
        case "killed":
            return (
                f"Ended without a message, possibly killed or out of memory · {_where(status)}. "
                f"{_kept(status)}"
            )
    return f"Finished · {_where(status)}"


def _where(status: Status) -> str:
    if status.updates is None:
        return "before the first update"
    total = NOT_MEASURED if status.total is None else f"{status.total:,}"
    return f"update {status.updates:,} of {total}, epoch {status.epoch} of {status.epochs}"


def _kept(status: Status) -> str:
    if status.checkpoint_updates is None:
        return "There is no checkpoint yet." if status.updates else ""
    return f"Resume continues from update {status.checkpoint_updates:,}."


def checkpoint_line(status: Status, now: float) -> str:
    """Return the update and the age of the last checkpoint."""
    if status.checkpoint_at is None:
        return f"Checkpoint: {NOT_MEASURED}"
    ago = duration(now - status.checkpoint_at)
    return f"Checkpoint: update {status.checkpoint_updates:,}, {ago} ago"


def scores_line(validation: Mapping[str, Any]) -> str:
    """Return the scores of a validation: "epoch 3 · PSNR 31.2 dB (+6.1) · Dice 0.71 …"."""
    if not validation:
        return NOT_MEASURED
    epoch, dice, psnr = (number_of(validation, key) for key in ("epoch", "val_dice", "val_psnr"))
    truth, gain = (number_of(validation, key) for key in ("val_dice_truth", "val_psnr_gain"))
    if dice is None and truth is not None:
        dice_text = f"Dice {truth:.3f} on the reference image"
    else:
        dice_text = f"Dice {_text(dice, '{:.3f}')}"
        dice_text += "" if truth is None else f" (on the reference image {truth:.3f})"
    over = "" if gain is None else f" ({gain:+.1f} over zero-filled)"
    return (
        f"epoch {_text(epoch if epoch is None else epoch + 1, '{:.0f}')} · "
        f"PSNR {_text(psnr, '{:.1f} dB')}{over} · {dice_text}"
    )


def facts_line(facts: Mapping[str, Any]) -> str:
    """Return network size, device and numbers of cases: "2.1 M parameters on cpu, float32 · …"."""
    if not facts:
        return ""
    n_parameters = number_of(facts, "n_parameters")
    stage = f" · stage: {facts['stage']}" if facts.get("stage") else ""
    size = _text(n_parameters and n_parameters / 1e6, "{:.2f} M")
    return (
        f"{size} parameters on {facts.get('device', NOT_MEASURED)}, "
        f"{facts.get('precision', NOT_MEASURED)} · {facts.get('n_train', NOT_MEASURED)} cases to "
        f"train, {facts.get('n_val', NOT_MEASURED)} to validate{stage}"
    )


def estimate_line(found: Mapping[str, Any] | None) -> str:
    """Return the time and memory that a training needs; "—" if not measured."""
    if found is None:
        return f"Time {NOT_MEASURED} · memory {NOT_MEASURED}"
    memory = found.get("peak_bytes")
    gib = NOT_MEASURED if memory is None else f"{memory / 2**30:.1f} GiB"
    lines = [
        f"Time {duration(found.get('seconds'))} without validation "
        f"({found.get('updates', 0):,} updates of {found.get('seconds_per_update', 0):.2g} s) · "
        f"memory {gib} · {found.get('n_parameters', 0) / 1e6:.2f} M parameters",
        *found.get("warnings", ()),
    ]
    return "\n".join(lines)


def checkpoint_words(seen: Snapshot) -> tuple[str, str]:
    """Return the scores of the best and the update of the last checkpoint."""
    last = seen.status.checkpoint_updates
    return scores_line(seen.best), NOT_MEASURED if last is None else f"update {last:,}"


def _text(value: float | None, form: str) -> str:
    return NOT_MEASURED if value is None else form.format(value)
