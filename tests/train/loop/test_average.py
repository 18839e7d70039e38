# SPDX-License-Identifier: BSD-3-Clause
"""Average of the weights over the updates, and initial weights from several files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from napari_mtmri.errors import InputError
from napari_mtmri.train.folder.checkpoint import network_of, read_checkpoint
from napari_mtmri.train.folder.layout import LAST
from tests.tiny import save_tiny_weights
from tests.train.heads import changed

pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
from napari_mtmri.train.loop.objective import make_network
from napari_mtmri.train.loop.training import Training, open_run
from napari_mtmri.weights import load_weights

DECAY = 0.6
AVERAGED = "averaged.module."


def plain_weights(run: Path) -> dict[str, torch.Tensor]:
    tensors = read_checkpoint(run / LAST)[0]
    return {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}


def test_the_average_is_exponential_over_the_updates(folder: Path, tmp_path: Path) -> None:
    training = Training(changed(ema_decay=DECAY), folder, tmp_path / "run")
    wanted: dict[str, torch.Tensor] = {}
    for update in range(4):
        training.run(most_updates=1)
        now = plain_weights(tmp_path / "run")
        for name, value in now.items():
            before = wanted.get(name, value)
            wanted[name] = value if update == 0 else DECAY * before + (1 - DECAY) * value
        training = open_run(tmp_path / "run")
    found = network_of(read_checkpoint(tmp_path / "run" / LAST)[0])
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-6)
    assert any(not torch.equal(found[name], now[name]) for name in now)


@pytest.mark.parametrize("method", ["mtmri", "two-stage"])
def test_a_resumed_average_equals_an_uninterrupted_one(
    method: str, folder: Path, tmp_path: Path
) -> None:
    recipe = changed(method=method, ema_decay=DECAY, epochs=4)
    Training(recipe, folder, tmp_path / "whole").run()
    Training(recipe, folder, tmp_path / "parts").run(most_updates=3)
    open_run(tmp_path / "parts").run()
    whole, parts = (read_checkpoint(tmp_path / name / LAST)[0] for name in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_the_average_is_exported(folder: Path, tmp_path: Path) -> None:
    Training(changed(ema_decay=DECAY, select_by="last"), folder, tmp_path / "run").run()
    tensors = read_checkpoint(tmp_path / "run" / LAST)[0]
    exported, card = load_weights(tmp_path / "run" / "weights" / "mtmri.safetensors", "mtmri")
    for name, value in exported.items():
        assert torch.equal(value, tensors[AVERAGED + name].half().float())
    assert card.n_updates == 6


def test_calibration_uses_the_validation_cases(folder: Path, tmp_path: Path) -> None:
    from napari_mtmri.train.export.temperature import calibrate
    from napari_mtmri.train.export.weights import export

    Training(changed(), folder, tmp_path / "run").run()
    temperature, before, after = calibrate(tmp_path / "run", tmp_path / "run" / LAST)
    assert 0.25 <= temperature <= 8
    assert 0 <= after <= 1
    said: list[str] = []
    card = export(
        tmp_path / "run",
        tmp_path / "x.safetensors",
        checkpoint="last",
        calibrated=True,
        report=said.append,
    )
    assert f"{before:.3f} before, {after:.3f} with" in said[0]
    assert "3 pixels of the border" in said[0]
    assert card.temperature == pytest.approx(temperature, abs=1e-3)
    (folder / "2_mask.nii.gz").unlink()
    with pytest.raises(InputError, match="2_mask"):
        calibrate(tmp_path / "run", tmp_path / "run" / LAST)


def test_a_joint_network_starts_from_the_weights_of_its_parts(tmp_path: Path) -> None:
    place = save_tiny_weights(tmp_path)
    parts = [place / f"{name}.safetensors" for name in ("d5c5", "unet-full-sample")]
    recipe = changed(
        start_from="+".join(map(str, parts)), recon_cascades=2, recon_convs=3, seg_features=4,
        seg_depth=2,
    )  # fmt: skip
    tensors = make_network(recipe).state_dict()
    wanted = {}
    for path, name in zip(parts, ("d5c5", "unet-full-sample"), strict=True):
        wanted |= load_weights(path, name)[0]
    assert tensors.keys() == wanted.keys()
    assert all(torch.equal(tensors[name], wanted[name]) for name in wanted)


def test_weights_of_one_part_alone_are_refused(tmp_path: Path) -> None:
    place = save_tiny_weights(tmp_path)
    recipe = changed(start_from=str(place / "d5c5.safetensors"), recon_cascades=2, recon_convs=3)
    with pytest.raises(InputError, match=r"not all of the network of mtmri; name weights"):
        make_network(recipe)
