# SPDX-License-Identifier: BSD-3-Clause
"""Training folder: its files, its configuration and its events. Does not import torch."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.files import RUN_RECORD, read_text, write_text
from napari_mtmri.train.presets import make_recipe
from napari_mtmri.train.recipe import Recipe

MOST_DEPTH = 8
CONFIG, SPLIT, PROCESS = "config.yaml", "split.csv", "process.json"
EVENTS, LOG, BOARD, HEARTBEAT = "events.jsonl", "log.csv", "tensorboard", "heartbeat"
CHECKPOINTS, SLICES, WEIGHTS, FIGURES = "checkpoints", "slices", "weights", "figures"
LAST, PREVIOUS, BEST = (f"{CHECKPOINTS}/{name}.safetensors" for name in ("last", "previous", "best"))  # fmt: skip
FOLDERS = (CHECKPOINTS, SLICES, WEIGHTS, FIGURES)
CONSOLE, STOP, LOCK = "console.log", "stop", ".lock"
MOST_CONFIG_BYTES = 10**6


@dataclass(frozen=True)
class Config:
    """Configuration of a training.

    Parameters
    ----------
    recipe : Recipe
    data : str
        Folder or table of cases, or "simulated".
    preset : str or None
    versions : mapping
        Versions of the main packages when the training began.
    """

    recipe: Recipe
    data: str
    preset: str | None = None
    versions: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """Return the configuration as YAML."""
        import yaml

        content = {
            "preset": self.preset,
            "data": self.data,
            "recipe": self.recipe.model_dump(mode="json"),
            "versions": dict(self.versions),
        }
        return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def versions() -> tuple[tuple[str, str], ...]:
    """Return the versions of Python and of the main packages."""
    found = [("python", platform.python_version())]
    for name in ("napari-mtmri", "torch", "lightning-fabric", "numpy", "scikit-image"):
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def _are_keys(content: object) -> bool:
    return isinstance(content, dict) and all(isinstance(key, str) for key in content)


def _check_plain(events: Iterable[Any]) -> None:
    """Refuse YAML that a configuration never has: aliases expand without limit."""
    depth = 0
    for event in events:
        depth += event.__class__.__name__ in ("MappingStartEvent", "SequenceStartEvent")
        depth -= event.__class__.__name__ in ("MappingEndEvent", "SequenceEndEvent")
        if event.__class__.__name__ == "AliasEvent" or getattr(event, "tag", None):
            raise ValueError("it has aliases or tags")
        if depth > MOST_DEPTH:
            raise ValueError(f"it is nested more than {MOST_DEPTH} levels deep")


def read_config(path: Path) -> Config:
    """Return the configuration in a training folder or file.

    Recipe keys may be given without their sections, and without the key ``recipe``.

    Raises
    ------
    InputError
        If the file is missing or not a configuration.
    RequestError
        If a key does not exist, or a value is out of range.
    """
    import yaml

    file = path / CONFIG if path.is_dir() else path
    try:
        if file.stat().st_size > MOST_CONFIG_BYTES:
            raise InputError(
                f"{file}: more than {MOST_CONFIG_BYTES} bytes, too long for a configuration; "
                "give another file."
            )
        text = read_text(file)
        _check_plain(yaml.parse(text))
        content = yaml.safe_load(text) or {}
        if not (_are_keys(content) and _are_keys(content.get("recipe") or {})):
            raise TypeError("no mapping of keys")
    except FileNotFoundError as why:
        raise InputError(
            f"{file}: no such file; give a training folder or a configuration file."
        ) from why
    except (OSError, ValueError, TypeError, yaml.YAMLError) as why:
        reason = str(why).splitlines()[0]
        raise InputError(
            f"{file}: not the configuration of a training ({reason}); give another file."
        ) from why
    keys = {key: content.pop(key, None) for key in ("preset", "data", "recipe", "versions")}
    if isinstance(keys["data"], dict):  # the section ``data`` of a recipe given without ``recipe``
        content["data"], keys["data"] = keys["data"], None
    preset = None if keys["preset"] is None else str(keys["preset"])
    found = keys["versions"] if isinstance(keys["versions"], dict) else {}
    return Config(
        recipe=make_recipe(preset, {**(keys["recipe"] or {}), **content}),
        data=str(keys["data"] or ""),
        preset=preset,
        versions=tuple((str(name), str(number)) for name, number in found.items()),
    )


def write_config(run: Path, config: Config) -> None:
    """Write the configuration into a training folder."""
    write_text(run / CONFIG, config.text())


def forget_start(run: Path) -> None:
    """Remove what a training has written that failed before its first checkpoint.

    Otherwise the corrected command would be refused, or would continue its events.

    Raises
    ------
    ResourceError
        If a file cannot be removed.
    """
    try:
        for name in (CONFIG, SPLIT, LOG):
            (run / name).unlink(missing_ok=True)
        if not (run / EVENTS).is_symlink():
            (run / EVENTS).unlink(missing_ok=True)
        shutil.rmtree(run / BOARD, ignore_errors=True)
    except OSError as why:
        raise ResourceError(f"{run}: cannot be cleared ({why}); choose another folder.") from why


def is_run(folder: Path) -> bool:
    """Return whether a folder is a training folder: a configuration alone does not make one."""
    try:
        begun = (folder / SLICES).is_dir() or (folder / EVENTS).exists()
    except OSError:
        return False
    return begun and is_file(folder / CONFIG) and not is_file(folder / RUN_RECORD)


def is_file(path: Path) -> bool:
    """Return whether a file exists; False if its folder cannot be read."""
    try:
        return path.is_file()
    except OSError:
        return False


def parse_events(lines: Sequence[bytes | str]) -> Iterator[dict[str, Any]]:
    """Yield the events in lines of the event file; other lines are skipped."""
    for line in lines:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and isinstance(event.get("updates"), int) and "kind" in event:
            yield event


def is_void(event: Mapping[str, Any], resume: Mapping[str, Any]) -> bool:
    """Return whether an event belongs to updates that a resumed training repeats."""
    if event["kind"] == "validation":
        return bool(event.get("epoch", 0) >= resume.get("epoch", 0))
    return bool(event["updates"] > resume["updates"])


def read_events(run: Path) -> list[dict[str, Any]]:
    """Return the events of a training, without those that were repeated after a resume.

    Raises
    ------
    InputError
        If there is no event file.
    """
    try:
        lines = (run / EVENTS).read_bytes().splitlines()
    except OSError as why:
        raise InputError(
            f"{run}: has no events of a training ({why}); give a training folder."
        ) from why
    kept: list[dict[str, Any]] = []
    for event in parse_events(lines):
        if event["kind"] == "resume":
            kept = [old for old in kept if not is_void(old, event)]
        kept.append(event)
    return kept
