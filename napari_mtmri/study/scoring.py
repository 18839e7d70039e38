# SPDX-License-Identifier: BSD-3-Clause
"""Scores of a trained row on whole volumes, case by case, as ``napari-mtmri evaluate`` has them.

Each case leaves one file, so that scoring can be stopped between any two.
"""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mtmri.batch.local import case_seed
from napari_mtmri.errors import InputError, Stopped
from napari_mtmri.files import safe_child, write_text
from napari_mtmri.study.plan import ACCELERATION, MASK_SEED, PATTERN, TEST_RUNS, Piece, Plan
from napari_mtmri.tables import csv_text

if TYPE_CHECKING:
    from napari_mtmri.metrics.base import Scores
    from napari_mtmri.train.data.cases import CaseFile

ZERO_FILLED, OWN, TRUTH = "zero-filled", "own", "truth"
FULL_SAMPLE = "unet-full-sample"
CaseScores = Mapping[str, "Scores"]


def score_cases(
    piece: Piece,
    cases: Sequence[CaseFile],
    report: Callable[[int], None],
    stop: threading.Event,
) -> None:
    """Score the cases that are not scored yet.

    Parameters
    ----------
    piece : Piece
        Its trainings are finished.
    cases : sequence of CaseFile
    report : callable
        Told how many cases are done.
    stop : threading.Event

    Raises
    ------
    Stopped
        After ``stop`` was set; the cases that are done stay.
    """
    weights = export_weights(piece)
    for number, case in enumerate(cases):
        report(number)
        if stop.is_set():
            raise Stopped(f"{piece.job.name}: stopped after {number} of {len(cases)} cases.")
        if not _place(piece, case.name).is_file():
            save_scores(piece, case.name, _score(piece, case, weights, stop))


def count_look(plan: Plan, piece: Piece) -> None:
    """Write down that a row is going to be scored on the test cases, once for each row."""
    if read_scores(piece, plan.cases):
        return
    place = plan.experiment.out / TEST_RUNS
    is_new = not place.exists()
    with place.open("a", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        if is_new:
            table.writerow(("date", "row", "seed", "n", "request"))
        today = datetime.now(UTC).date().isoformat()
        table.writerow((today, piece.row.name, piece.seed, len(plan.cases), piece.job.key))


def export_weights(piece: Piece) -> Path:
    """Write the weights of a row's last checkpoints; return their folder.

    The segmentation network is also written alone, as a method that is shown the truth.
    """
    from napari_mtmri.train.export.weights import export
    from napari_mtmri.weights import load_weights, save_weights

    folder = piece.folder / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    for part in piece.parts:
        method = part.recipe.method
        export(part.folder, folder / f"{method}.safetensors", checkpoint="last")
        if part.recipe.is_joint:
            tensors, card = load_weights(folder / f"{method}.safetensors", method)
            alone = {name: one for name, one in tensors.items() if name.startswith("segmentation.")}
            changes = {
                "method": FULL_SAMPLE,
                "title": f"the U-Net of {card.title}",
                "task": "segment a fully sampled image",
                "architecture": {**card.architecture, "reconstruction": None},
            }
            save_weights(
                folder / f"{FULL_SAMPLE}.safetensors", alone, card.model_copy(update=changes)
            )
    return folder


def save_scores(piece: Piece, case: str, scores: CaseScores) -> None:
    """Write what was measured on the volume of a case."""
    from napari_mtmri.metrics.scores import COLUMNS

    rows = [
        {"input": name, **row}
        for name, one in scores.items()
        for row in one.records()
        if row["scope"] == "volume"
    ]
    write_text(_place(piece, case), csv_text(("input", *COLUMNS), rows))


def read_scores(piece: Piece, cases: Sequence[CaseFile]) -> dict[str, CaseScores]:
    """Return the scores by case of those that are done.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    places = {case.name: _place(piece, case.name) for case in cases}
    return {name: _read(place) for name, place in places.items() if place.is_file()}


def _place(piece: Piece, case: str) -> Path:
    return safe_child(piece.folder, f"{case.replace('/', '_')}.csv")


def _score(piece: Piece, case: CaseFile, weights: Path, stop: threading.Event) -> CaseScores:
    """Return the scores of the zero-filled image, of the row, and of its U-Net shown the truth."""
    from napari_mtmri.patterns.base import Pattern
    from napari_mtmri.verbs import evaluate, run, simulate

    image, labels = case.open()
    seed = case_seed(MASK_SEED, case.name)
    scan = simulate(image, Pattern(PATTERN, ACCELERATION, seed=seed), seed=seed)
    own, truth = (
        evaluate(run(scan, method, weights=weights, stop=stop), labels=labels).scores
        for method in (piece.row.method, FULL_SAMPLE)
    )
    return {
        ZERO_FILLED: own[ZERO_FILLED],
        OWN: own[piece.row.method],
        TRUTH: truth[FULL_SAMPLE],
    }


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
