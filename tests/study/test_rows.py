# SPDX-License-Identifier: BSD-3-Clause
"""Rows and budgets: rows differ only in what the table compares."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from napari_mtmri.errors import RequestError
from napari_mtmri.methods.base import METHODS, all_methods, trainable
from napari_mtmri.study import rows
from napari_mtmri.study.budgets import BUDGETS, budget_of
from napari_mtmri.study.paper import METRICS, NOT_GIVEN, PRINTED
from napari_mtmri.study.rows import (
    CONTROL,
    JOINT,
    LITERAL,
    PLAIN,
    Row,
    study_of,
    tables,
)
from napari_mtmri.train.recipe import KEYS
from napari_mtmri.train.schedules import loss_weights
from tests.study.conftest import TINY

TABLES = tables()
TWO_STAGE = TABLES["table1"].choose(["two-stage"])[0]
ROWS = {row.name: row for study in TABLES.values() for row in study.rows}
TREATED = {"weighting", "fixed_alpha", "fixed_beta", "time_constant", "teacher_forcing"}


@pytest.mark.parametrize("study", TABLES.values(), ids=TABLES)
def test_the_rows_of_a_table_are_all_different(study) -> None:
    trained = [row for row in study.rows if row.parts]
    recipes = [TINY.recipes(row, 0) for row in trained]
    assert len(set(map(str, recipes))) == len(trained)
    assert len({row.title for row in study.rows}) == len(study.rows)
    assert study.base.method == JOINT
    assert (study.base is PLAIN) != study.compares_methods
    assert TWO_STAGE in study.rows


def test_rows_shared_by_tables_are_identical() -> None:
    for study in TABLES.values():
        assert all(ROWS[row.name] == row for row in study.rows)


def test_the_joint_row_of_the_methods_is_that_of_the_weights() -> None:
    ours, both = TABLES["table3"].base, TABLES["table1"].choose(["itfs-drlc"])[0]
    assert TINY.recipes(ours, 0, TABLES["table3"]) == TINY.recipes(both, 0, TABLES["table1"])
    assert ours.folder == both.folder


@pytest.mark.parametrize("table", ["table3", "table4"])
def test_the_rows_are_the_methods_that_declare_one(table: str) -> None:
    declared = {
        one.name for one in all_methods() if one.row is not None and table in one.row.tables
    }
    assert {row.name for row in TABLES[table].rows} == {JOINT, *declared}
    printed = [name for name in PRINTED[table] if name in ROWS]
    assert [row.name for row in TABLES[table].rows][: len(printed)] == printed


def test_the_study_names_no_trained_method() -> None:
    """Only the numbers that the paper prints are listed by name."""
    names = {*trainable()} - {JOINT}
    for path in Path(rows.__file__).parent.glob("*.py"):
        if path.name == "paper.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert not names & words, path.name


def test_tissues_are_trained_with_their_classes_and_scored_only_where_they_are_segmented() -> None:
    lesions, tissues = TABLES["table3"], TABLES["table4"]
    (recipe,) = TINY.recipes(tissues.base, 0, tissues)
    assert (recipe.data.classes, recipe.data.sequence) == (3, "t1-spgr")
    unsupervised = [row for row in tissues.rows if METHODS.get(row.method).classes]
    assert unsupervised
    for row in unsupervised:
        assert tissues.segments(row)
        assert not lesions.segments(row)
    assert all(lesions.segments(row) for row in lesions.rows if row.parts)


@pytest.mark.parametrize("name", ["narrow", "cpu"])
def test_the_15_brains_of_table_4_give_as_many_slices_as_table_3(name: str) -> None:
    (recipe,) = BUDGETS[name].recipes(TABLES["table4"].base, 0, TABLES["table4"])
    n_slices = recipe.data.slices_per_case * recipe.optimizer.epochs * 15
    assert n_slices == pytest.approx(8448, rel=0.03)


def test_a_row_of_a_method_trains_with_the_keys_that_the_method_declares() -> None:
    (row,) = (one for one in TABLES["table3"].rows if one.name == "linet")
    (recipe,) = BUDGETS["narrow"].recipes(row, 0, TABLES["table3"])
    (other,) = BUDGETS["narrow"].recipes(TABLES["table3"].base, 0, TABLES["table3"])
    assert (recipe.data.lesion_fraction, other.data.lesion_fraction) == (0.8, 0.5)
    assert "tuning trial" in row.note


@pytest.mark.parametrize("budget", BUDGETS.values(), ids=BUDGETS)
@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.method == JOINT], ids=str)
def test_joint_rows_differ_only_in_weighting_and_teacher_forcing(budget, row: Row) -> None:
    (ours,), (plain,) = budget.recipes(row, 0), budget.recipes(PLAIN, 0)
    differing = {key for key in KEYS if ours[key] != plain[key]}
    assert differing <= TREATED
    assert ours.validation.select_by == "last"


def test_table_1_crosses_teacher_forcing_with_reweighting() -> None:
    recipes = [TINY.recipes(row, 0)[0] for row in TABLES["table1"].rows if row.method == JOINT]
    crossed = {(recipe.itfs.teacher_forcing, recipe.drlc.weighting) for recipe in recipes}
    assert crossed == {
        (forcing, weighting)
        for forcing in ("never", "alternate")
        for weighting in ("fixed", "exponential")
    }


@pytest.mark.parametrize("epochs", [6, 7])
def test_two_stage_has_as_many_epochs_in_total_as_a_joint_row(epochs: int) -> None:
    budget = type(TINY)("odd", TINY.preset, {**TINY.changes, "epochs": epochs}, (0,), "")
    parts = budget.recipes(TWO_STAGE, 0)
    assert sum(recipe.optimizer.epochs for recipe in parts) == epochs
    assert [recipe.method for recipe in parts] == ["d5c5", "unet-full-sample"]
    assert TWO_STAGE.method == "two-stage"


def test_the_printed_equation_soon_equals_the_control() -> None:
    (literal,), (control,) = TINY.recipes(LITERAL, 0), TINY.recipes(CONTROL, 0)
    assert loss_weights(literal, 0) != loss_weights(control, 0)
    for epoch in (2, 3, 10):
        assert loss_weights(literal, epoch) == pytest.approx(loss_weights(control, epoch))


def test_narrow_is_cpu_at_half_the_width() -> None:
    (narrow,), (cpu,) = BUDGETS["narrow"].recipes(PLAIN, 0), BUDGETS["cpu"].recipes(PLAIN, 0)
    assert {key for key in KEYS if narrow[key] != cpu[key]} == {"recon_features", "seg_features"}
    assert 2 * narrow["recon_features"] == cpu["recon_features"]
    assert 2 * narrow["seg_features"] == cpu["seg_features"]


def test_the_cpu_budget_trains_on_8000_slices_of_66_cases() -> None:
    (recipe,) = BUDGETS["cpu"].recipes(PLAIN, 0)
    assert recipe.data.slices_per_case is not None
    assert recipe.data.slices_per_case * recipe.optimizer.epochs * 66 >= 8000
    assert (recipe.optimizer.precision, recipe.optimizer.batch_size, recipe.data.crop) == (
        "bfloat16",
        4,
        (224, 192),
    )
    assert "variance between trainings" in BUDGETS["cpu"].note
    assert "no evidence" in BUDGETS["small"].note
    assert len(BUDGETS["full"].seeds) == 3


@pytest.mark.parametrize("table", PRINTED)
def test_printed_numbers_belong_to_known_rows_and_obey_the_bound_of_dice(table: str) -> None:
    known = {row.name for row in TABLES[table].rows}
    for name, cells in PRINTED[table].items():
        assert name in known
        assert len(cells) == len(METRICS[table])
        if table == "table4" or NOT_GIVEN in cells[:3]:
            continue
        dice, precision, recall = (float(cell.split(" ± ")[0]) for cell in cells[:3])
        assert dice <= 2 * precision * recall / (precision + recall)


def test_an_unknown_name_is_reported_with_the_known_ones() -> None:
    with pytest.raises(RequestError, match="table1, table2, table3, table4"):
        study_of("table5")
    with pytest.raises(RequestError, match="small, narrow, cpu, full"):
        budget_of("huge")
    with pytest.raises(RequestError, match="itfs-drlc"):
        study_of("table1").choose(["best"])
