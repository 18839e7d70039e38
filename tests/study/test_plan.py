# SPDX-License-Identifier: BSD-3-Clause
"""Folders of trainings and scores: equal content in the same folder, different in another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.study.plan import Experiment, Plan, make_plan
from napari_mtmri.study.rows import tables
from tests.study.conftest import TINY, plan_of

TABLE1, TABLE2 = tables()["table1"], tables()["table2"]


def folders(plan: Plan) -> dict[str, list[Path]]:
    return {piece.row.name: [part.folder for part in piece.parts] for piece in plan.pieces}


def test_tables_share_the_folders_of_their_common_rows(tmp_path: Path) -> None:
    first, second = folders(plan_of(TABLE1, tmp_path)), folders(plan_of(TABLE2, tmp_path))
    shared = set(first) & set(second)
    assert shared == {"plain", "itfs", "itfs-drlc", "two-stage"}
    assert all(first[name] == second[name] for name in shared)
    every = [place for found in (*first.values(), *second.values()) for place in found]
    # In tables of 5 and 10 rows one row has two trainings; 4 rows with 5 trainings are shared.
    assert len(set(every)) == 6 + 11 - 5


def test_another_recipe_or_other_cases_give_another_training(tmp_path: Path) -> None:
    def of(**changes: object) -> set[Path]:
        budget = replace(TINY, changes={**TINY.changes, **changes})
        return {place for found in folders(plan_of(TABLE1, tmp_path, budget)).values() for place in found}  # fmt: skip

    usual = of()
    assert of() == usual
    assert not usual & of(epochs=6)
    assert not usual & of(n_simulated=(3, 2, 1))


def test_another_split_changes_the_folder_of_scores_but_not_of_trainings(tmp_path: Path) -> None:
    val, test = (plan_of(TABLE1, tmp_path, split=split) for split in ("val", "test"))
    assert folders(val) == folders(test)
    assert not {piece.folder for piece in val.pieces} & {piece.folder for piece in test.pieces}
    assert {case.split for case in test.cases} == {"test"}


def test_each_seed_has_its_own_training(tmp_path: Path) -> None:
    plan = plan_of(TABLE1, tmp_path, replace(TINY, seeds=(0, 1)))
    places = [part.folder for piece in plan.pieces for part in piece.parts]
    assert len(set(places)) == len(places) == 12
    assert {piece.seed for piece in plan.pieces} == {0, 1}


def test_only_the_requested_rows_are_run(tmp_path: Path) -> None:
    plan = plan_of(TABLE1, tmp_path, rows=("two-stage", "plain"))
    assert [piece.row.name for piece in plan.chosen] == ["plain", "two-stage"]
    assert len(plan.pieces) == len(TABLE1.rows)


def test_the_budget_limits_the_number_of_scored_cases(tmp_path: Path) -> None:
    assert len(plan_of(TABLE1, tmp_path, replace(TINY, most_cases=1)).cases) == 1


def test_an_invalid_experiment_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(RequestError, match="val, test"):
        plan_of(TABLE1, out, split="train")
    with pytest.raises(RequestError, match="two-stage"):
        plan_of(TABLE1, out, rows=("nothing",))
    with pytest.raises(InputError, match="nowhere"):
        make_plan(Experiment(TABLE1, TINY, tmp_path / "nowhere", out))
    with pytest.raises(InputError, match="split 'test'"):
        plan_of(TABLE1, out, replace(TINY, changes={**TINY.changes, "n_simulated": (2, 2, 0)}), split="test")  # fmt: skip
    assert not out.exists()
