# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_mtmri.errors import InputError, Stopped
from napari_mtmri.train.batches import Simulator, crop_around, plan_epoch
from napari_mtmri.train.cases import Case, load_cases
from napari_mtmri.train.module import TensorBatch, build_network, training_loss
from napari_mtmri.train.recipe import Recipe

pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")

TINY = Recipe(
    recon_cascades=1, recon_convs=2, recon_features=4, seg_features=2, seg_depth=1, epochs=2,
    batch_size=2, learning_rate=1e-3, lesion_fraction=0.5, slices_per_case=3, augment="affine",
    crop=(16, 16), validation_slices=2,
)  # fmt: skip


def head(name: str, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    rows, columns = np.ogrid[-1:1:20j, -1:1:18j]
    inside = (rows**2 + columns**2 < 0.7)[None] * np.ones((5, 1, 1))
    image = (inside * (100 + 20 * rng.random((5, 20, 18)))).astype(np.uint8)
    labels = np.zeros((5, 20, 18), np.uint8)
    labels[2:4, 8:12, 6:9] = 1
    return Case(name, image, labels, 2)


@pytest.fixture
def cases() -> list[Case]:
    return [head("a", 0), head("b", 1), head("c", 2)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import nibabel as nib

    place = tmp_path / "cases"
    place.mkdir()
    lines = ["case,image,mask,split"]
    for number, split in enumerate(["train", "train", "val"]):
        case = head(f"p{number}", number)
        for kind, stack in (("image", case.image), ("mask", case.labels)):
            nib.save(
                nib.Nifti1Image(stack.transpose(2, 1, 0), np.eye(4)),
                place / f"{number}_{kind}.nii.gz",
            )
        lines.append(f"p{number},{number}_image.nii.gz,{number}_mask.nii.gz,{split}")
    (place / "cases.csv").write_text("\n".join(lines))
    return place


def equal(a: object, b: object) -> bool:
    return all(np.array_equal(getattr(a, k), getattr(b, k)) for k in vars(a))


def test_batches_depend_on_seed_epoch_and_case_alone(cases: list[Case]) -> None:
    plan = plan_epoch(cases, TINY, 1)
    once = Simulator(cases, TINY).batch(plan[2:4], 1)
    late = Simulator(cases, TINY)
    for epoch in (0, 1):
        late.batch(plan_epoch(cases, TINY, epoch)[:2], epoch)
    assert equal(late.batch(plan[2:4], 1), once)
    assert plan_epoch(cases, TINY, 0) != plan
    assert not equal(
        Simulator(cases, TINY.model_copy(update={"seed": 1})).batch(plan[2:4], 1), once
    )


def test_half_of_what_is_shown_has_a_lesion(cases: list[Case]) -> None:
    recipe = TINY.model_copy(update={"slices_per_case": 4})
    shown = [cases[i.case].labels[i.slice].any() for i in plan_epoch(cases, recipe, 0)]
    assert sum(shown) == 6
    assert len(shown) == 12


def test_a_volume_has_one_mask_an_epoch_and_another_in_the_next(cases: list[Case]) -> None:
    simulator = Simulator(cases, TINY)
    items = [i for i in plan_epoch(cases, TINY, 0) if i.case == 0]
    masks = simulator.batch(items, 0).mask
    assert (masks == masks[0]).all()
    assert (simulator.batch(items, 1).mask[0] != masks[0]).any()
    fixed = Simulator(cases, TINY.model_copy(update={"mask_redraw": "never"}))
    assert (fixed.batch(items, 0).mask == fixed.batch(items, 1).mask).all()


def test_kspace_is_that_of_the_truth_where_sampled(cases: list[Case]) -> None:
    from napari_mtmri.kspace import fft2c

    batch = Simulator(cases, TINY).batch(plan_epoch(cases, TINY, 0)[:3], 0)
    full = fft2c(batch.truth[:, None].astype(np.complex64))
    np.testing.assert_allclose(batch.kspace, full * batch.mask, atol=1e-4)


def test_image_and_labels_are_moved_alike() -> None:
    case = Case("lesion only", np.zeros((1, 20, 18), np.uint8), np.zeros((1, 20, 18), np.uint8), 2)
    case.labels[0, 6:12, 5:11] = 1
    case.image[:] = case.labels * 100
    for epoch in range(6):
        recipe = TINY.model_copy(update={"crop": None})
        plan = plan_epoch([case], recipe, epoch)
        batch = Simulator([case], recipe).batch(plan[:1], epoch)
        drawn = batch.labels[0] > 0
        bright = batch.truth[0] > 0.5 * batch.truth[0].max()
        assert (drawn & bright).sum() >= 0.85 * (drawn | bright).sum()


@pytest.mark.parametrize(
    ("size", "center"), [((4, 4), (0, 9)), ((20, 5), (3, 3)), ((9, 9), (4, 4))]
)
def test_a_crop_has_the_size_asked_for(size: tuple[int, int], center: tuple[int, int]) -> None:
    plane = np.arange(1, 91).reshape(9, 10)
    out = crop_around(plane, center, size)
    assert out.shape == size
    assert set(out[out > 0].tolist()) <= set(plane.ravel().tolist())
    assert (out > 0).sum() == min(size[0], 9) * min(size[1], 10)


def gradients(recipe: Recipe, cases: list[Case], update: int) -> dict[str, float]:
    network = build_network(recipe)
    plan = plan_epoch(cases, recipe, 0)
    batch = TensorBatch.of(Simulator(cases, recipe).batch(plan[:2], 0), torch.device("cpu"))
    loss, _ = training_loss(network, batch, recipe, update, 0.0, 1.0)
    loss.backward()
    return {
        part: sum(float(p.grad.abs().sum()) for p in module.parameters() if p.grad is not None)
        for part, module in network.named_children()
    }


def test_segmentation_reaches_the_reconstruction_on_own_steps_only(cases: list[Case]) -> None:
    recipe = TINY.model_copy(update={"weighting": "fixed", "fixed_alpha": 0.0, "fixed_beta": 1.0})
    on_truth, on_own = gradients(recipe, cases, 0), gradients(recipe, cases, 1)
    assert on_truth["reconstruction"] == 0
    assert on_own["reconstruction"] > 0
    assert on_truth["segmentation"] > 0
    assert on_own["segmentation"] > 0


@pytest.mark.parametrize("method", ["mtmri", "d5c5", "unet-full-sample"])
def test_a_network_is_trained_to_the_end(method: str, folder: Path, tmp_path: Path) -> None:
    from napari_mtmri.train.fit import Training

    recipe = TINY.model_copy(update={"method": method})
    Training(recipe, folder, tmp_path / "run").run()
    lines = (tmp_path / "run" / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [e["kind"] for e in events] == ["start", *["update"] * 3, "validation", *["update"] * 3, "validation", "end"]  # fmt: skip
    assert events[-1]["updates"] == 6


def weights_after(recipe: Recipe, folder: Path, run: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    from napari_mtmri.train.fit import CHECKPOINT, Training

    Training(recipe, folder, run).run()
    return load_file(run / CHECKPOINT)


@pytest.mark.parametrize("stop_after", range(1, 6))
def test_stopped_and_resumed_is_not_stopped_bit_for_bit(
    stop_after: int, folder: Path, tmp_path: Path
) -> None:
    from napari_mtmri.train.fit import Training

    whole = weights_after(TINY, folder, tmp_path / "whole")
    training = Training(TINY, folder, tmp_path / "parts")

    def stop(event: dict[str, object]) -> None:
        training.stop_asked |= event["kind"] == "update" and event["updates"] == stop_after

    with pytest.raises(Stopped):
        training.run(stop)
    resumed = weights_after(TINY, folder, tmp_path / "parts")
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_a_stop_file_stops_with_a_checkpoint(folder: Path, tmp_path: Path) -> None:
    from napari_mtmri.train.fit import CHECKPOINT, STOP_FILE, Training

    run = tmp_path / "run"
    run.mkdir()
    (run / STOP_FILE).touch()
    with pytest.raises(Stopped, match="update 1"):
        Training(TINY, folder, run).run()
    assert (run / CHECKPOINT).is_file()


def test_a_checkpoint_of_another_network_is_refused(folder: Path, tmp_path: Path) -> None:
    from napari_mtmri.train.fit import Training

    Training(TINY, folder, tmp_path / "run").run()
    wider = TINY.model_copy(update={"recon_features": 8})
    with pytest.raises(InputError, match="not a checkpoint"):
        Training(wider, folder, tmp_path / "run").run()


def test_cases_are_refused_with_a_reason(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_cases(tmp_path / "nowhere", "train")
    with pytest.raises(InputError, match="test"):
        load_cases(folder, "test")
    (folder / "cases.csv").write_text("case,image,split\na,b,train\n")
    with pytest.raises(InputError, match="mask"):
        load_cases(folder, "train")
