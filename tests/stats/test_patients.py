# SPDX-License-Identifier: BSD-3-Clause
"""Sessions of a patient are no independent cases, in any table with an interval or a test.

The law of all of them: three sessions around the mean of their patient give the same numbers as
one session that has this mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.batch.cases_table import CaseRow, read_cases
from napari_mtmri.compare.detection_rows import Detection, DetectionRow
from napari_mtmri.compare.sweep_rows import SweepRow, curves_of, row_of, summary_records, tidy_csv
from napari_mtmri.metrics.base import Score, Scores
from napari_mtmri.stats.differences import CaseScores, make_tables
from napari_mtmri.stats.intervals import bootstrap, compare
from napari_mtmri.stats.patients import patient_means

N_PATIENTS = 6
AROUND = (-0.25, 0.0, 0.25)  # sessions around the mean of their patient; exact in binary


@pytest.fixture
def means(rng: np.random.Generator) -> list[float]:
    return [30 + round(8 * float(one)) / 8 for one in rng.normal(0, 2, N_PATIENTS)]


def sweep_rows(means: Sequence[float], sessions: Sequence[float]) -> list[SweepRow]:
    return [
        SweepRow(
            f"p{who}-{number}", "zero-filled", "random", factor, factor, seed, None, "PSNR",
            "field of view", mean + session + (seed - 0.5) / 8, "dB", patient=f"p{who}",
        )
        for who, mean in enumerate(means)
        for number, session in enumerate(sessions)
        for factor in (2.0, 4.0)
        for seed in range(2)
    ]  # fmt: skip


def test_a_sweep_has_one_value_for_each_patient(means: list[float]) -> None:
    sessions = [row for shift in AROUND for row in _named(sweep_rows(means, (shift,)), shift)]
    [many], [single] = (curves_of(rows, "PSNR") for rows in (sessions, sweep_rows(means, (0.0,))))
    for name in ("mean", "low", "high"):
        assert np.array_equal(getattr(many, name), getattr(single, name)), name
    assert many.n_patients == single.n_patients == (N_PATIENTS, N_PATIENTS)
    assert many.n_cases == (3 * N_PATIENTS, 3 * N_PATIENTS)
    assert (many.low[0], many.high[0]) == bootstrap(means)
    assert many.band == "95 % interval of the mean over 6 patients with 18 cases"
    assert single.band == "95 % interval of the mean over 6 cases"
    assert {one["n_patients"] for one in summary_records(sessions)} == {N_PATIENTS}


def _named(rows: Sequence[SweepRow], shift: float) -> list[SweepRow]:
    return [replace(row, case=f"{row.case} {shift}") for row in rows]


def test_a_patient_with_many_sessions_weighs_no_more_than_another(means: list[float]) -> None:
    sessions = [*sweep_rows(means, (0.0,)), *_named(sweep_rows(means[:1], (0.0,)), 1)]
    [curve] = curves_of(sessions, "PSNR")
    assert curve.mean[0] == pytest.approx(np.mean(means), rel=1e-12)


def test_sessions_of_one_patient_have_a_range_and_no_interval(means: list[float]) -> None:
    rows = [row for shift in AROUND for row in _named(sweep_rows(means[:1], (shift,)), shift)]
    [curve] = curves_of(rows, "PSNR")
    assert curve.n_patients == (1, 1)
    assert curve.band == "range over 2 masks of 3 sessions"
    values = [row.value for row in rows if row.acceleration == 2]
    assert (curve.low[0], curve.high[0]) == (min(values), max(values))


def test_the_table_of_a_sweep_keeps_the_patients(means: list[float]) -> None:
    import csv

    rows = sweep_rows(means, (0.0,))
    read = [row_of(one) for one in csv.DictReader(tidy_csv(rows).splitlines())]
    assert read == rows


def test_contrast_left_is_over_patients(means: list[float]) -> None:
    def lesions(sessions: Sequence[float]) -> Detection:
        return Detection(Path(), tuple(
            DetectionRow(
                f"p{who}-{number}", "zero-filled", "random", 4.0, 0, (1.0, 1.0, 1.0), 5.0, 0.3, 9,
                None, None, 0.0, mean + session, patient=f"p{who}",
            )
            for who, mean in enumerate(means)
            for number, session in enumerate(sessions)
        ))  # fmt: skip

    [many], [single] = (lesions(one).summary() for one in (AROUND, (0.0,)))
    assert (many.contrast_low, many.contrast_high) == bootstrap(means)
    assert (many.contrast_low, many.contrast_high) == (single.contrast_low, single.contrast_high)
    assert many.contrast_left == single.contrast_left
    assert (many.n_patients, many.n_cases) == (N_PATIENTS, 3 * N_PATIENTS)


def scored(case: str, method: str, psnr: float, patient: str) -> CaseScores:
    return CaseScores(case, method, Scores((Score("PSNR", psnr, "dB"),)), patient=patient)


def test_evaluate_pairs_over_the_sessions_that_both_methods_have(means: list[float]) -> None:
    """A session that only one method has shifts its mean, and not the paired difference."""
    nan = float("nan")
    ours, theirs = [], []
    for who, mean in enumerate(means):
        pairs = ((mean, mean - who), (mean + 1, mean - 2 * who), (mean + 40, nan))
        for number, pair in enumerate(pairs):
            case, patient = f"p{who}-{number}", f"p{who}"
            ours.append(scored(case, "a", pair[0], patient))
            theirs.append(scored(case, "b", pair[1], patient))
    alone = scored("p0-4", "a", 99.0, "p0")
    [found] = make_tables([*ours, alone, *theirs]).differences
    oracle = compare(
        [mean + 0.5 for mean in means], [mean - 1.5 * who for who, mean in enumerate(means)]
    )
    assert found.comparison == oracle


def test_the_mean_of_a_patient_is_over_sessions_and_not_over_values() -> None:
    values = [("p", "p-1", 1.0), ("p", "p-1", 3.0), ("p", "p-2", 8.0), ("", "q", 5.0)]
    assert patient_means(values) == {"p": 5.0, "q": 5.0}
    nan = float("nan")
    assert patient_means([("p", "p-1", nan), ("p", "p-2", 8.0)]) == {"p": 8.0}
    assert np.isnan(patient_means([("p", "p-1", nan)])["p"])


def test_a_case_knows_its_patient_by_the_table_or_by_its_bids_name(tmp_path: Path) -> None:
    """As in the split of a training: what is one patient there is one patient here."""
    table = tmp_path / "cases.csv"
    table.write_text(
        "case,image,patient\nsub-1_ses-1,a.nii,\nsub-1_ses-2,b.nii,\nx,c.nii,q\ny,d.nii,\n"
    )
    assert [row.patient for row in read_cases(table)] == ["sub-1", "sub-1", "q", "y"]
    assert CaseRow("sub-1_ses-2").patient == "sub-1"
