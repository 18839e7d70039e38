# SPDX-License-Identifier: BSD-3-Clause
"""Choices of the Train panel: data, recipe and folder of the next training; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from psygnal import SignalGroupDescriptor
from pydantic.fields import FieldInfo

from napari_mtmri.errors import RequestError
from napari_mtmri.train.folder.launch import command
from napari_mtmri.train.folder.layout import Config
from napari_mtmri.train.presets import make_recipe
from napari_mtmri.train.recipe import KEYS, SIMULATED, Recipe, option_keys

FIRST_PRESET, METHOD = "quick-check", "method"
MEASURED = ("data", "preset", "changes")  # parts of the plan on which an estimate depends
TRAININGS = "mtmri-trainings"  # in the user's home


@dataclass(frozen=True)
class Refused:
    """A value that the recipe refuses, and the reason."""

    value: Any
    why: str


@dataclass
class Plan:
    """The next training; emits an event for each part that changes.

    Parameters
    ----------
    data : str
        Folder or table of cases, or "simulated".
    preset : str
    changes : mapping
        Keys of the recipe that differ from the preset.
    refused : mapping
        Keys whose chosen value the recipe refuses; the recipe keeps the previous value.
    run, suggested : str
        Training folder to write; the last suggested one.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    data: str = SIMULATED
    preset: str = FIRST_PRESET
    changes: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[str, Refused] = field(default_factory=dict)
    run: str = ""
    suggested: str = ""

    def recipe(self) -> Recipe:
        """Return the chosen recipe."""
        return make_recipe(self.preset, self.changes)

    @property
    def is_touched(self) -> bool:
        """Whether data or recipe were chosen."""
        chosen = self.data, self.preset, dict(self.changes), dict(self.refused)
        return chosen != (SIMULATED, FIRST_PRESET, {}, {})

    def keys(self) -> Mapping[str, FieldInfo]:
        """Return the declarations of all keys of the recipe and of the method's own options."""
        return {**KEYS, **option_keys(self.recipe().method)}

    def choose_key(self, key: str, value: Any) -> None:
        """Change a key of the recipe; an invalid value is kept as refused.

        Values refused before are tried again: the key that they contradicted may be changed.
        """
        waiting = {name: one.value for name, one in self.refused.items() if name != key}
        refused = {}
        for name, wanted in {key: value, **waiting}.items():
            try:
                if name in self.keys():  # not an option of another method
                    self.set_key(name, wanted)
            except RequestError as why:
                refused[name] = Refused(wanted, str(why))
        self.refused = refused

    def set_key(self, key: str, value: Any) -> None:
        """Change a key of the recipe; the preset's value counts as unchanged.

        With another method, the options of the one before are dropped.

        Raises
        ------
        RequestError
            If the value is not valid; nothing is changed.
        """
        method = {} if key == METHOD else {METHOD: self.recipe().method}
        own = option_keys(method.get(METHOD, value))
        others = {k: v for k, v in self.changes.items() if k != key and (k in KEYS or k in own)}
        wanted = make_recipe(self.preset, {**others, key: value})[key]
        usual = make_recipe(self.preset, method)[key]
        self.changes = others if wanted == usual else {**others, key: wanted}

    def choose_preset(self, preset: str) -> None:
        """Choose a preset, without changes."""
        self.refused, self.changes = {}, {}
        self.preset = preset
        if self.suggested and self.run == self.suggested:
            self.choose_free_run()

    def adopt(self, config: Config) -> None:
        """Choose data and recipe of a training, to train again like it."""
        self.refused, self.changes = {}, {}
        self.data = config.data
        self.preset = config.preset or FIRST_PRESET
        wanted = config.recipe.flat(mode="python")
        usual = make_recipe(self.preset, {METHOD: config.recipe.method}).flat(mode="python")
        changed = {key: value for key, value in wanted.items() if value != usual.get(key)}
        method = {METHOD: config.recipe.method}
        own = method if make_recipe(self.preset, {}).method != config.recipe.method else {}
        self.changes = {**own, **changed}
        self.choose_free_run()

    def command(self) -> list[str]:
        """Return the arguments of the shell command that starts this training."""
        return command(self.preset, self.data, self.run, self.changes)

    def choose_free_run(self) -> None:
        """Choose a folder that does not exist yet, named after the preset."""
        self.suggested = str(free_run(Path.home() / TRAININGS, self.preset))
        self.run = self.suggested


def free_run(place: Path, name: str) -> Path:
    """Return the first of ``name-1``, ``name-2``, ... without existing folder or log."""
    number = 1
    while (place / f"{name}-{number}").exists() or (place / f"{name}-{number}.log").exists():
        number += 1
    return place / f"{name}-{number}"
