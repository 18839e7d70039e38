# SPDX-License-Identifier: BSD-3-Clause
"""Amount of training per row of a study: the same for all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari_mtmri.errors import RequestError
from napari_mtmri.study.rows import Row, Study
from napari_mtmri.train.presets import make_recipe
from napari_mtmri.train.recipe import Recipe


@dataclass(frozen=True)
class Budget:
    """Size, length and number of seeds of the trainings.

    Parameters
    ----------
    name : str
    preset : str
        Name of the recipe that all rows start from.
    changes : mapping
        Keys of the recipe, for all rows.
    seeds : tuple of int
    note : str
        Conclusions that the budget allows, for the report.
    most_cases : int or None
        Number of cases to score; None: all cases of the split.
    """

    name: str
    preset: str
    changes: Mapping[str, Any]
    seeds: tuple[int, ...]
    note: str
    most_cases: int | None = None

    def recipes(
        self,
        row: Row,
        seed: int,
        study: Study | None = None,
        *,
        is_simulated: bool = False,
    ) -> tuple[Recipe, ...]:
        """Return the recipe of each part of a row; the parts share its epochs.

        Parameters
        ----------
        row : Row
        seed : int
        study : Study, optional
            Table of the row, whose changes apply to every row.
        is_simulated : bool
            Simulated heads are small and fill their image, so they are not cropped.
        """
        # No checkpoint is chosen: the scores of the cases reported would choose it.
        changes = {**self.changes, "seed": seed, "select_by": "last"}
        if study is not None:
            changes |= {**study.changes, **study.budget_changes.get(self.name, {})}
        if is_simulated:
            changes["crop"] = None
        epochs = make_recipe(self.preset, changes).optimizer.epochs
        n_parts = len(row.parts)
        shares = [epochs // n_parts + (number < epochs % n_parts) for number in range(n_parts)]
        return tuple(
            make_recipe(self.preset, {**changes, **row.changes, "method": part, "epochs": share})
            for part, share in zip(row.parts, shares, strict=True)
        )


BUDGETS: Mapping[str, Budget] = {
    "small": Budget(
        "small",
        "cpu-size",
        {
            "recon_features": 16,
            "seg_features": 8,
            "epochs": 6,
            "slices_per_case": 3,
            "warmup_updates": 20,
            "validation_slices": 1,
        },
        (0,),
        "A check that everything works, no evidence: the networks are small, trained briefly "
        "and scored on few cases.",
        most_cases=4,
    ),
    "narrow": Budget(
        "narrow",
        "cpu-size",
        {
            "recon_features": 16,
            "seg_features": 8,
            "epochs": 16,
            "slices_per_case": 8,
            "seg_first_logit": -4.0,
        },
        (0,),
        "Networks of half the width of `cpu`, trained on as many slices. One seed: the variance "
        "between trainings is unknown.",
    ),
    # 66 training cases give 8,448 slices. Epochs of 8 slices per case, rather than of 16 and
    # half as many, let schedules that change per epoch differ from one another.
    "cpu": Budget(
        "cpu",
        "cpu-size",
        # A network that starts at even odds may end with empty masks, as lesions are rare.
        {"epochs": 16, "slices_per_case": 8, "seg_first_logit": -4.0},
        (0,),
        "CPU size. One seed: the variance between trainings is unknown.",
    ),
    "full": Budget(
        "full",
        "full-size",
        {},
        (0, 1, 2),
        "The paper's size. Three seeds: scores are means over the seeds, case by case.",
    ),
}  # fmt: skip


def budget_of(name: str) -> Budget:
    """Return the budget of this name.

    Raises
    ------
    RequestError
        If it does not exist.
    """
    if name not in BUDGETS:
        raise RequestError(f"budget {name!r} does not exist; choose one of {', '.join(BUDGETS)}.")
    return BUDGETS[name]
