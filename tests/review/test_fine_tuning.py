# SPDX-License-Identifier: BSD-3-Clause
"""Predict, correct, approve, fine-tune, predict: the whole circle on a small set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mtmri.readers.base import read_volume
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.opinions import find_opinions
from napari_mtmri.review.project import open_project
from napari_mtmri.review.session import ReviewSession
from napari_mtmri.review.sources import EDITED, MODEL, READER
from napari_mtmri.review.suggestions import Model, accept, suggest
from napari_mtmri.review.training_folder import export_training
from napari_mtmri.train.data.cases import find_cases
from napari_mtmri.weights import read_card
from tests.review.reader_studies import block, write_study
from tests.tiny import save_tiny_weights


def test_a_network_is_fine_tuned_on_what_was_approved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
    from napari_mtmri.train.loop.training import Training
    from napari_mtmri.train.presets import make_recipe

    monkeypatch.setenv("MTMRI_WEIGHTS", str(save_tiny_weights(tmp_path / "weights")))
    study = write_study(tmp_path / "study")
    model = Model("mtmri", "mtmri")
    with ReviewSession(open_project(study, "ann"), prefetch=False) as session:
        for name in ("p0", "p1", "p2"):
            opened = session.open(name, mask="")
            suggestion = suggest(opened.image, model)
            session.apply(accept(opened.data, suggestion, replace=True))
            session.apply(Edit.between(opened.data, block(7), "brush"))
            assert {*np.unique(opened.sources()[block(7) == 1])} <= {MODEL, READER, EDITED}
            session.verdict("reject" if name == "p2" else "approve")
    project = open_project(study, "ann")
    made = export_training(project, tmp_path / "data")
    assert made.cases == ("p0", "p1")

    recipe = make_recipe("fine-tune", {"epochs": 1, "split": {"train": 0.5, "val": 0.5}})
    files = find_cases(made.folder, recipe)
    assert {file.split for file in files} == {"train", "val"}
    Training(recipe, made.folder, tmp_path / "training", preset="fine-tune").run()

    tuned = tmp_path / "training" / "weights" / "mtmri.safetensors"
    again = suggest(read_volume(project.case("p2").image), Model("mtmri", "tuned", tuned))
    before = suggest(read_volume(project.case("p2").image), model)
    assert again.weights == read_card(tuned).sha256 != before.weights
    assert again.probability is not None
    assert not np.array_equal(again.probability, before.probability)
    opinions = find_opinions(project)
    assert {name: one[0].status.state for name, one in opinions.items()} == {
        "p0": "approved", "p1": "approved", "p2": "rejected",
    }  # fmt: skip
