# SPDX-License-Identifier: BSD-3-Clause
"""Sweeps: each point once, kept, continued; bands; spread over masks and noise."""

from __future__ import annotations

import csv
import json
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.batch.job import Outcome, Watch
from napari_mtmri.compare import (
    Sweep,
    case_of_volume,
    draw_scores,
    draw_spread,
    is_sweep,
    open_point,
    read_sweep,
    run_sweep,
    spread_of,
    sweep_facts,
    sweep_figures,
)
from napari_mtmri.errors import InputError, RequestError, Stopped
from napari_mtmri.metrics.overlap import dice
from napari_mtmri.samples import phantom
from napari_mtmri.stats.intervals import bootstrap
from tests.tiny import save_tiny_weights

SHAPE = (24, 28, 4)


class States(Watch):
    """Counts the states of the jobs, and stops after some of them."""

    def __init__(self, stop: threading.Event | None = None, after: int = 0) -> None:
        self.count: Counter[str] = Counter()
        self._stop, self._after = stop, after

    def ended(self, outcome: Outcome) -> None:
        self.count[outcome.state] += 1
        if self._stop is not None and self.count["done"] == self._after:
            self._stop.set()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"))


def write_cases(folder: Path) -> None:
    """Write three heads with their lesions, and their table."""
    lines = ["case,image,mask"]
    for number in range(3):
        image, lesion = phantom(SHAPE, seed=number)
        mt.save(image, folder / f"i{number}.nii")
        mt.save(lesion, folder / f"m{number}.nii")
        lines.append(f"p{number},i{number}.nii,m{number}.nii")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MTMRI_WEIGHTS", str(weights))
    monkeypatch.chdir(tmp_path)
    write_cases(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def spread(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """One method with three masks on one case, with their spread; tests only read it."""
    folder = tmp_path_factory.mktemp("spread")
    write_cases(folder)
    return run_sweep(
        [folder / "i0.nii"],
        folder / "out",
        [mt.MethodChoice("mtmri", weights=weights)],
        (3,),
        seeds=3,
        labels=[folder / "m0.nii"],
        spread=True,
    )


def test_each_score_is_in_the_table_once_and_is_that_of_the_result() -> None:
    sweep = run_sweep(["i0.nii"], "out", ["mtmri", "d5c5"], (2, 3), seeds=2, labels=["m0.nii"])
    keys = [
        (r.case, r.method, r.pattern, r.acceleration, r.seed, r.metric, r.region)
        for r in sweep.rows
    ]
    assert len(set(keys)) == len(keys)
    assert {key[1] for key in keys} == {"zero-filled", "mtmri", "d5c5"}
    assert {key[3:5] for key in keys} == {(2, 0), (2, 1), (3, 0), (3, 1)}
    scan = mt.simulate(mt.open("i0.nii"), mt.Pattern("random", acceleration=3, seed=1), seed=1)
    scores = mt.evaluate(mt.run(scan, "mtmri"), labels=mt.open("m0.nii", "labels")).scores
    for metric in ("PSNR", "Dice"):
        [row] = [
            r
            for r in sweep.rows
            if (r.method, r.acceleration, r.seed, r.metric) == ("mtmri", 3, 1, metric)
            and r.region in ("field of view", "class 1")
        ]
        assert row.value == pytest.approx(scores["mtmri"].get(metric), rel=1e-6)
    with Path("out/sweep.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(sweep.rows)
    assert {"case", "method", "pattern", "R", "seed", "metric", "value"} <= set(lines[0])


def test_a_table_shares_its_scores_with_evaluate() -> None:
    mt.evaluate_many("cases.csv", "out", mt.Acquisition(mt.Pattern("random", acceleration=3)),
                     ["d5c5"])  # fmt: skip
    states = States()
    run_sweep("cases.csv", "out", ["d5c5"], (3,), watch=states)
    assert states.count == {"kept": 3}


def test_an_added_acceleration_is_computed_alone() -> None:
    first = run_sweep(["i0.nii"], "out", ["zero-filled"], (2, 4), seeds=2)
    states = States()
    both = run_sweep(["i0.nii"], "out", ["zero-filled"], (2, 3, 4), seeds=2, watch=states)
    assert states.count == {"kept": 4, "done": 2}
    assert set(first.rows) < set(both.rows)


def test_a_stopped_sweep_continues() -> None:
    stop = threading.Event()
    with pytest.raises(Stopped):
        run_sweep(
            ["i0.nii"], "out", ["zero-filled"], (2, 3, 4),
            watch=States(stop, 1), stop=stop,
        )  # fmt: skip
    states = States()
    run_sweep(["i0.nii"], "out", ["zero-filled"], (2, 3, 4), watch=states)
    assert states.count == {"kept": 1, "done": 2}


def test_an_impossible_point_fails_with_its_reason_and_the_others_continue() -> None:
    patterns = [mt.Pattern("random", center_fraction=0.4)]
    sweep = run_sweep(["i0.nii"], "out", ["zero-filled"], (2, 8, 40), patterns)
    state = {point.acceleration: point.state for point in sweep.points}
    assert state == {2: "done", 8: "failed", 40: "failed"}
    reasons = {point.acceleration: point.reason for point in sweep.failed}
    assert "center" in reasons[8]
    assert "40" in reasons[40]
    assert {point.reason for point in read_sweep("out").failed} == set(reasons.values())


def test_a_missing_image_fails_its_case_alone() -> None:
    with Path("cases.csv").open("a") as file:
        file.write("gone,nowhere.nii,\n")
    sweep = run_sweep("cases.csv", "out", ["zero-filled"], (2,))
    assert [point.case for point in sweep.failed] == ["gone"]
    assert "nowhere.nii" in sweep.failed[0].reason
    assert len({row.case for row in sweep.rows}) == 3


def test_what_does_not_depend_on_seed_or_acceleration_is_measured_once() -> None:
    sweep = run_sweep(["i0.nii"], "out", ["zero-filled"], (2, 4), ["full", "radial"], seeds=3)
    found = [(point.pattern, point.acceleration, point.seed) for point in sweep.points]
    assert found == [("full", 1, 0), ("radial", 2, 0), ("radial", 4, 0)]
    noisy = mt.Acquisition(snr=20)
    sweep = run_sweep(["i0.nii"], "out", ["zero-filled"], (2,), ["radial"], 3, acquisition=noisy)
    assert len(sweep.points) == 3


def test_the_band_is_the_interval_over_cases_or_the_range_over_masks() -> None:
    many = run_sweep("cases.csv", "many", ["zero-filled"], (2,), seeds=2)
    [curve] = many.curves("PSNR")
    values = {
        case: [
            row.value
            for row in many.rows
            if (row.case, row.metric, row.region) == (case, "PSNR", "field of view")
        ]
        for case in ("p0", "p1", "p2")
    }
    means = [float(np.mean(one)) for one in values.values()]
    assert curve.mean[0] == pytest.approx(np.mean(means))
    assert (curve.low[0], curve.high[0]) == bootstrap(means)
    assert curve.band == "95 % interval of the mean over 3 cases"
    one = run_sweep(["i0.nii"], "one", ["zero-filled"], (2,), seeds=3)
    [curve] = one.curves("PSNR")
    own = [r.value for r in one.rows if (r.metric, r.region) == ("PSNR", "field of view")]
    assert (curve.low[0], curve.high[0]) == (min(own), max(own))
    assert curve.band == "range over 3 masks"
    [curve] = run_sweep(["i0.nii"], "one", ["zero-filled"], (2,)).curves("PSNR")
    assert curve.band == ""
    assert np.isnan(curve.low).all()


def test_infinite_scores_are_counted_and_left_out() -> None:
    sweep = run_sweep(["i0.nii"], "out", ["zero-filled"], (2,), ["random", "full"])
    curves = {curve.pattern: curve for curve in sweep.curves("PSNR")}
    assert set(curves) <= {"random", "full"}
    if "full" in curves:
        assert curves["full"].mean[0] > curves["random"].mean[0] + 20


def test_a_spread_is_that_of_its_results(spread: Sweep) -> None:
    [one] = spread.spreads
    results = [mt.open(point.result) for point in spread.points if point.result]
    images = np.stack([result.reconstruction.data for result in results]).astype(float)
    masks = np.stack([result.labels.data > 0 for result in results])
    drawn = mt.open("m0.nii", "labels").data > 0
    assert one.n == 3
    assert one.mean.data == pytest.approx(images.mean(0), rel=1e-5, abs=1e-3)
    assert one.sd.data == pytest.approx(images.std(0, ddof=1), rel=1e-3, abs=1e-2)
    assert one.lesion_percent.data == pytest.approx(100 * masks.mean(0), abs=1e-4)
    assert one.mean.same_grid(mt.open("i0.nii"))
    expected = [dice(int((m & drawn).sum()), int(m.sum()), int(drawn.sum())) for m in masks]
    assert one.dice == pytest.approx(expected)
    assert one.volumes == pytest.approx([m.sum() * 3 / 1000 for m in masks])  # 1 x 1 x 3 mm


def test_a_sweep_is_read_as_it_was_written(spread: Sweep) -> None:
    assert is_sweep(spread.folder)
    again = read_sweep(spread.folder)
    assert again.rows == spread.rows
    assert again.points == spread.points
    assert again.curves("PSNR")[1].mean == pytest.approx(spread.curves("PSNR")[1].mean)
    assert np.array_equal(again.spreads[0].sd.data, spread.spreads[0].sd.data)
    assert again.spreads[0].dice == spread.spreads[0].dice
    assert sweep_facts(again) == sweep_facts(spread)
    assert not any(str(spread.folder) in text for text in sweep_facts(again).values())
    captions = [caption for caption, _ in sweep_figures(again)]
    assert captions[0] == "PSNR over the acceleration"
    assert captions[-1].startswith("Spread: i0 · mtmri")


def test_a_point_can_be_opened_with_and_without_its_result_folder(spread: Sweep) -> None:
    [point, *_] = spread.at("mtmri", "random", 3)
    kept = open_point(spread, point)
    bare = run_sweep(["i0.nii"], "bare", ["mtmri"], (3,), seeds=3, labels=["m0.nii"])
    assert not list(Path("bare").rglob("*.nii.gz"))  # only scores
    bare = read_sweep("bare")
    made = open_point(bare, bare.at("mtmri", "random", 3)[0])
    assert np.array_equal(made.reconstruction.data, kept.reconstruction.data)
    impossible = run_sweep(["i0.nii"], "bad", ["zero-filled"], (2, 40)).failed[0]
    with pytest.raises(RequestError, match="has no result"):
        open_point(bare, impossible)


def test_a_jiggle_has_the_same_mask_and_new_noise() -> None:
    noisy = mt.Acquisition(snr=15)
    sweep = run_sweep(
        ["i0.nii"], "out", ["zero-filled"], (3,), jiggle=3, acquisition=noisy, spread=True
    )
    results = [open_point(sweep, point) for point in sweep.points if point.noise is not None]
    assert len(results) == 3
    assert all(np.array_equal(result.mask, results[0].mask) for result in results)
    images = [result.zero_filled.data for result in results]
    assert not np.array_equal(images[0], images[1])
    [one] = sweep.spreads
    assert (one.varied, one.n) == ("noise", 3)
    assert one.sd.data.max() > 0
    with pytest.raises(RequestError, match="`snr`"):
        run_sweep(["i0.nii"], "no", ["zero-filled"], (3,), jiggle=3)


def test_noise_alone_is_new_with_a_noise_seed() -> None:
    volume = mt.open("i0.nii")
    one, two, same = (
        mt.Acquisition(mt.Pattern("random"), phase=True, snr=20, noise_seed=number).scan(volume)
        for number in (1, 2, 1)
    )
    clean = mt.Acquisition(mt.Pattern("random"), phase=True).scan(volume)
    assert np.array_equal(one.kspace, same.kspace)
    assert not np.array_equal(one.kspace, two.kspace)
    mean = (one.kspace + two.kspace) / 2
    assert np.abs(mean - clean.kspace).mean() < np.abs(one.kspace - clean.kspace).mean()
    record = mt.Acquisition(snr=20, noise_seed=3).record()
    assert mt.Acquisition.from_record(record).noise_seed == 3
    assert "noise_seed" not in mt.Acquisition(snr=20).record()


def test_spreads_of_unlike_results_are_refused() -> None:
    volume = mt.open("i0.nii")
    scan = mt.simulate(volume, mt.Pattern("random", acceleration=3))
    one, other = mt.run(scan, "zero-filled"), mt.run(scan, "d5c5")
    with pytest.raises(RequestError, match="same method and case"):
        spread_of([one, other])
    with pytest.raises(RequestError, match="two results or more"):
        spread_of([one])
    with pytest.raises(RequestError, match="`seeds` or `jiggle`"):
        run_sweep(["i0.nii"], "out", ["zero-filled"], (3,), spread=True)


def test_an_open_volume_without_a_file_can_be_swept() -> None:
    image, lesion = phantom(SHAPE, seed=5)
    row = case_of_volume(image, lesion, "out")
    sweep = run_sweep([row], "out", ["mtmri"], (2,))
    assert sweep.curves("Dice")
    assert row.case == image.name
    from_file = mt.open("i0.nii")
    assert case_of_volume(from_file, None, "out").image == from_file.path


@pytest.mark.parametrize(
    ("name", "change", "word"),
    [
        ("sweep.json", lambda text: text[:50], "damaged"),
        ("sweep.json", lambda text: text.replace('"format": 1', '"format": 99'), "newer version"),
        ("sweep.json", lambda text: text.replace('"state": "done"', '"state": "who"'), "damaged"),
        ("sweep.csv", lambda text: text.replace("PSNR", "PSNR,3", 1), "damaged"),
    ],
)
def test_damaged_and_newer_folders_are_refused(name: str, change: object, word: str) -> None:
    run_sweep(["i0.nii"], "out", ["zero-filled"], (2,))
    place = Path("out", name)
    place.write_text(change(place.read_text()))  # type: ignore[operator]
    with pytest.raises(InputError, match=word) as caught:
        read_sweep("out")
    assert name in str(caught.value)


def test_a_record_cannot_lead_out_of_its_folder() -> None:
    run_sweep(["i0.nii"], "out", ["zero-filled"], (2,))
    place = Path("out/sweep.json")
    record = json.loads(place.read_text())
    record["points"][0]["result"] = "../../elsewhere"
    place.write_text(json.dumps(record))
    with pytest.raises(InputError, match="leads out of the folder"):
        read_sweep("out")


def test_other_folders_are_no_sweeps() -> None:
    assert not is_sweep(".")
    with pytest.raises(InputError, match="not the folder of a sweep"):
        read_sweep(".")


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"accelerations": ()}, "accelerations"),
        ({"seeds": 0}, "`seeds`"),
        ({"patterns": ["swirl"]}, "swirl"),
        ({"methods": ["magic"]}, "magic"),
        ({"accelerations": (40,)}, "40"),
        ({"jiggle": 1}, "`jiggle`"),
    ],
)
def test_impossible_sweeps_are_refused(given: dict[str, object], word: str) -> None:
    asked = {"methods": ["zero-filled"], "accelerations": (2,), **given}
    with pytest.raises(RequestError, match=word):
        run_sweep(["i0.nii"], "out", **asked)  # type: ignore[arg-type]
    assert not Path("out").exists()


