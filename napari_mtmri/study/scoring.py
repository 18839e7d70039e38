# SPDX-License-Identifier: BSD-3-Clause
"""Scores of a trained row on whole volumes, case by case, as in ``napari-mtmri evaluate``.

Each case is saved in its own file, so that scoring can be stopped between cases.
"""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.batch.job import Job, Outcome, Report, Watch
from napari_mtmri.batch.method_choice import MethodChoice
from napari_mtmri.batch.run_case import run_case, scan_case
from napari_mtmri.batch.run_jobs import Where, run_jobs
from napari_mtmri.errors import InputError
from napari_mtmri.files import remove_leftovers, safe_child, write_text
from napari_mtmri.methods.base import METHODS, trainable, training_of
from napari_mtmri.result import ZERO_FILLED
from napari_mtmri.study.case_record import CaseRecord, read_record, save_record
from napari_mtmri.study.plan import ACQUISITION, TEST_RUNS, Piece, Plan
from napari_mtmri.tables import csv_text, read_rows

if TYPE_CHECKING:
    from napari_mtmri.metrics.base import Scores
    from napari_mtmri.result import Result
    from napari_mtmri.train.data.cases import CaseFile
    from napari_mtmri.train.recipe import Recipe

OWN, TRUTH = "own", "truth"
LOOKS = ("date", "row", "seed", "n", "request")  # columns of the table of test evaluations
CaseScores = Mapping[str, "Scores"]


def score_cases(
    piece: Piece,
    cases: Sequence[CaseFile],
    report: Callable[[int], None],
    stop: threading.Event,
    where: Where | None = None,
) -> None:
    """Score the cases that are not scored yet.

    Parameters
    ----------
    piece : Piece
        A piece with finished trainings.
    cases : sequence of CaseFile
    report : callable
        Called with the number of scored cases.
    stop : threading.Event
    where : Where, optional
        By default in this process.

    Raises
    ------
    Stopped
        After ``stop`` was set; complete scores are kept.
    """
    piece = replace(piece, folder=piece.folder.absolute())
    remove_leftovers(piece.folder)
    weights = export_weights(piece)
    jobs = [
        Job(
            f"{piece.job.name}, {case.name}",
            {"row": piece.job.key, "case": case.name},
            {"piece": piece, "case": case, "weights": weights},
        )
        for case in cases
    ]
    outcomes = run_jobs(jobs, _score, find=_find, where=where, watch=_CaseCount(report), stop=stop)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error


class _CaseCount(Watch):
    """Reports the number of scored cases."""

    def __init__(self, report: Callable[[int], None]) -> None:
        self._report, self._done = report, 0

    def planned(self, count: int) -> None:
        self._report(0)

    def ended(self, outcome: Outcome) -> None:
        self._done += 1
        self._report(self._done)


def _find(job: Job) -> Path | None:
    place = _place(job.places["piece"], job.request["case"])
    return place if place.is_file() else None


def _score(job: Job, report: Report, stop: threading.Event) -> Path:
    """Score the zero-filled image, the row, and its segmentation of the fully sampled image."""
    piece: Piece = job.places["piece"]
    file: CaseFile = job.places["case"]
    case = scan_case(*file.open(), ACQUISITION.for_case(file.name))
    weights, method = job.places["weights"], piece.row.method

    def result_of(method: str, **parameters: Any) -> Result:
        choice = MethodChoice(method, parameters, weights=weights)
        return run_case(case, choice, report, stop)

    result = result_of(method, **piece.row.parameters)
    own = _own(result, segments=piece.segments)
    found = {ZERO_FILLED: result.scores[ZERO_FILLED], OWN: own}
    shown = [name for name in _full_sample_methods() if (weights / f"{name}.safetensors").is_file()]
    if shown:
        found[TRUTH] = own if shown[0] == method else result_of(shown[0]).scores[shown[0]]
    place = _place(piece, file.name)
    save_record(place, case, result, piece.segments)
    save_scores(piece, file.name, found)
    return place


