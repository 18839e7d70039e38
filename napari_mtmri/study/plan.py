# SPDX-License-Identifier: BSD-3-Clause
"""Folders of a study's rows: where each row is trained and scored, without repetitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_mtmri.acquisition import Acquisition
from napari_mtmri.batch.job import Job
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.study.budgets import Budget
from napari_mtmri.study.rows import Row, Study
from napari_mtmri.train.data.cases import CaseFile, find_cases
from napari_mtmri.train.recipe import SIMULATED, Recipe

SPLITS = ("val", "test")
ACQUISITION = Acquisition(Pattern("random", acceleration=4.0))  # each case with its own seed
TEST_RUNS = "test-runs.csv"  # each evaluation on the test cases
_DIGITS = 8


@dataclass(frozen=True)
class Experiment:
    """A request to run a table of a study.

    Parameters
    ----------
    study : Study
    budget : Budget
    data : Path or str
        Folder of cases, or "simulated".
    out : Path
        Output folder; studies with the same folder share their rows.
    split : {"val", "test"}
        Cases to score.
    rows : tuple of str
        Names of the rows to run; all if empty.
    """

    study: Study
    budget: Budget
    data: Path | str
    out: Path
    split: str = "val"
    rows: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Folder of its report."""
        return self.out / f"{self.study.name}-{self.budget.name}-{self.split}"


@dataclass(frozen=True)
class Part:
    """One training of a row, in its own training folder."""

    recipe: Recipe
    folder: Path


@dataclass(frozen=True)
class Piece:
    """One row with one seed: its trainings, and the folder of its scores.

    Parameters
    ----------
    row : Row
    seed : int
    parts : tuple of Part
    folder : Path
        Folder of weights and scores.
    job : Job
        Its key is the hash of everything that the scores depend on.
    segments : bool
        Whether its segmentation is scored.
    """

    row: Row
    seed: int
    parts: tuple[Part, ...]
    folder: Path
    job: Job = field(repr=False)
    segments: bool = True


@dataclass(frozen=True)
class Plan:
    """All pieces of an experiment, also of rows not selected, and the cases.

    Parameters
    ----------
    experiment : Experiment
    pieces : tuple of Piece
    files : tuple of CaseFile
        Cases of all splits.
    """

    experiment: Experiment
    pieces: tuple[Piece, ...]
    files: tuple[CaseFile, ...]

    @property
    def cases(self) -> tuple[CaseFile, ...]:
        """The cases to score."""
        asked = self.experiment
        found = tuple(file for file in self.files if file.split == asked.split)
        return found[: asked.budget.most_cases]

    @property
    def chosen(self) -> tuple[Piece, ...]:
        """The pieces to run."""
        rows = self.experiment.study.choose(self.experiment.rows)
        return tuple(piece for piece in self.pieces if piece.row in rows)


def make_plan(experiment: Experiment) -> Plan:
    """Return the plan of an experiment; nothing is written.

    Raises
    ------
    InputError
        If the cases cannot be found, or none has the split.
    RequestError
        If the split or a row does not exist.
    """
    if experiment.split not in SPLITS:
        raise RequestError(
            f"split {experiment.split!r} is not scored; choose one of {', '.join(SPLITS)}."
        )
    experiment.study.choose(experiment.rows)
    files = _same_cases(experiment)
    if experiment.split not in {file.split for file in files}:
        raise InputError(
            f"{experiment.data}: no case has split {experiment.split!r}; assign it to some cases."
        )
    known = _names(files)
    pieces = tuple(
        _piece(experiment, row, seed, known)
        for row in experiment.study.rows
        for seed in (experiment.budget.seeds if row.parts else experiment.budget.seeds[:1])
    )
    return Plan(experiment, pieces, tuple(files))


def _same_cases(experiment: Experiment) -> Sequence[CaseFile]:
    """Return the cases, with absolute paths and the same split for all seeds."""
    data = Path(experiment.data)
    if data.exists() and str(data) != SIMULATED:
        data = data.absolute()
    trained = next(row for row in experiment.study.rows if row.parts)
    found = [
        find_cases(data, _recipes(experiment, trained, seed)[0]) for seed in experiment.budget.seeds
    ]
    if any(_names(files) != _names(found[0]) for files in found):
        raise InputError(
            f"{experiment.data}: defines no split, so each of the seeds "
            f"{', '.join(map(str, experiment.budget.seeds))} would draw a different one; add a column split."
        )
    return found[0]


def _names(files: Sequence[CaseFile]) -> list[tuple[str, str]]:
    return sorted((file.name, file.split) for file in files)


def _recipes(experiment: Experiment, row: Row, seed: int) -> tuple[Recipe, ...]:
    is_simulated = str(experiment.data) == SIMULATED
    return experiment.budget.recipes(row, seed, experiment.study, is_simulated=is_simulated)


def _piece(experiment: Experiment, row: Row, seed: int, known: Sequence[Any]) -> Piece:
    parts, keys = [], []
    for recipe in _recipes(experiment, row, seed):
        key = Job(row.name, {"recipe": _facts(recipe), "cases": known}).key
        folder = f"{_part_name(row, recipe)}-{key[:_DIGITS]}"
        parts.append(Part(recipe, experiment.out / "rows" / folder))
        keys.append(key)
    pattern = ACQUISITION.pattern
    request: dict[str, Any] = {
        "method": row.method,
        "trainings": keys,
        "split": experiment.split,
        "sampling": [pattern.name, pattern.acceleration, pattern.seed],
    }
    segments = experiment.study.segments(row)
    if row.parameters:
        request["parameters"] = dict(row.parameters)
    if not row.parts:  # otherwise the trainings contain the cases
        request["cases"] = known
    if not segments:
        request["segments"] = False
    name = row.title if len(experiment.budget.seeds) == 1 else f"{row.title}, seed {seed}"
    job = Job(name, request)
    folder = f"{row.folder}-{experiment.split}-{job.key[:_DIGITS]}"
    return Piece(row, seed, tuple(parts), experiment.out / "scored" / folder, job, segments)


def _part_name(row: Row, recipe: Recipe) -> str:
    return row.folder if len(row.parts) == 1 else f"{row.folder}-{recipe.method}"


def _facts(recipe: Recipe) -> Mapping[str, Any]:
    """Return the keys without defaults, so that a key added later changes no name."""
    return recipe.flat(exclude_defaults=True)
