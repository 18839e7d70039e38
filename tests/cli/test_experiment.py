# SPDX-License-Identifier: BSD-3-Clause
"""``experiment``: a thin layer over the study, with the same scores as ``evaluate``."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from napari_mtmri.study.budgets import BUDGETS
from tests.cli.conftest import Shell
from tests.cli.test_evaluate import rows_of, write_cases
from tests.study.conftest import TINY

ASKED = ("--budget", "small", "--out", "o")


@pytest.fixture(autouse=True)
def _small_is_tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
    monkeypatch.setitem(BUDGETS, "small", TINY)  # type: ignore[attr-defined]


def value(rows: list[dict[str, str]], **wanted: str) -> str:
    (found,) = [row for row in rows if all(row[key] == text for key, text in wanted.items())]
    return found["value"]


def test_scores_are_those_of_evaluate_with_the_weights_of_the_row(sh: Shell, here: Path) -> None:
    write_cases(here)
    answer = sh("experiment", "table1", "--data", here, *ASKED, "--rows", "plain")
    assert answer.status == 0, answer.err
    assert "| no ITFS, fixed 0.5 / 0.5 (plain joint) | 0." in answer.out
    assert "not begun" in answer.out
    assert TINY.note in answer.err
    ours = rows_of(here / "o" / "table1-tiny-val" / "row_scores.csv")
    (weights,) = (here / "o" / "scored").glob("plain-*/weights")
    for method, shown in (("mtmri", "own"), ("unet-full-sample", "truth")):
        words = ("evaluate", "cases.csv", "--split", "val", "-m", method, "--weights", weights)
        assert sh(*words, "--out", method).status == 0
        theirs = [row for row in rows_of(here / method / "scores.csv") if row["scope"] == "volume"]
        for case in ("p1", "p2"):
            own = {(row["metric"], row["region"]): row["value"] for row in ours if (row["case"], row["input"]) == (case, shown)}  # fmt: skip
            known = {(row["metric"], row["region"]): row["value"] for row in theirs if (row["case"], row["method"]) == (case, method)}  # fmt: skip
            assert own == known
            assert own


def test_after_a_time_limit_it_continues_to_the_end_and_then_only_reports(sh: Shell) -> None:
    words = ("experiment", "table1", "--data", "simulated", *ASKED, "--rows", "plain", "--json")
    early = sh(*words, "--minutes", 0)
    assert early.status == 0
    assert "stopped after" in early.err
    assert states(early.out)["plain"] != "done"
    late = sh(*words)
    assert late.status == 0
    assert states(late.out)["plain"] == "done"
    assert states(late.out)["itfs"] == "not begun"
    facts = json.loads(late.out)
    assert facts["is_finished"] is False
    again = sh(*words, "--report-only")
    assert json.loads(again.out)["summary"] == facts["summary"]


def states(out: str) -> dict[str, str]:
    return {row["row"]: row["state"] for row in json.loads(out)["summary"]}


def test_an_evaluation_on_test_cases_is_announced_and_counted(sh: Shell, here: Path) -> None:
    words = ("experiment", "table1", "--data", "simulated", *ASKED, "--rows", "plain")
    answer = sh(*words, "--split", "test")
    assert answer.status == 0
    assert "test-runs.csv" in answer.err
    with (here / "o" / "test-runs.csv").open(newline="", encoding="utf-8") as file:
        assert [row["row"] for row in csv.DictReader(file)] == ["plain"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("table9", "--data", "simulated", *ASKED), "table1, table2, table3"),
        (
            ("table1", "--data", "simulated", "--budget", "huge", "--out", "o"),
            "small, narrow, cpu, full",
        ),
        (("table1", "--data", "simulated", *ASKED, "--rows", "best"), "two-stage"),
        (("table1", "--data", "simulated", *ASKED, "--split", "train"), "val, test"),
        (("table1", "--data", "simulated", *ASKED, "--minutes", "-1"), "--minutes"),
        (("table1", *ASKED), "--data"),
    ],
)
def test_an_impossible_experiment_is_refused_before_work(
    words: tuple[str, ...], said: str, sh: Shell, here: Path
) -> None:
    answer = sh("experiment", *words)
    assert answer.status == 2
    assert said in answer.err
    assert not (here / "o").exists()


def test_the_full_budget_needs_cuda(sh: Shell) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    words = ("experiment", "table1", "--data", "simulated", "--budget", "full", "--out", "o")
    answer = sh(*words)
    assert answer.status == 2
    assert "--budget cpu" in answer.err


def test_a_missing_extra_is_named(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    answer = sh("experiment", "table1", "--data", "simulated", *ASKED)
    assert answer.status == 1
    assert "napari-mtmri[train]" in answer.err
