# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import napari_mtmri as mt
from napari_mtmri.errors import InputError
from napari_mtmri.methods.base import training_of
from napari_mtmri.methods.training import spans_of
from napari_mtmri.train.export.weights import export, read_about, read_scores
from napari_mtmri.train.folder.checkpoint import Position, save_checkpoint
from napari_mtmri.train.folder.layout import SPLIT, Config, write_config
from napari_mtmri.train.loop.objective import Objective, make_network
from napari_mtmri.weights import load_weights
from tests.train.heads import TINY

ABOUT = Path(__file__).parents[3] / "docs" / "weights" / "lgg-flair.json"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    objective = Objective(make_network(TINY), spans_of(training_of("mtmri"), TINY)[0], 1.0)
    optimizer = torch.optim.Adam(objective.parameters())
    write_config(tmp_path, Config(TINY, "cases"))
    (tmp_path / SPLIT).write_text("case,patient,split,image_sha256\na,a,train,0\nb,b,val,1\n")
    save_checkpoint(tmp_path, objective, optimizer, Position(TINY, updates=7), is_best=True)
    return tmp_path


def test_the_trained_network_is_exported_with_a_card(run: Path, tmp_path: Path) -> None:
    card = export(
        run, tmp_path / "out" / "mtmri.safetensors", about=read_about(ABOUT), command="again"
    )
    tensors, again = load_weights(tmp_path / "out" / "mtmri.safetensors", "mtmri")
    assert again == card
    assert card.n_slices_shown == 7 * TINY.optimizer.batch_size
    assert card.size == "4 and 2 filters"
    assert "not for commercial use" in card.licence
    for name, value in make_network(TINY).state_dict().items():
        assert torch.equal(tensors[name], value.half().float())


def test_the_exported_network_uses_the_box_of_the_training(run: Path, tmp_path: Path) -> None:
    card = export(run, tmp_path / "out" / "mtmri.safetensors")
    assert card.architecture["window"] == list(TINY.data.crop)
    data = np.zeros((48, 44, 2), np.float32)
    data[6:18, 20:30] = 100
    scan = mt.simulate(mt.Volume(data, np.eye(4)), mt.Pattern("random", 2))
    found = mt.run(scan, "mtmri", weights=tmp_path / "out").probability.data
    rows, columns = np.nonzero((found > 1e-6).any(axis=2))
    assert np.ptp(rows) + 1 <= 16  # otherwise the U-Net gets more air than in its training
    assert np.ptp(columns) + 1 <= 16


def test_without_a_description_the_card_uses_the_training_folder(run: Path, tmp_path: Path) -> None:
    card = export(run, tmp_path / "out.safetensors", checkpoint="last", smallest_part=0.1)
    assert (card.n_cases, card.data, card.smallest_part) == (1, "cases", 0.1)
    assert "1 train, 1 val" in card.split
    assert "not stated" in card.licence


def test_the_scores_of_an_evaluation_are_written_to_the_card(tmp_path: Path) -> None:
    table = tmp_path / "summary.csv"
    table.write_text(
        "metric,region,unit,method,n,left out,mean,sd,median,low,high\n"
        "PSNR,field of view,dB,mtmri,10,0,33.5,1,33,32,35\n"
        "PSNR,field of view,dB,d5c5,10,0,34.5,1,33,32,35\n"
    )
    (tmp_path / "scores.csv").write_text('case,sampling\na,"48 of 192 lines, R 4.00, centre 15"\n')
    (score,) = read_scores(f"val={table}", "mtmri")
    assert (score.split, score.mean, score.n, score.acceleration) == ("val", 33.5, 10, 4.0)
    with pytest.raises(InputError, match="split=FILE"):
        read_scores(str(table), "mtmri")
    # The column of numbers is used, not the text next to it.
    (tmp_path / "scores.csv").write_text('case,sampling,acceleration\na,"R 4.00",3.5\nb,,2.5\n')
    assert read_scores(f"val={table}", "mtmri")[0].acceleration == 3.0
    (tmp_path / "scores.csv").write_text('case,sampling,acceleration\na,"R 4.00",nan\n')
    with pytest.raises(InputError, match="no acceleration"):
        read_scores(f"val={table}", "mtmri")


def test_an_export_without_checkpoint_or_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no checkpoint"):
        export(tmp_path, tmp_path / "x.safetensors")
    (tmp_path / "about.json").write_text(json.dumps({"labels": []}))
    with pytest.raises(InputError, match="licence"):
        read_about(tmp_path / "about.json")


def test_the_temperature_of_the_card_divides_the_logits(run: Path, tmp_path: Path) -> None:
    from scipy.special import logit

    card = export(run, tmp_path / "plain" / "mtmri.safetensors")
    path = tmp_path / "warm" / "mtmri.safetensors"
    export(run, path)
    warm = card.model_copy(update={"temperature": 4.0})
    path.with_suffix(".json").write_text(warm.model_dump_json())
    data = np.random.default_rng(0).random((24, 22, 2)).astype(np.float32)
    scan = mt.simulate(mt.Volume(data, np.eye(4)), mt.Pattern("random", 2))
    one, other = (mt.run(scan, "mtmri", weights=tmp_path / name) for name in ("plain", "warm"))
    inside = one.probability.data > 1e-6  # outside the box there is only background
    np.testing.assert_allclose(
        logit(other.probability.data[inside]),
        logit(one.probability.data[inside]) / 4,
        rtol=1e-3,
        atol=1e-3,
    )
    np.testing.assert_array_equal(one.labels.data, other.labels.data)
