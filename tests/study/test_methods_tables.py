# SPDX-License-Identifier: BSD-3-Clause
"""Tables 3 and 4: methods with and without training in one table, on simulated cases."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.rng import keyed_generator
from napari_mtmri.study.case_record import read_record
from napari_mtmri.study.comparison_figures import _ranges, chosen_cases
from napari_mtmri.study.experiment import run_experiment
from napari_mtmri.study.plan import Experiment, Plan, make_plan
from napari_mtmri.study.report import NONE, write_report
from napari_mtmri.study.rows import Row, Study, tables
from napari_mtmri.study.scoring import OWN, read_records, read_scores
from napari_mtmri.study.sizes import bins_of, training_sizes
from napari_mtmri.study.state import events_of
from napari_mtmri.study.summary import main_measures, summarise_plan
from napari_mtmri.train.data.sources import simulated
from napari_mtmri.verbs import save
from napari_mtmri.volume import Volume
from tests.study.conftest import TINY, plan_of

SHORT = {"caballero-gmm": {"iterations": 6, "contrast": "t1"}, "cs-tv": {"iterations": 5}}
BRIEF = replace(TINY, changes={**TINY.changes, "epochs": 2})


def few_rows(table: str) -> Study:
    """A table with a row of each kind, and few iterations."""
    pytest.importorskip("sigpy", reason="needs the extra [classical]")
    study = tables()[table]
    names = ["unet-full-sample", "d5c5", study.base.name, *SHORT]
    rows = [
        replace(row, parameters=SHORT.get(row.name, row.parameters)) for row in study.choose(names)
    ]
    return replace(study, rows=tuple(rows))


@pytest.fixture(scope="module")
def lesions(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    plan = plan_of(few_rows("table3"), tmp_path_factory.mktemp("table3"), BRIEF)
    assert {one.state for one in run_experiment(plan)} == {"done"}
    return plan


@pytest.fixture(scope="module")
def brains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tissue maps of simulated heads, with their split."""
    folder = tmp_path_factory.mktemp("brains")
    tissues = {"1": {"tissue": "csf", "class": 1}, "2": {"tissue": "grey matter", "class": 3},
               "3": {"tissue": "white matter", "class": 2}, "4": {"tissue": "fat"},
               "5": {"tissue": "skull"}}  # fmt: skip
    (folder / "tissues.json").write_text(json.dumps(tissues))
    rows = ["case,labels,split"]
    for number, split in enumerate(("train", "train", "val", "val")):
        draw = keyed_generator(number, "brain")
        labels = simulated._tissues((32, 32, 12), draw)
        labels[labels == simulated.LESION] = simulated.WHITE_MATTER
        name = f"brain{number}"
        save(Volume(labels, np.diag([6.0, 7, 5, 1]), name, "labels"), folder / f"{name}.nii.gz")
        rows.append(f"{name},{name}.nii.gz,{split}")
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def report(lesions: Plan) -> Path:
    """The report of the lesions."""
    return write_report(lesions, summarise_plan(lesions))


def line_of(plan: Plan, name: str):  # type: ignore[no-untyped-def]
    return next(line for line in summarise_plan(plan) if line.row.name == name)


def test_a_method_without_training_is_a_row_like_the_others(lesions: Plan) -> None:
    untrained = [piece for piece in lesions.pieces if not piece.parts]
    assert {piece.row.name for piece in untrained} == set(SHORT)
    for piece in untrained:
        line = line_of(lesions, piece.row.name)
        assert line.states[0].text == "done"
        assert line.states[0].total == 0
        assert math.isnan(line.cost.n_parameters)
        assert line.cost.seconds > 0
    assert [one.state for one in run_experiment(lesions)] == ["kept"] * len(lesions.pieces)


def test_every_trained_row_is_scored(tmp_path: Path) -> None:
    table = tables()["table3"]
    names = tuple(row.name for row in table.rows if row.parts)
    three = replace(TINY, changes={**TINY.changes, "epochs": 3})  # one for each stage
    plan = plan_of(table, tmp_path, three, rows=names)
    assert {one.state for one in run_experiment(plan)} == {"done"}
    for piece in plan.chosen:
        assert len(read_scores(piece, plan.cases)) == len(plan.cases), piece.row.name


def test_what_a_method_does_not_give_is_a_dash(lesions: Plan, report: Path) -> None:
    scores = report.read_text(encoding="utf-8").partition("## Scores")[2].partition("## Median")[0]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in scores.splitlines()]
    cells = {row[0]: dict(zip(table[2], row, strict=False)) for row in table if len(row) > 3}
    titles = {row.name: row.title for row in lesions.experiment.study.rows}
    for name, has_image, has_labels in (
        ("unet-full-sample", False, True), ("d5c5", True, False), ("mtmri", True, True),
        ("cs-tv", True, False), ("caballero-gmm", True, False),
    ):  # fmt: skip
        row = cells[titles[name]]
        assert (row["PSNR (dB)"] != NONE) == has_image, name
        assert (row["Dice"] != NONE) == has_labels, name


