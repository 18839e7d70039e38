# SPDX-License-Identifier: BSD-3-Clause
"""Numbers of a table from scores by case: spreads, paired differences, bound of Dice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_mtmri.batch.method_choice import cards_of
from napari_mtmri.errors import WeightsError
from napari_mtmri.metrics.base import MAIN_REGION, Kind, Quantity, main_quantity, quantities
from napari_mtmri.result import ZERO_FILLED
from napari_mtmri.stats.patients import patient_means, patient_pairs
from napari_mtmri.study.case_record import CaseRecord, mean_seconds
from napari_mtmri.study.plan import Piece, Plan
from napari_mtmri.study.rows import LESION, Row
from napari_mtmri.study.scoring import OWN, TRUTH, CaseScores, read_records, read_scores
from napari_mtmri.study.state import State, state_of

if TYPE_CHECKING:
    from napari_mtmri.stats.intervals import Comparison, Summary


@dataclass(frozen=True)
class Measure:
    """One number of a case: its title, and its place in the scores.

    Parameters
    ----------
    title : str
    metric, region, unit : str
        Names as in `napari_mtmri.metrics`.
    decimals : int
        Decimals in tables.
    input : {"own", "truth"}
        Input image of the segmentation network.
    is_compared : bool
        Whether it is used to compare rows.
    """

    title: str
    metric: str
    region: str
    unit: str
    decimals: int
    input: str = OWN
    is_compared: bool = False

    def of(self, scores: CaseScores, what: str | None = None) -> float:
        """Return its value; NaN if not measured."""
        return scores[what or self.input].get(self.metric, self.region)


def measures(classes: Sequence[str] = LESION) -> list[Measure]:
    """Return the columns of the report: labels, then images, as their metrics declare them.

    For a single class the main number of the labels is given twice: also with the reference
    image as input. Of several classes only the main number is given.

    Parameters
    ----------
    classes : sequence of str
        Names of the label classes.
    """
    images = [measure_of(one, "image") for one in quantities("study", "image")]
    if len(classes) > 1:
        return [*main_measures(classes), *images]
    labels = [measure_of(one, "labels") for one in quantities("study", "labels")]
    both = main_measure("labels")
    truth = replace(both, title=f"{both.title}, true image", input=TRUTH, is_compared=False)
    labels.insert(labels.index(both) + 1, truth)
    return [*labels, *images]


def main_measures(classes: Sequence[str]) -> list[Measure]:
    """Return the main number of the labels, one for each class."""
    one = main_measure("labels")
    if len(classes) == 1:
        return [one]
    return [
        replace(one, title=f"{one.title}, {name}", region=f"class {number}")
        for number, name in enumerate(classes, start=1)
    ]


def compared(classes: Sequence[str] = LESION) -> list[Measure]:
    """Return the columns that are used to compare rows."""
    return [one for one in measures(classes) if one.is_compared]


def main_measure(kind: Kind) -> Measure:
    """Return the column of the main number of labels or of images."""
    return measure_of(main_quantity(kind), kind)


def measure_of(one: Quantity, kind: Kind) -> Measure:
    """Return the column of a number."""
    digits = one.shown["study"]
    return Measure(
        one.title, one.name, MAIN_REGION[kind], one.unit, digits, is_compared=one.is_headline
    )


@dataclass(frozen=True)
class Difference:
    """A row minus the row that all are compared with, over their common cases."""

    measure: Measure
    comparison: Comparison
    p_holm: float


@dataclass(frozen=True)
class RowCost:
    """Size and speed of a row.

    Parameters
    ----------
    n_parameters, gflop : float
        Parameters, and 10^9 operations of the network for a slice of 224 × 192; NaN without
        a network, or if its weights do not say.
    seconds : float
        Mean time for a volume.
    ceiling : float
        Dice of the true labels after the method's auto-encoder; NaN without one.
    """

    n_parameters: float
    gflop: float
    seconds: float
    ceiling: float


@dataclass(frozen=True)
class Line:
    """Results of a row.

    Parameters
    ----------
    row : Row
    states : tuple of State
        By seed.
    cases : mapping
        Values by measure and case, means over the seeds.
    summaries : mapping
        By measure, over patients; empty, like the following fields, until every seed is finished.
    spread : mapping
        By measure, the standard deviation over seeds of the mean over cases.
    differences : tuple of Difference
    warnings : tuple of str
    cost : RowCost, optional
    records : mapping
        Records of the cases, by case, of the first seed.
    """

    row: Row
    states: tuple[State, ...]
    cases: Mapping[Measure, Mapping[str, float]] = field(default_factory=dict)
    summaries: Mapping[Measure, Summary] = field(default_factory=dict)
    spread: Mapping[Measure, float] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    warnings: tuple[str, ...] = ()
    cost: RowCost | None = None
    records: Mapping[str, CaseRecord | None] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Whether every seed is trained and scored."""
        return all(state.is_done for state in self.states)