def _own(result: Result, *, segments: bool) -> Scores:
    """Return the scores of the row; those of labels only if it segments the table's classes."""
    from napari_mtmri.metrics.base import Scores, quantities

    images = {one.name for one in quantities(kind="image")}
    scores = result.scores.get(result.method, Scores())
    return scores if segments else Scores(tuple(row for row in scores.rows if row.metric in images))


def count_look(plan: Plan, piece: Piece) -> None:
    """Record the evaluation of a row on the test cases, once per row."""
    if read_scores(piece, plan.cases):
        return
    place = plan.experiment.out / TEST_RUNS
    before = read_rows(place) if place.exists() else []
    today = datetime.now(UTC).date().isoformat()
    values = (today, piece.row.name, piece.seed, len(plan.cases), piece.job.key)
    write_text(place, csv_text(LOOKS, [*before, values]))


def export_weights(piece: Piece) -> Path:
    """Write the weights of a row's last checkpoints; return their folder.

    A part of the network that is also a method for fully sampled images is written
    separately as well.
    """
    from napari_mtmri.train.export.weights import export

    folder = piece.folder / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    for part in piece.parts:
        place = folder / f"{part.recipe.method}.safetensors"
        export(part.folder, place, checkpoint="last")
        for name in _full_sample_methods():
            if name != part.recipe.method:
                _export_alone(place, name, part.recipe)
    return folder


def _full_sample_methods() -> list[str]:
    return [name for name in trainable() if METHODS.get(name).is_full_sample]


def _export_alone(weights: Path, name: str, recipe: Recipe) -> None:
    """Write the part of the network that belongs to the method ``name``, if there is one."""
    from napari_mtmri.networks.base import build
    from napari_mtmri.weights import load_weights, save_weights

    tensors, card = load_weights(weights, recipe.method)
    training = training_of(name)
    part = training.architecture(recipe)
    if any(value not in (None, card.architecture.get(key)) for key, value in part.items()):
        return
    words = training.words(recipe)
    changes = {
        "method": name,
        "title": f"{words.networks} of {card.title}",
        "task": words.task,
        "architecture": part,
    }
    empty = build(part).state_dict()
    alone = {key: tensors[key] for key in empty if key in tensors}
    if {key: one.shape for key, one in alone.items()} != {
        key: one.shape for key, one in empty.items()
    }:
        return  # of the same sizes, yet another network, as a U-Net with complex input
    save_weights(weights.with_stem(name), alone, card.model_copy(update=changes))


def save_scores(piece: Piece, case: str, scores: CaseScores) -> None:
    """Write the scores of a case."""
    from napari_mtmri.metrics.scores import COLUMNS

    rows = [
        {"input": name, **row}
        for name, one in scores.items()
        for row in one.records()
        if row["scope"] == "volume"
    ]
    write_text(_place(piece, case), csv_text(("input", *COLUMNS), rows))


def read_scores(piece: Piece, cases: Sequence[CaseFile]) -> dict[str, CaseScores]:
    """Return the scores of the scored cases, by case.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    places = {case.name: _place(piece, case.name) for case in cases}
    return {name: _read(place) for name, place in places.items() if place.is_file()}


def read_records(piece: Piece, cases: Sequence[CaseFile]) -> dict[str, CaseRecord | None]:
    """Return the records of the cases, by case; None for a case without one."""
    return {case.name: read_record(_place(piece, case.name)) for case in cases}


def _place(piece: Piece, case: str) -> Path:
    return safe_child(piece.folder, f"{case.replace('/', '_')}.csv")


def _read(place: Path) -> CaseScores:
    from napari_mtmri.metrics.base import Scores

    try:
        with place.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        found = {
            name: Scores.from_records(row for row in rows if row["input"] == name)
            for name in (ZERO_FILLED, OWN, TRUTH)
        }
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise InputError(f"{place}: damaged ({why}); remove it and score it again.") from why
    return found