def test_every_comparison_is_with_the_joint_method(report: Path) -> None:
    with report.with_name("row_differences.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["minus"] for row in rows} == {"mtmri"}
    assert {row["metric"] for row in rows if row["row"] == "d5c5"} >= {"PSNR", "SSIM"}
    assert not {row["metric"] for row in rows if row["row"] == "d5c5"} & {"Dice"}
    assert all(int(row["n"]) > 0 for row in rows)


def test_sizes_and_times_are_those_of_cards_and_cases(lesions: Plan) -> None:
    from napari_mtmri.weights import read_card

    piece = next(piece for piece in lesions.pieces if piece.row.name == "mtmri")
    card = read_card(piece.folder / "weights" / "mtmri.safetensors")
    cost = line_of(lesions, "mtmri").cost
    assert (cost.n_parameters, cost.gflop) == (card.n_parameters, card.gflop_per_slice)
    for case in lesions.cases:
        record = read_records(piece, lesions.cases)[case.name]
        labels = case.open()[1]
        assert record.n_voxels == np.count_nonzero(labels.data)
        assert record.size_ml == pytest.approx(record.n_voxels * np.prod(labels.spacing) / 1000)
        assert record.pictures["reference_labels"].sum() > 0


def test_the_figures_are_written_and_the_cases_chosen_by_rule(lesions: Plan, report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    for name in ("violins", "lesion_sizes", "error_maps", "differences"):
        assert (lesions.experiment.folder / f"{name}.png").stat().st_size > 5000
        assert f"({name}.png)" in text
    base = line_of(lesions, "mtmri")
    dice = base.cases[main_measures(("lesion",))[0]]
    best, _, worst = chosen_cases(base, ("lesion",)).values()
    assert dice[best] == max(dice.values())
    assert dice[worst] == min(dice.values())


def test_bins_are_the_sextiles_of_the_training_cases(lesions: Plan) -> None:
    trained = training_sizes(lesions)
    assert len(trained) == sum(file.split == "train" for file in lesions.files)
    limits, _, unit = bins_of(trained, trained)
    assert unit == "ml"
    assert min(one.size_ml for one in trained) <= limits[0] <= limits[-1]
    unknown = [replace(one, size_ml=math.nan) for one in trained]
    _, size, unit = bins_of(unknown, trained)
    assert unit == "voxels"
    assert size(trained[0]) == trained[0].n_voxels


def test_a_damaged_or_missing_record_is_left_out(lesions: Plan, tmp_path: Path) -> None:
    assert read_record(tmp_path / "none.csv") is None
    (tmp_path / "bad.json").write_text("{}")
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    assert read_record(tmp_path / "bad.csv") is None


def test_the_joint_row_is_not_trained_again_for_another_table(lesions: Plan) -> None:
    other = plan_of(tables()["table1"], lesions.experiment.out, BRIEF, rows=("itfs-drlc",))
    (piece,) = other.chosen
    assert events_of(piece.parts[0])
    assert [one.state for one in run_experiment(other)] == ["kept"]


def test_tissues_are_scored_by_class(brains: Path, tmp_path: Path) -> None:
    study = few_rows("table4")
    names = ("mtmri", "caballero-gmm")
    budget = replace(BRIEF, changes={**BRIEF.changes, "crop": None})
    plan = make_plan(Experiment(study, budget, brains, tmp_path / "out", rows=names))
    outcomes = run_experiment(plan)
    assert [one.error for one in outcomes] == [None, None]
    for piece in plan.chosen:
        for scores in read_scores(piece, plan.cases).values():
            regions = {row.region for row in scores[OWN].rows if row.metric == "Dice"}
            assert regions == {"class 1", "class 2", "class 3"}
    mixture = line_of(plan, "caballero-gmm")
    white = next(one for one in main_measures(study.classes) if "white" in one.title)
    assert mixture.summaries[white].mean > 0.5
    text = write_report(plan, summarise_plan(plan)).read_text(encoding="utf-8")
    assert "Dice, CSF" in text
    assert "0.958" not in text[: text.index("## What the paper printed")]
    assert "BrainWeb" in text[text.index("## What the paper printed") :]


def test_parameters_of_a_row_are_part_of_its_request(tmp_path: Path) -> None:
    study = tables()["table3"]
    row = study.choose(["caballero-gmm"])[0]
    folders = []
    for parameters in (row.parameters, {**row.parameters, "iterations": 3}):
        changed: Row = replace(row, parameters=parameters)
        rows = tuple(changed if one is row else one for one in study.rows)
        plan = plan_of(replace(study, rows=rows), tmp_path)
        folders.append(next(p.folder for p in plan.pieces if p.row.name == row.name))
    assert folders[0] != folders[1]


def test_ranges_of_sizes_are_written_without_powers_of_ten() -> None:
    assert _ranges([7083.2, 10_487]) == ["up to 7,080", "7,080 to 10,500", "above 10,500"]
    assert _ranges([0.25]) == ["up to 0.25", "above 0.25"]
