# SPDX-License-Identifier: BSD-3-Clause
"""Suggestions of a model, and what becomes of the reader's mask when they are accepted."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_mtmri.errors import RequestError, Stopped
from napari_mtmri.review.lesions import measure_lesions
from napari_mtmri.review.suggestions import (
    Model,
    Suggestion,
    accept,
    suggest,
    suggestion_models,
)
from napari_mtmri.weights import read_card
from tests.tiny import head_volume, save_tiny_weights

SHAPE = (6, 5, 4)
UNET = Model("unet-full-sample", "U-Net")
masks = arrays.arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 0, 1, 2]))


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = save_tiny_weights(tmp_path / "weights")
    monkeypatch.setenv("MTMRI_WEIGHTS", str(folder))
    return folder


def suggestion(labels: np.ndarray) -> Suggestion:
    return Suggestion(UNET, labels, None, "abc")


@given(masks, masks)
def test_accepting_all_adds_to_background_or_replaces(mine: np.ndarray, theirs: np.ndarray) -> None:
    new = mine.copy()
    edit = accept(mine, suggestion(theirs))
    edit.apply(new)
    assert (new == np.where(mine != 0, mine, theirs)).all()
    assert (edit.source, edit.weights) == ("model", "abc")
    accept(new, suggestion(theirs), replace=True).apply(new)
    assert (new == theirs).all()


@given(masks, masks)
def test_accepting_every_lesion_is_accepting_all(mine: np.ndarray, theirs: np.ndarray) -> None:
    one_by_one = mine.copy()
    table = measure_lesions(theirs, np.eye(4))
    for lesion in table.lesions:
        edit = accept(one_by_one, suggestion(theirs), table.region(lesion.number))
        assert set(np.flatnonzero(table.region(lesion.number))) >= set(edit.indices.tolist())
        edit.apply(one_by_one)
    whole = mine.copy()
    accept(mine, suggestion(theirs)).apply(whole)
    assert (one_by_one == whole).all()


def test_an_accepted_lesion_may_get_another_label_and_overwrite() -> None:
    mine, theirs = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    mine[0], theirs[:2] = 3, 1
    new = mine.copy()
    accept(mine, suggestion(theirs), label=255, protect=False).apply(new)
    assert (new[:2] == 255).all()
    assert not new[2:].any()


def test_what_cannot_be_accepted_is_refused() -> None:
    mine, theirs = np.zeros(SHAPE, np.uint8), np.ones(SHAPE, np.uint8)
    with pytest.raises(RequestError, match="same grid"):
        accept(mine, suggestion(theirs[1:]))
    with pytest.raises(RequestError, match="replace"):
        accept(mine, suggestion(theirs), theirs == 1, replace=True)
    with pytest.raises(RequestError, match="300"):
        accept(mine, suggestion(theirs), label=300)


def test_a_model_suggests_on_the_grid_of_the_image_and_says_who_it_was(weights: Path) -> None:
    image = head_volume()
    found = suggest(image, UNET)
    assert found.labels.shape == image.shape
    assert found.probability is not None
    assert found.probability.shape == image.shape
    assert ((found.probability > 0.5) == (found.labels > 0)).all()
    card = read_card(weights / "unet-full-sample.safetensors")
    assert found.weights == card.sha256
    assert found.record["provenance"]["weights"][0]["sha256"] == card.sha256
    assert not any("magnitude" in line for line in found.warnings)


@pytest.mark.usefixtures("weights")
def test_a_method_that_reconstructs_gets_all_of_k_space() -> None:
    found = suggest(head_volume(), Model("mtmri", "mtmri"))
    assert found.record["request"]["pattern"]["name"] == "full"
    assert found.labels.any() or (found.labels == 0).all()


@pytest.mark.usefixtures("weights")
def test_a_suggestion_can_be_stopped() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        suggest(head_volume(), UNET, stop=stop)


def test_models_that_segment_are_listed_with_a_reason_if_they_cannot_run(weights: Path) -> None:
    models = suggestion_models()
    assert models[0].method == "unet-full-sample"
    assert {model.method for model in models} >= {"unet-full-sample", "mtmri", "two-stage"}
    assert "d5c5" not in {model.method for model in models}
    assert all(model.reason == "" for model in models)
    (weights / "unet-full-sample.json").write_text("{}")
    reason = next(m.reason for m in suggestion_models() if m.method == "unet-full-sample")
    assert "unet-full-sample.json" in reason


def test_models_are_listed_and_accepted_without_torch() -> None:
    code = """
import sys
sys.modules["torch"] = None
import numpy as np
from napari_mtmri.review.suggestions import Suggestion, accept, suggestion_models
models = suggestion_models()
assert models and all(model.reason == "PyTorch is not installed" for model in models)
mask = np.zeros((3, 3, 3), np.uint8)
accept(mask, Suggestion(models[0], mask + 1, None, ""))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
