# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from napari_mtmri.errors import InputError
from napari_mtmri.train.checkpoint import save_checkpoint
from napari_mtmri.train.export import export, read_about, read_scores
from napari_mtmri.train.module import build_network
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.weights import load_weights

ABOUT = Path(__file__).parents[2] / "docs" / "weights" / "lgg-flair.json"
TINY = Recipe(
    recon_cascades=1, recon_convs=2, recon_features=4, seg_features=2, seg_depth=1, crop=(16, 16)
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    network = build_network(TINY)
    optimizer = torch.optim.Adam(network.parameters())
    position = {"recipe": TINY.model_dump(mode="json"), "updates": 7}
    save_checkpoint(tmp_path / "last.safetensors", network.state_dict(), optimizer, position)
    return tmp_path


def test_what_is_exported_is_the_trained_network_with_a_card(run: Path, tmp_path: Path) -> None:
    card = export(run, tmp_path / "out" / "mtmri.safetensors", read_about(ABOUT), (), "command")
    tensors, again = load_weights(tmp_path / "out" / "mtmri.safetensors", "mtmri")
    assert again == card
    assert card.n_slices_shown == 7 * TINY.batch_size
    assert card.size == "CPU size"
    assert "not for commercial use" in card.licence
    for name, value in build_network(TINY).state_dict().items():
        assert torch.equal(tensors[name], value.half().float())


def test_the_scores_of_an_evaluation_go_onto_the_card(tmp_path: Path) -> None:
    table = tmp_path / "summary.csv"
    table.write_text(
        "metric,region,unit,method,n,left out,mean,sd,median,low,high\n"
        "PSNR,field of view,dB,mtmri,10,0,33.5,1,33,32,35\n"
        "PSNR,field of view,dB,d5c5,10,0,34.5,1,33,32,35\n"
    )
    (score,) = read_scores(f"val={table}", "mtmri")
    assert (score.split, score.mean, score.n) == ("val", 33.5, 10)
    with pytest.raises(InputError, match="split=FILE"):
        read_scores(str(table), "mtmri")


def test_an_export_without_checkpoint_or_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no checkpoint"):
        export(tmp_path, tmp_path / "x.safetensors", read_about(ABOUT))
    (tmp_path / "about.json").write_text(json.dumps({"labels": []}))
    with pytest.raises(InputError, match="licence"):
        read_about(tmp_path / "about.json")
