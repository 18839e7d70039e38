# SPDX-License-Identifier: BSD-3-Clause
"""What another package registers is there like our own: in Python, shell, files and figures."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.cli.app import main
from napari_mtmri.plotting import draw_figure
from napari_mtmri.samples import phantom
from napari_mtmri.train.export.weights import read_scores

SHAPE = (24, 28, 4)
Shell = Callable[..., str]


@pytest.fixture
def heads(dummy_package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three phantoms in the format of the other package, and a table of them."""
    monkeypatch.chdir(tmp_path)
    found = []
    for seed in range(3):
        image, _ = phantom(SHAPE, seed=seed)
        found.append(mt.save(image, tmp_path / f"head{seed}.dmr"))
    lines = ["case,image", *(f"{path.stem},{path.name}" for path in found)]
    (tmp_path / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return found


@pytest.fixture
def sh(capsys: pytest.CaptureFixture[str]) -> Shell:
    def call(*words: object) -> str:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert not left.value.code, err
        return out

    return call


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def test_without_the_package_nothing_is_left_of_it() -> None:
    from napari_mtmri.metrics.base import quantities
    from napari_mtmri.readers.base import endings

    assert "MAE" not in {one.name for one in quantities()}
    assert ".dmr" not in endings()


def test_lists_name_its_pattern_and_method(heads: list[Path], sh: Shell) -> None:
    assert "comb" in sh("patterns")
    assert "smooth" in sh("methods")


def test_run_reads_its_format_and_shows_its_score(heads: list[Path], sh: Shell) -> None:
    words = ("-m", "smooth", "--pattern", "comb", "--out", "runs", "--jobs", 2)
    out = sh("run", heads[0], heads[1], *words)
    result = mt.open("runs/head0")
    value = result.scores["smooth"].get("MAE")
    assert value > 0
    assert f"MAE {value:.1f}" in out
    assert result.request["pattern"]["name"] == "comb"
    assert result.mask[:, : result.mask.shape[1] // 4].all()
    assert np.isfinite(result.reconstruction.data).all()
    texts = " ".join(text.get_text() for text in draw_figure(result).texts)
    assert f"MAE {value:.1f}" in texts
    assert "MAE: mean of |predicted - reference|" in texts


def test_evaluate_and_the_card_have_its_score(heads: list[Path], sh: Shell) -> None:
    out = sh("evaluate", "cases.csv", "-m", "smooth", "--pattern", "comb", "--out", "s")
    assert "| MAE | field of view | smooth | 3 |" in out
    assert "| MAE | field of view | smooth − zero-filled | 3 |" in out
    for name in ("scores.csv", "summary.csv", "differences.csv"):
        assert "MAE" in {row["metric"] for row in rows_of(Path("s") / name)}
    scores = {one.metric: one for one in read_scores("val=s/summary.csv", "smooth")}
    assert scores["MAE"].n == 3
    assert scores["MAE"].acceleration == 4


def test_a_file_of_its_format_is_written_by_its_ending(heads: list[Path], tmp_path: Path) -> None:
    again = mt.open(mt.save(mt.open(heads[0]), tmp_path / "again.dmr"))
    np.testing.assert_array_equal(again.data, mt.open(heads[0]).data)
    assert again.name == "again"


SMALL = (
    "n_simulated=[2,1,0]", "simulated_size=[32,32]", "slices_per_case=2", "batch_size=2",
    "epochs=3", "validation_slices=1",
)  # fmt: skip
N_UPDATES = 6  # of which the first four are those of the first stage


def status(*words: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return int(left.value.code or 0)


def stop_at_the_first_update(run: Path) -> None:
    events = run / "events.jsonl"
    while not events.exists() or '"update"' not in events.read_text(encoding="utf-8"):
        time.sleep(0.01)
    (run / "stop").touch()


def test_its_method_is_trained_stopped_after_each_update_exported_run_and_compared(
    heads: list[Path], sh: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
    from napari_mtmri.train.folder.layout import read_events

    train = ("train", "--data", "simulated", *SMALL, "method=refine", "filters=4", "--out")
    sh(*train, "whole")
    stopper = threading.Thread(target=stop_at_the_first_update, args=[Path("parts")])
    stopper.start()
    assert status(*train, "parts") == 130
    stopper.join()
    for _ in range(N_UPDATES):
        Path("parts/stop").touch()
        if status("train", "--resume", "parts") == 0:
            break
    else:
        sh("train", "--resume", "parts")
    stages = [one["stage"] for one in read_events(Path("parts")) if one["kind"] == "update"]
    assert stages == ["image"] * 4 + ["labels"] * 2
    one, other = (Path(name) / "weights/refine.safetensors" for name in ("whole", "parts"))
    assert one.read_bytes() == other.read_bytes()

    said = sh("export", "parts", "--out", "w/refine.safetensors", "--checkpoint", "last")
    assert "refine: 4 filters  (tiny)" in said
    sh("run", heads[0], "-m", "refine", "--weights", "w", "--out", "r")
    result = mt.open("r/head0")
    assert result.method == "refine"
    assert result.reconstruction is not None
    assert result.labels is not None
    monkeypatch.setenv("MTMRI_WEIGHTS", str(Path("w").resolve()))
    assert "refine" in sh("methods")
    out = sh("evaluate", "cases.csv", "-m", "smooth,refine", "--out", "s")
    assert "| MAE | field of view | refine | 3 |" in out
    assert "refine" in {row["method"] for row in rows_of(Path("s/summary.csv"))}