def test_worker_processes_give_the_same_table() -> None:
    here = run_sweep(["i0.nii", "i1.nii"], "here", ["zero-filled"], (2, 3))
    there = run_sweep(["i0.nii", "i1.nii"], "there", ["zero-filled"], (2, 3), where=mt.Where(2))
    assert here.rows == there.rows
    assert Path("here/sweep.csv").read_bytes() == Path("there/sweep.csv").read_bytes()


def test_plots_show_each_method_with_its_band(spread: Sweep) -> None:
    figure = draw_scores(
        run_sweep(["i0.nii"], "two", ["zero-filled", "d5c5"], (2, 3), seeds=2), "PSNR"
    )
    [axis] = figure.axes
    assert [line.get_label() for line in axis.lines] == ["zero-filled", "d5c5"]
    assert len(axis.collections) == 2
    words = " ".join(text.get_text() for text in figure.texts)
    assert "range over 2 masks" in words
    assert "Research use only" in words
    with pytest.raises(RequestError, match="'sharpness' was not measured"):
        draw_scores(spread, "sharpness")
    titles = [text.get_text() for text in draw_spread(spread.spreads[0]).texts]
    assert {"mean of the reconstructions", "standard deviation", "called lesion"} <= set(titles)
    with pytest.raises(RequestError, match="slice 9"):
        draw_spread(spread.spreads[0], 9)
    assert (spread.folder / "plots" / "PSNR.png").is_file()
    assert len(list((spread.folder / "spread").glob("*/spread.png"))) == 1