def summarise_plan(plan: Plan) -> tuple[Line, ...]:
    """Return a line for each row of the study, finished or not.

    The p values are corrected by `napari_mtmri.stats.differences.corrected`.
    """
    from napari_mtmri.stats.differences import corrected
    from napari_mtmri.stats.intervals import compare

    study = plan.experiment.study
    lines = [_line(plan, row) for row in study.rows]
    base = next(line for line in lines if line.row is study.base)
    patients = patients_of(plan)

    def paired(ours: Mapping[str, float], theirs: Mapping[str, float]) -> Comparison:
        return compare(
            *patient_pairs((patients[case], ours[case], theirs[case]) for case in theirs)
        )

    pairs = [
        (measure, line, paired(line.cases[measure], of_base))
        for measure, of_base in base.cases.items()
        for line in lines
        if line is not base and measure.is_compared and line.summaries
    ]
    pairs = [pair for pair in pairs if pair[2].n]  # not every method gives image and labels
    found: dict[str, list[Difference]] = {}
    p_values = corrected([(measure, one) for measure, _, one in pairs])
    for (measure, line, one), p in zip(pairs, p_values, strict=True):
        found.setdefault(line.row.name, []).append(Difference(measure, one, p))
    return tuple(replace(line, differences=tuple(found.get(line.row.name, ()))) for line in lines)


def zero_filled(plan: Plan) -> Mapping[Measure, Summary]:
    """Return the summaries of the zero-filled images, from the first finished row."""
    from napari_mtmri.stats.intervals import summarise

    patients = patients_of(plan)
    for piece in plan.pieces:
        scores = read_scores(piece, plan.cases)
        if len(scores) == len(plan.cases):
            return {
                measure: summarise(
                    _patient_values(
                        {case: measure.of(one, ZERO_FILLED) for case, one in scores.items()},
                        patients,
                    )
                )
                for measure in (measure_of(one, "image") for one in quantities("study", "image"))
            }
    return {}


def _line(plan: Plan, row: Row) -> Line:
    """Return the results of a row; numbers only if all its seeds are finished."""
    from napari_mtmri.stats.intervals import summarise

    pieces = [piece for piece in plan.pieces if piece.row is row]
    scores = [read_scores(piece, plan.cases) for piece in pieces]
    states = tuple(
        state_of(piece, plan.cases, len(found)) for piece, found in zip(pieces, scores, strict=True)
    )
    if not all(state.is_done for state in states):
        return Line(row, states)
    classes = plan.experiment.study.classes
    cases = {measure: _over_seeds(scores, measure) for measure in measures(classes)}
    patients = patients_of(plan)
    summaries = {
        measure: summarise(_patient_values(values, patients)) for measure, values in cases.items()
    }
    spread = {measure: _spread(scores, measure, patients) for measure in cases}
    records = [read_records(piece, plan.cases) for piece in pieces]
    return Line(
        row, states, cases, summaries, spread, warnings=_laws(row, scores),
        cost=cost_of_row(pieces[0], records[0]), records=records[0],
    )  # fmt: skip


def cost_of_row(piece: Piece, records: Mapping[str, CaseRecord | None]) -> RowCost:
    """Return size and speed of a row with one seed, from the cards of its weights."""
    try:
        cards = cards_of(piece.row.method, piece.folder / "weights") if piece.parts else []
    except WeightsError:  # removed to save space
        cards = []

    def total(key: str) -> float:
        values = [getattr(card, key) for card in cards]
        return math.nan if not values or None in values else float(sum(values))

    ceilings = [one.dice_ceiling for one in cards if one.dice_ceiling is not None]
    return RowCost(
        total("n_parameters"),
        total("gflop_per_slice"),
        mean_seconds(list(records.values())),
        ceilings[0] if ceilings else math.nan,
    )


def _over_seeds(finished: Sequence[Mapping[str, CaseScores]], measure: Measure) -> dict[str, float]:
    return {
        case: float(np.mean([measure.of(scores[case]) for scores in finished]))
        for case in finished[0]
    }


def patients_of(plan: Plan) -> dict[str, str]:
    """Return the patient of each case."""
    return {case.name: case.patient for case in plan.cases}


def _patient_values(values: Mapping[str, float], patients: Mapping[str, str]) -> list[float]:
    found = patient_means((patients[case], case, value) for case, value in values.items())
    return list(found.values())


def _spread(
    finished: Sequence[Mapping[str, CaseScores]], measure: Measure, patients: Mapping[str, str]
) -> float:
    means = [
        np.mean(_patient_values({case: measure.of(one) for case, one in scores.items()}, patients))
        for scores in finished
    ]
    return float(np.std(means, ddof=1)) if len(means) > 1 else math.nan


def _laws(row: Row, finished: Sequence[Mapping[str, CaseScores]]) -> tuple[str, ...]:
    from napari_mtmri.stats.summary import dice_law

    broken = [
        dice_law([one[name] for one in scores.values()])
        for scores in finished
        for name in (OWN, TRUTH)
    ]
    return tuple(f"{row.title}, {text}" for text in broken if text)
