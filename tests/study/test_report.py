# SPDX-License-Identifier: BSD-3-Clause
"""Complete and partial reports of studies, from known scores and events."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.metrics.base import Scores
from napari_mtmri.metrics.scores import Score
from napari_mtmri.stats.differences import HOW_CORRECTED
from napari_mtmri.stats.intervals import bootstrap, signed_rank
from napari_mtmri.study.figures import N_WINDOWS, draw_segmentation_loss, draw_weights
from napari_mtmri.study.plan import Piece, Plan
from napari_mtmri.study.report import NONE, difference_records, report_text, write_report
from napari_mtmri.study.rows import tables
from napari_mtmri.study.scoring import OWN, TRUTH, ZERO_FILLED, save_scores
from napari_mtmri.study.state import events_of
from napari_mtmri.study.summary import main_measure, measures, summarise_plan
from napari_mtmri.train.folder.layout import EVENTS
from napari_mtmri.train.schedules import loss_weights
from tests.study.conftest import TINY, plan_of

DICE, PSNR = main_measure("labels"), main_measure("image")
DICE_TRUTH = next(one for one in measures() if one.input == TRUTH)
N_CASES, PER_EPOCH = 8, 4 * N_WINDOWS
BUDGET = replace(TINY, changes={**TINY.changes, "n_simulated": (2, N_CASES, 1)})


def scores_of(dice: float, psnr: float) -> Mapping[str, Scores]:
    def overlap(value: float) -> tuple[Score, ...]:
        return tuple(
            Score(metric, value, region="class 1") for metric in ("Dice", "precision", "recall")
        )

    def image(value: float) -> tuple[Score, ...]:
        return Score("PSNR", value, "dB"), Score("SSIM", value / 100)

    return {
        ZERO_FILLED: Scores(image(psnr - 7)),
        OWN: Scores((*image(psnr), *overlap(dice))),
        TRUTH: Scores(overlap(dice + 0.02)),
    }


def train(piece: Piece, share: float = 1.0, end: bool = True) -> None:
    """Write the events of partial trainings."""
    for part in piece.parts:
        recipe, total = part.recipe, PER_EPOCH * part.recipe.optimizer.epochs
        events = [{"kind": "start", "updates": 0, "time": 0.0, "total": total,
                   "per_epoch": PER_EPOCH}]  # fmt: skip
        for done in range(1, round(total * share) + 1):
            epoch = (done - 1) // PER_EPOCH
            alpha, beta = loss_weights(recipe, epoch)
            teacher = recipe.itfs.teacher_forcing == "alternate" and done % 2 == 1
            events.append({"kind": "update", "updates": done, "time": float(done), "alpha": alpha,
                           "beta": beta, "teacher": teacher, "seg_loss": 2.0 if teacher else 1.0,
                           "epoch": epoch})  # fmt: skip
        if end:
            events.append({"kind": "end", "updates": events[-1]["updates"], "time": 1e3})
        part.folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps(event) + "\n" for event in events)
        (part.folder / EVENTS).write_text(lines, encoding="utf-8")


def score(plan: Plan, piece: Piece, dice: float, psnr: float, count: int = N_CASES) -> None:
    """Write the scores of some cases, each a little better than the previous one."""
    piece.folder.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(plan.cases[:count]):
        save_scores(piece, case.name, scores_of(dice + 0.01 * number, psnr + number))


@pytest.fixture
def partial(tmp_path: Path) -> Plan:
    """Table 1 with two rows finished, one half trained, one half scored, one not begun."""
    plan = plan_of(tables()["table1"], tmp_path, BUDGET)
    plain, itfs, drlc, both, _ = plan.pieces
    for piece in (plain, itfs, both):
        train(piece)
    train(drlc, share=0.5, end=False)
    score(plan, plain, 0.60, 34)
    score(plan, itfs, 0.65, 33)
    score(plan, both, 0.70, 32, count=N_CASES // 2)
    return plan


def test_unfinished_rows_report_their_progress_only(partial: Plan) -> None:
    text = report_text(partial, summarise_plan(partial))
    for title, state in (
        ("no ITFS, exponential (DRLC)", "50 % trained"),
        ("ITFS, exponential (DRLC)", "4 of 8 cases scored"),
        ("D5C5 and U-Net apart (two-stage)", "not begun"),
    ):
        line = next(line for line in text.splitlines() if line.startswith(f"| {title} |"))
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[1:-1] == [NONE] * (len(cells) - 2)
        assert cells[-1] == state


def test_means_and_medians_are_over_the_cases(partial: Plan) -> None:
    plain = summarise_plan(partial)[0]
    values = [0.60 + 0.01 * number for number in range(N_CASES)]
    assert plain.summaries[DICE].mean == pytest.approx(sum(values) / N_CASES)
    assert plain.summaries[DICE].median == pytest.approx(0.635)
    assert plain.summaries[DICE_TRUTH].mean == pytest.approx(plain.summaries[DICE].mean + 0.02)
    assert plain.states[0].updates == PER_EPOCH * 3
    assert plain.states[0].slices == PER_EPOCH * 3 * 2


def test_differences_are_paired_by_case_and_corrected(partial: Plan) -> None:
    records = difference_records(summarise_plan(partial), partial.experiment.study.base)
    assert {record["row"] for record in records} == {"itfs"}
    dice = next(record for record in records if record["metric"] == "Dice")
    # Equal differences: the cases have a spread, the pairs have none.
    assert dice["mean"] == pytest.approx(0.05)
    assert dice["low"] == pytest.approx(0.05)
    assert dice["high"] == pytest.approx(0.05)
    assert dice["n"] == N_CASES
    psnr = next(record for record in records if record["metric"] == "PSNR")
    assert psnr["mean"] == pytest.approx(-1)
    assert all(record["p"] <= record["p_holm"] <= 1 for record in records)


def test_sessions_of_a_patient_are_averaged_first(partial: Plan) -> None:
    """Two sessions for each patient: the oracle is numpy and scipy on the means of the pairs."""
    known = {case.name: f"patient {number // 2}" for number, case in enumerate(partial.cases)}
    files = tuple(replace(one, patient=known.get(one.name, one.name)) for one in partial.files)
    plan = replace(partial, files=files)
    plain = summarise_plan(plan)[0].summaries[DICE]
    pairs = (0.60 + 0.01 * np.arange(N_CASES)).reshape(-1, 2).mean(axis=1)
    assert (plain.n, plain.mean) == (N_CASES // 2, pytest.approx(pairs.mean()))
    assert plain.sd == pytest.approx(pairs.std(ddof=1))
    assert (plain.low, plain.high) == pytest.approx(bootstrap(pairs))
    records = difference_records(summarise_plan(plan), plan.experiment.study.base)
    assert {record["n"] for record in records} == {N_CASES // 2}
    differences = [1.0, 1.0, 1.0, 1.0]
    assert records[0]["p"] == pytest.approx(signed_rank(differences).p)
    assert "N counts patients: the 8 cases are of 4 patients" in report_text(
        plan, summarise_plan(plan)
    )


def test_a_second_row_makes_the_corrected_p_larger(partial: Plan) -> None:
    def p_of_itfs() -> float:
        records = difference_records(summarise_plan(partial), partial.experiment.study.base)
        return next(float(one["p_holm"]) for one in records if one["row"] == "itfs")

    alone = p_of_itfs()
    score(partial, partial.pieces[3], 0.70, 32)
    assert p_of_itfs() == pytest.approx(2 * alone)


def test_the_smallest_p_that_is_stated_is_that_of_each_column(partial: Plan) -> None:
    """A row without an image leaves the columns of images with one comparison fewer."""
    score(partial, partial.pieces[3], 0.70, 32)
    lines = summarise_plan(partial)
    of_masks = [
        replace(line, differences=tuple(one for one in line.differences if one.measure == DICE))
        if line.row.name not in ("plain", "itfs")
        else line
        for line in lines
    ]
    least = 2 ** (1 - N_CASES)
    assert f"cannot be below {2 * least:.2g}.\n" in report_text(partial, lines)
    text = f"cannot be below {least:.2g} to {2 * least:.2g}, depending on the column."
    assert text in report_text(partial, of_masks)


def test_means_beyond_the_bound_of_dice_give_a_warning(partial: Plan) -> None:
    assert "at most 2PR" in report_text(partial, summarise_plan(partial))
    scores = dict(scores_of(0.9, 30))
    scores[OWN] = Scores(
        tuple(
            replace(row, value=0.1) if row.metric == "recall" else row for row in scores[OWN].rows
        )
    )
    for case in partial.cases:
        save_scores(partial.pieces[0], case.name, scores)
    text = report_text(partial, summarise_plan(partial))
    assert "at most 2PR" not in text
    assert "cases were left out" in text


def test_several_seeds_count_once_per_case_and_their_spread_is_reported(tmp_path: Path) -> None:
    plan = plan_of(tables()["table1"], tmp_path, replace(BUDGET, seeds=(0, 1)))
    first, second = plan.pieces[:2]
    for piece, psnr in ((first, 30.0), (second, 32.0)):
        train(piece)
        score(plan, piece, 0.6, psnr)
    line = summarise_plan(plan)[0]
    assert line.summaries[PSNR].n == N_CASES
    assert line.cases[PSNR][plan.cases[0].name] == pytest.approx(31)
    assert line.spread[PSNR] == pytest.approx(math.sqrt(2))
    assert "over seeds" in report_text(plan, [line])


def test_the_report_and_its_tables_describe_themselves(partial: Plan) -> None:
    place = write_report(partial, summarise_plan(partial))
    text = place.read_text(encoding="utf-8")
    assert BUDGET.note in text
    assert "two-stage" in text
    for name in ("weights", "segmentation_loss", "differences"):
        assert f"({name}.png)" in text
        assert (place.parent / f"{name}.png").stat().st_size > 5000
    with (place.parent / "rows.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["row"] for row in rows} == {row.name for row in tables()["table1"].rows}
    finished = {row["row"] for row in rows if row["mean"]}
    assert finished == {"plain", "itfs"}
    with (place.parent / "row_scores.csv").open(newline="", encoding="utf-8") as file:
        cases = [(row["row"], row["case"]) for row in csv.DictReader(file)]
    assert len(set(cases)) == 2 * N_CASES + N_CASES // 2


def test_a_metric_of_another_package_is_in_the_report(partial: Plan, dummy_package: Path) -> None:
    for piece, value in zip(partial.pieces[:2], (5.0, 4.0), strict=True):
        for case in partial.cases:
            scores = dict(scores_of(0.6, 30))
            scores[OWN] = Scores((*scores[OWN].rows, Score("MAE", value)))
            save_scores(piece, case.name, scores)
    place = write_report(partial, summarise_plan(partial))
    text = place.read_text(encoding="utf-8")
    heading = next(line for line in text.splitlines() if line.startswith("| Row | Dice |"))
    assert "| SSIM | MAE |" in heading
    assert "5.0 ± 0.0" in text
    assert "−1.0 (−1.0 to −1.0)" in text
    with (place.parent / "rows.csv").open(newline="", encoding="utf-8") as file:
        assert "MAE" in {row["metric"] for row in csv.DictReader(file)}
    assert HOW_CORRECTED in text


def test_a_report_is_possible_before_any_training(tmp_path: Path) -> None:
    plan = plan_of(tables()["table2"], tmp_path, BUDGET)
    place = write_report(plan, summarise_plan(plan))
    text = place.read_text(encoding="utf-8")
    assert text.count("not begun") >= len(tables()["table2"].rows)
    assert "0.518" in text  # numbers of the paper, separately
    assert "0.518" not in text[: text.index("## What the paper printed")]


def test_each_input_of_the_unet_has_its_own_curve(partial: Plan) -> None:
    events = {piece.job.key: [events_of(part) for part in piece.parts] for piece in partial.pieces}
    figure = draw_segmentation_loss(partial.pieces, events)
    curves = {line.get_label(): line.get_ydata() for line in figure.axes[0].get_lines()}
    assert set(curves) == {
        "no ITFS, input: reconstruction", "ITFS, input: reconstruction", "ITFS, input: reference image"
    }  # fmt: skip
    assert set(curves["ITFS, input: reference image"]) == {2.0}
    assert set(curves["ITFS, input: reconstruction"]) == {1.0}
    assert len(curves["ITFS, input: reference image"]) == N_WINDOWS


def test_the_drawn_weights_equal_those_of_the_training(partial: Plan) -> None:
    events = {piece.job.key: [events_of(part) for part in piece.parts] for piece in partial.pieces}
    figure = draw_weights(partial.pieces, events)
    (recipe,) = (part.recipe for part in partial.pieces[3].parts)
    alpha = figure.axes[1].get_lines()[0]
    for time, value in zip(alpha.get_xdata(), alpha.get_ydata(), strict=True):
        assert value == loss_weights(recipe, min(time // 1, recipe.optimizer.epochs - 1))[0]


def test_a_pause_is_not_training_time(partial: Plan) -> None:
    def seconds() -> float:
        line = next(one for one in summarise_plan(partial) if one.row == piece.row)
        return line.states[0].seconds

    piece = partial.pieces[2]  # half trained, one update a second
    before = seconds()
    assert before == sum(PER_EPOCH * part.recipe.optimizer.epochs / 2 for part in piece.parts)
    with (piece.parts[0].folder / EVENTS).open("a", encoding="utf-8") as file:
        for kind, more, time in (("resume", 0, 1e6), ("update", 1, 1e6 + 1)):
            event = {"kind": kind, "updates": round(before) + more, "time": time, "epoch": 0}
            file.write(json.dumps(event) + "\n")
    assert seconds() == before + 1
