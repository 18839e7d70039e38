# SPDX-License-Identifier: BSD-3-Clause
"""A row of another package's method is trained, scored and reported like the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from napari_mtmri.methods.base import METHODS
from napari_mtmri.methods.training import TableRow
from napari_mtmri.study.experiment import run_experiment
from napari_mtmri.study.report import write_report
from napari_mtmri.study.rows import study_of
from napari_mtmri.study.scoring import OWN, TRUTH, read_scores
from napari_mtmri.study.summary import summarise_plan
from tests.study.conftest import plan_of


def test_a_row_declared_by_a_method_is_in_table_and_report(
    dummy_package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = METHODS.get("refine")
    row = TableRow(("table1",), "Refine, in two stages", "a rival")
    training = replace(member.training, row=row)
    monkeypatch.setitem(METHODS._members, "refine", replace(member, training=training))
    study = study_of("table1")
    assert [one.name for one in study.rows[-2:]] == ["refine", "two-stage"]
    assert "refine" not in {one.name for one in study_of("table2").rows}
    plan = plan_of(study, tmp_path / "out", rows=("refine",))
    (outcome,) = run_experiment(plan)
    assert outcome.error is None
    for scores in read_scores(plan.chosen[0], plan.cases).values():
        assert scores[OWN].rows
        assert not scores[TRUTH].rows  # its network segments only the scan
    write_report(plan, summarise_plan(plan))
    report = (plan.experiment.folder / "report.md").read_text(encoding="utf-8")
    assert "| Refine, in two stages |" in report
