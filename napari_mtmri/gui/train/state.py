# SPDX-License-Identifier: BSD-3-Clause
"""What is chosen in the Train panel; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from psygnal import SignalGroupDescriptor

from napari_mtmri.train.folder.launch import command
from napari_mtmri.train.presets import make_recipe
from napari_mtmri.train.recipe import SIMULATED, Recipe

FIRST_PRESET = "quick-check"
TRAININGS = "mtmri-trainings"  # in the user's home


@dataclass
class Plan:
    """A training to come; says when a part changes.

    Parameters
    ----------
    data : str
        Folder or table of cases, or "simulated".
    preset : str
    changes : mapping
        Keys of the recipe that differ from the preset's.
    run, suggested : str
        Folder that is to be made; the one that was last suggested.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    data: str = SIMULATED
    preset: str = FIRST_PRESET
    changes: Mapping[str, Any] = field(default_factory=dict)
    run: str = ""
    suggested: str = ""

    def recipe(self) -> Recipe:
        """Return the recipe that is chosen."""
        return make_recipe(self.preset, self.changes)

    def set_key(self, key: str, value: Any) -> None:
        """Change a key of the recipe; back to the preset's it counts as unchanged.

        Raises
        ------
        RequestError
            If the value does not fit; nothing is changed.
        """
        wanted = make_recipe(self.preset, {**self.changes, key: value})[key]
        usual = make_recipe(self.preset, {})[key]
        others = {name: other for name, other in self.changes.items() if name != key}
        self.changes = others if wanted == usual else {**others, key: wanted}

    def choose_preset(self, preset: str) -> None:
        """Take a preset as it is."""
        self.changes = {}
        self.preset = preset
        if self.suggested and self.run == self.suggested:
            self.choose_free_run()

    def command(self) -> list[str]:
        """Return the words of the shell command that trains so."""
        return command(self.preset, self.data, self.run, self.changes)

    def choose_free_run(self) -> None:
        """Choose a folder that is not there yet, named after the preset."""
        self.suggested = str(free_run(Path.home() / TRAININGS, self.preset))
        self.run = self.suggested


def free_run(place: Path, name: str) -> Path:
    """Return the first of ``name-1``, ``name-2``, ... that does not exist.

    What a run writes on its console lies beside it, and is not taken over by another.
    """
    number = 1
    while (place / f"{name}-{number}").exists() or (place / f"{name}-{number}.log").exists():
        number += 1
    return place / f"{name}-{number}"
