# SPDX-License-Identifier: BSD-3-Clause
"""``methods``, ``patterns``, ``doctor``, ``open`` and ``demo``."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import napari_mtmri as mt
from napari_mtmri.cli.window import window_here
from napari_mtmri.methods.base import METHODS
from napari_mtmri.patterns.base import PATTERNS
from napari_mtmri.patterns.mask_files import read_mask
from napari_mtmri.weights import save_weights
from tests.cli.conftest import Shell
from tests.tiny import card_of

no_screen = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("Xvfb") is None,
    reason="the screen is taken away by DISPLAY, which only Linux has",
)


def test_methods_that_cannot_run_are_listed_with_the_reason(
    sh: Shell,
) -> None:
    assert "cannot run" not in sh("methods").out
    answer = sh("methods", "--weights", "nowhere")
    assert answer.status == 0
    for name in METHODS.names():
        runs = "weights" not in METHODS.get(name).needs
        assert bool(re.search(rf"^{name} +cannot run", answer.out, re.MULTILINE)) != runs
    card = sh("methods", "two-stage")
    assert card.out.count("licence") == 2
    assert "sha256" in card.out
    lost = sh("methods", "mtmri", "--weights", "nowhere")
    assert lost.status == 0
    assert "cannot run" in lost.out


def test_a_card_for_programs_is_the_card(sh: Shell, tiny_weights: Path) -> None:
    facts = json.loads(sh("methods", "mtmri", "--json").out)
    written = json.loads((tiny_weights / "mtmri.json").read_text())
    assert facts["runs"]
    assert facts["cards"] == [written]


def test_the_cost_of_a_method_is_that_of_its_parts(sh: Shell, here: Path) -> None:
    for part, size in (("d5c5", 400_000), ("unet-full-sample", 1_200_000)):
        card = card_of(part, n_parameters=size, gflop_per_slice=2.25)
        save_weights(here / "w" / f"{part}.safetensors", {"one": torch.zeros(1)}, card)
    found = {one["name"]: one for one in json.loads(sh("methods", "--weights", "w", "--json").out)}
    assert (found["d5c5"]["n_parameters"], found["d5c5"]["gflop_per_slice"]) == (400_000, 2.25)
    assert found["two-stage"]["n_parameters"] == 1_600_000
    assert found["two-stage"]["gflop_per_slice"] == 4.5
    assert found["mtmri"]["n_parameters"] is None  # it has no weights there
    line = next(
        row for row in sh("methods", "--weights", "w").out.splitlines() if "two-stage" in row
    )
    assert re.search(r" 1\.60 M +4\.5 ", line)


@pytest.mark.parametrize("ending", ["png", "npy", "csv"])
def test_a_saved_mask_can_be_used_again(ending: str, sh: Shell, here: Path) -> None:
    answer = sh("patterns", "random", "--shape", "32x24", "-R", 3, "-o", f"m.{ending}")
    assert answer.status == 0
    wanted = mt.Pattern("random", acceleration=3).mask((32, 24))
    assert (np.broadcast_to(read_mask(here / f"m.{ending}"), wanted.shape) == wanted).all()
    again = sh("patterns", f"m.{ending}", "--shape", "32x24")
    assert again.out.startswith("8 of 24 lines, R 3.00")


def test_patterns_are_listed_with_their_options(sh: Shell) -> None:
    out = sh("patterns").out
    for name in PATTERNS.names():
        assert name in out
        assert all(option.name in out for option in PATTERNS.get(name).options)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("magic",), "poisson"),
        (("random", "-R", 16, "--center-fraction", 0.2), "center_fraction <="),
        (("random", "--shape", "2x2"), "too small"),
        (("radial", "--pattern-option", "angle=odd"), "angle"),
        (("random", "-o", "m.txt"), ".npy"),
    ],
)
def test_an_impossible_pattern_is_refused(words: tuple[object, ...], said: str, sh: Shell) -> None:
    answer = sh("patterns", *words)
    assert answer.status == 2
    assert said in answer.err


def test_the_doctor_names_no_home_and_checks_weights(
    sh: Shell, here: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(here))
    folder = Path(shutil.copytree(tiny_weights, here / "w"))
    monkeypatch.setenv("MTMRI_WEIGHTS", str(folder))
    file = folder / "d5c5.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    (folder / "unet-full-sample.json").unlink()
    answer = sh("doctor")
    assert answer.status == 0
    assert str(here) not in answer.out
    facts = json.loads(sh("doctor", "--json").out)
    assert facts["weights folder"] == "~/w"
    assert "matches its card" in facts["weights"]["mtmri"]
    assert "does NOT match" in facts["weights"]["d5c5"]
    assert "card" in facts["weights"]["unet-full-sample"]
    assert facts["device"].startswith(("cpu", "cuda", "mps"))
    assert "Reconstruct" in facts["napari plugin"]


@no_screen
def test_a_missing_screen_is_an_error_and_not_a_crash(
    sh: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":8765")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    window = window_here()
    assert not window.works
    answer = sh("open")
    assert answer.status == 1
    assert "no window can be opened" in answer.err
    assert "doctor" in answer.err
    assert len(answer.err.splitlines()) == 1
    monkeypatch.delenv("DISPLAY")
    assert "no screen" in window_here().text


def test_a_working_window_reports_its_qt_and_opengl() -> None:
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        pytest.skip("there is no screen (DISPLAY is not set); run with xvfb-run")
    window = window_here()
    if not window.works:
        pytest.skip(f"no window here: {window.text}")
    assert "OpenGL" in window.text


def test_open_names_a_file_that_is_missing(sh: Shell) -> None:
    answer = sh("open", "gone.nii")
    assert answer.status == 1
    assert "gone.nii" in answer.err


def test_the_demo_prints_what_is_real_and_its_scores(sh: Shell, here: Path) -> None:
    answer = sh("demo", "--headless", "--out", "shown")
    assert answer.status == 0
    for word in ("Real:", "Not real:", "CC BY", "PSNR", "Dice", "zero-filled", "Research use"):
        assert word in answer.out
    result = mt.open(here / "shown")
    assert result.method == "mtmri"
    assert f"{result.scores['mtmri'].get('PSNR'):.2f} dB" in answer.out
    (here / "full").mkdir()
    (here / "full" / "thesis.txt").touch()
    assert sh("demo", "--headless", "--out", "full").status == 2
