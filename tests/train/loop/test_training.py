# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from napari_mtmri.errors import InputError, RequestError, ResourceError, Stopped
from napari_mtmri.methods.base import training_of
from napari_mtmri.methods.training import StageSpan, spans_of
from napari_mtmri.networks.losses import TensorBatch
from napari_mtmri.train.data.batches import Simulator, plan_epoch
from napari_mtmri.train.data.cases import Case
from napari_mtmri.train.folder.checkpoint import read_checkpoint
from napari_mtmri.train.folder.layout import (
    BEST,
    CONFIG,
    EVENTS,
    LAST,
    LOG,
    PREVIOUS,
    SPLIT,
    STOP,
    read_config,
    read_events,
)
from napari_mtmri.train.folder.process import only_one
from napari_mtmri.train.loop.hardware import Machine
from napari_mtmri.train.loop.objective import Objective, StepContext, make_network
from napari_mtmri.train.recipe import Recipe
from tests.tiny import save_tiny_weights
from tests.train.heads import TINY, changed

pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
from napari_mtmri.train.loop.step import Step, make_optimizer
from napari_mtmri.train.loop.training import Training, open_run


def span_of(recipe: Recipe) -> StageSpan:
    """The only stage of a recipe's method."""
    (span,) = spans_of(training_of(recipe.method), recipe)
    return span


def gradients(recipe: Recipe, cases: list[Case], update: int) -> dict[str, float]:
    objective = Objective(make_network(recipe), span_of(recipe), 1.0)
    plan = plan_epoch(cases, recipe, 0)
    batch = TensorBatch.of(Simulator(cases, recipe).batch(plan[:2], 0), torch.device("cpu"))
    objective(batch, StepContext(update, 0, 0.0, 1.0, 2))["total"].backward()
    return {
        part: sum(float(p.grad.abs().sum()) for p in module.parameters() if p.grad is not None)
        for part, module in objective.network.named_children()
    }


def test_the_segmentation_loss_reaches_the_reconstruction_only_when_it_is_the_input(
    cases: list[Case],
) -> None:
    on_truth, on_own = gradients(TINY, cases, 0), gradients(TINY, cases, 1)
    assert on_truth["reconstruction"] == 0
    assert on_own["reconstruction"] > 0
    assert on_truth["segmentation"] > 0
    assert on_own["segmentation"] > 0


def test_with_per_sample_half_of_the_batch_reaches_the_reconstruction(
    cases: list[Case],
) -> None:
    whole = gradients(changed(teacher_forcing="never"), cases, 0)["reconstruction"]
    half = gradients(changed(teacher_forcing="per_sample"), cases, 0)["reconstruction"]
    assert 0 < half != whole


@pytest.mark.parametrize("method", ["mtmri", "d5c5", "unet-full-sample"])
def test_a_network_is_trained_to_the_end(method: str, folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    Training(changed(method=method), folder, run).run()
    events = read_events(run)
    kinds = [event["kind"] for event in events if event["kind"] != "checkpoint"]
    assert kinds == ["start", *["update"] * 3, "validation", *["update"] * 3, "validation", "end"]
    assert events[-1]["updates"] == events[0]["total"] == 6
    assert (run / f"weights/{method}.safetensors").is_file()
    assert all((run / name).is_file() for name in (LAST, PREVIOUS, BEST, LOG, "figures/curves.png"))
    assert len((run / LOG).read_text().splitlines()) == 3
    assert all((run / e["picture"]).is_file() for e in events if e["kind"] == "validation")


def test_missing_tasks_have_no_numbers(folder: Path, tmp_path: Path) -> None:
    Training(changed(method="d5c5"), folder, tmp_path / "run").run()
    for event in read_events(tmp_path / "run"):
        assert not {"seg_loss", "alpha", "teacher", "val_dice"} & set(event)


def test_a_network_for_reference_images_has_its_dice_on_them(folder: Path, tmp_path: Path) -> None:
    Training(changed(method="unet-full-sample"), folder, tmp_path / "run").run()
    checks = [e for e in read_events(tmp_path / "run") if e["kind"] == "validation"]
    assert [event["score"] for event in checks] == [event["val_dice_truth"] for event in checks]
    assert not any({"val_dice", "val_psnr"} & set(event) for event in checks)


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    return read_checkpoint(run / LAST)[0]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def stop_after(training: Training, updates: int) -> None:
    def stop(event: dict[str, Any]) -> None:
        training.stop_asked |= event["kind"] == "update" and event["updates"] == updates

    with pytest.raises(Stopped, match=f"update {updates}"):
        training.run(stop)


@pytest.mark.parametrize("updates", range(1, 6))
@pytest.mark.parametrize("weighting", ["exponential", "uncertainty", "dwa"])
def test_a_resumed_training_equals_an_uninterrupted_one_bit_for_bit(
    updates: int, weighting: str, folder: Path, tmp_path: Path
) -> None:
    recipe = changed(weighting=weighting, epochs=3)
    Training(recipe, folder, tmp_path / "whole").run()
    stop_after(Training(recipe, folder, tmp_path / "parts"), updates)
    open_run(tmp_path / "parts").run()
    assert same(weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts"))
    whole, parts = (read_events(tmp_path / name) for name in ("whole", "parts"))

    def facts(events: list[dict[str, Any]]) -> list[object]:
        keys = ("updates", "loss", "alpha", "beta", "teacher", "val_psnr")
        chosen = [event for event in events if event["kind"] in ("update", "validation")]
        return [[event.get(key) for key in keys] for event in chosen]

    assert facts(whole) == facts(parts)

    def table(name: str) -> list[dict[str, str]]:
        with (tmp_path / name / LOG).open(newline="") as file:
            return [{**row, "seconds": ""} for row in csv.DictReader(file)]

    assert len(table("whole")) == 3
    assert table("parts") == table("whole")  # means over all updates of an epoch, resumed or not


def test_pieces_of_any_length_give_the_whole_training(folder: Path, tmp_path: Path) -> None:
    Training(TINY, folder, tmp_path / "whole").run()
    for _ in range(4):
        Training(TINY, folder, tmp_path / "parts").run(most_updates=2)
    assert same(weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts"))


@pytest.mark.parametrize("method", ["mtmri", "linet", "segnetmri"])
@pytest.mark.parametrize("over", ["batch", "sample"])
def test_a_batch_in_parts_has_the_gradient_of_the_whole(
    method: str, over: str, cases: list[Case]
) -> None:
    # Dice over the batch is a ratio of sums, and LI-Net follows statistics of the batch.
    recipe = changed(
        method=method, dice_over=over, seg_loss="dice+ce", epochs=5, batch_size=4, slices_per_case=4
    )
    batch = TensorBatch.of(
        Simulator(cases, recipe).batch(plan_epoch(cases, recipe, 0)[:4], 0), torch.device("cpu")
    )
    fabric = Machine().fabric("float32")
    for span in spans_of(training_of(method), recipe):
        found = []
        for parts in (1, 2, 3, 4):
            network = make_network(recipe)
            if span.stage.begin is not None:
                with torch.no_grad():
                    span.stage.begin(network)
            objective = Objective(network, span, 1.0)
            module, optimizer = fabric.setup(objective, make_optimizer(objective))
            step = Step(fabric, module, optimizer, recipe)
            step.n_parts = parts
            cost = step(batch, StepContext(0, 0, 0.5, 0.5, 4), 1e-3)
            found.append((cost, dict(network.named_buffers())))
        for cost, buffers in found[1:]:
            assert cost == pytest.approx(found[0][0], rel=1e-4)
            for name, value in buffers.items():
                torch.testing.assert_close(value, found[0][1][name], rtol=1e-4, atol=1e-6)


def test_a_stop_file_stops_with_a_checkpoint_and_is_removed(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / STOP).touch()
    with pytest.raises(Stopped, match="update 1"):
        Training(TINY, folder, run).run()
    assert (run / LAST).is_file()
    assert not (run / STOP).exists()
    assert read_events(run)[-1]["kind"] == "stopped"


def test_a_damaged_checkpoint_is_replaced_by_the_previous_one(folder: Path, tmp_path: Path) -> None:
    Training(TINY, folder, tmp_path / "whole").run()
    training = Training(TINY, folder, tmp_path / "run", checkpoint_every_s=0)
    stop_after(training, 4)
    last = tmp_path / "run" / LAST
    last.write_bytes(last.read_bytes()[:100])
    Training(TINY, folder, tmp_path / "run").run()
    assert same(weights_of(tmp_path / "whole"), weights_of(tmp_path / "run"))
    warnings = [e["text"] for e in read_events(tmp_path / "run") if e["kind"] == "warning"]
    assert len(warnings) == 1
    assert "last.safetensors: not a checkpoint" in warnings[0]


def test_the_folder_of_another_training_is_refused(folder: Path, tmp_path: Path) -> None:
    Training(TINY, folder, tmp_path / "run").run(most_updates=1)
    with pytest.raises(InputError, match="another recipe"):
        Training(changed(recon_features=8), folder, tmp_path / "run").run()


def test_a_loss_that_is_not_finite_ends_the_training_with_a_message(
    folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with pytest.raises(ResourceError, match="grad_clip"):
        Training(changed(learning_rate=1e30, epochs=5), folder, run).run()
    events = read_events(run)
    assert events[-1]["kind"] == "failed"
    assert "learning_rate" in events[-1]["reason"]
    if (run / LAST).exists():
        assert all(bool(torch.isfinite(value).all()) for value in weights_of(run).values())


def test_a_full_disk_ends_the_training_with_a_reason(folder: Path, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    run = tmp_path / "run"
    run.mkdir()
    (run / EVENTS).symlink_to("/dev/full")
    with pytest.raises(ResourceError, match="free some space"):
        Training(TINY, folder, run).run()


def test_a_configuration_is_read_back_as_written(folder: Path, tmp_path: Path) -> None:
    Training(TINY, folder, tmp_path / "run", preset="cpu-size").run(most_updates=1)
    found = read_config(tmp_path / "run")
    assert found.recipe == changed(classes=1)
    assert (found.preset, found.data) == ("cpu-size", str(folder))
    assert dict(found.versions)["torch"] == torch.__version__
    assert read_config(tmp_path / "run" / CONFIG) == found


@pytest.mark.parametrize(
    "text", ["[1, 2]", "1: 2", "recipe: quick", "recipe: {1: 2}", "epochs: [", "preset: [a]", "\0"]
)
def test_a_file_that_is_not_a_configuration_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises((InputError, RequestError)):
        read_config(path)
    with pytest.raises(InputError, match="no such file"):
        read_config(tmp_path / "other.yaml")


def test_named_data_are_found_again(tmp_path: Path) -> None:
    recipe = changed(crop=None, n_simulated=(1, 1, 0), simulated_size=(32, 32))
    Training(recipe, "simulated", tmp_path / "run").run(most_updates=1)
    assert read_config(tmp_path / "run").data == "simulated"
    open_run(tmp_path / "run").run(most_updates=1)


def test_an_update_with_both_inputs_is_logged_as_neither(folder: Path, tmp_path: Path) -> None:
    Training(changed(teacher_forcing="per_sample"), folder, tmp_path / "run").run(most_updates=1)
    assert not [event for event in read_events(tmp_path / "run") if "teacher" in event]


def test_fine_tuning_starts_from_the_given_weights(folder: Path, tmp_path: Path) -> None:
    Training(TINY, folder, tmp_path / "first").run()
    weights = tmp_path / "first" / "weights" / "mtmri.safetensors"
    recipe = changed(start_from=str(weights), recon_features=7, learning_rate=1e-12)
    Training(recipe, folder, tmp_path / "second").run(most_updates=1)
    assert (
        read_config(tmp_path / "second").recipe.network.recon_features
        == TINY.network.recon_features
    )
    first, second = read_checkpoint(tmp_path / "first" / BEST)[0], weights_of(tmp_path / "second")
    for key in (key for key in first if key.startswith("network.")):
        torch.testing.assert_close(first[key].half().float(), second[key], rtol=1e-5, atol=1e-6)


def test_fine_tuning_resumes_without_its_initial_weights(folder: Path, tmp_path: Path) -> None:
    weights = save_tiny_weights(tmp_path / "weights") / "mtmri.safetensors"
    recipe = changed(start_from=str(weights))
    Training(recipe, folder, tmp_path / "whole").run()
    Training(recipe, folder, tmp_path / "parts").run(most_updates=2)
    shutil.rmtree(weights.parent)
    open_run(tmp_path / "parts").run()
    assert same(weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts"))


def test_a_folder_used_by_another_process_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_mtmri.train.folder.process.PATIENCE_S", 0.2)
    run = tmp_path / "run"
    Training(TINY, folder, run).run(most_updates=1)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with only_one(run), pytest.raises(RequestError, match=f"process {os.getpid()} on"):
        open_run(run).run()
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    open_run(run).run()
    assert read_events(run)[-1]["kind"] == "end"


def test_several_classes_are_trained_exported_and_run(folder: Path, tmp_path: Path) -> None:
    import nibabel as nib

    import napari_mtmri as mt

    for number in range(3):
        place = folder / f"{number}_mask.nii.gz"
        drawn = np.asarray(nib.load(place).dataobj).copy()
        drawn[2:5, 2:5] = 3
        drawn[10:14, 2:5] = 2
        nib.save(nib.Nifti1Image(drawn, np.eye(4)), place)
    run = tmp_path / "run"
    Training(changed(seg_loss="dice+ce", lesion_fraction=None), folder, run).run()
    assert read_config(run).recipe.data.classes == 3
    scan = mt.simulate(mt.open(folder / "2_image.nii.gz"), mt.Pattern("random", 4))
    result = mt.run(scan, "mtmri", weights=run / "weights")
    assert result.labels is not None
    assert set(np.unique(result.labels.data)) <= {0, 1, 2, 3}


def test_out_of_memory_splits_the_batch_with_the_same_result(cases: list[Case]) -> None:
    recipe = changed(dice_over="sample", batch_size=4)
    batch = TensorBatch.of(
        Simulator(cases, recipe).batch(plan_epoch(cases, recipe, 0)[:4], 0), torch.device("cpu")
    )
    fabric = Machine().fabric("float32")

    class Narrow(Objective):
        """Runs out of memory with more than ``most`` slices."""

        most = 4

        def forward(self, batch: TensorBatch, context: StepContext) -> dict[str, torch.Tensor]:
            if len(batch.position) > self.most:
                raise torch.OutOfMemoryError("no room")
            return super().forward(batch, context)

    def outcome(most: int) -> tuple[dict[str, float], int]:
        objective = Narrow(make_network(recipe), span_of(recipe), 1.0)
        objective.most = most
        module, optimizer = fabric.setup(objective, make_optimizer(objective))
        step = Step(fabric, module, optimizer, recipe)
        return step(batch, StepContext(0, 0, 0.5, 0.5, 4), 1e-3), step.n_parts

    whole, one = outcome(4)
    halves, two = outcome(2)
    singles, four = outcome(1)
    assert (one, two, four) == (1, 2, 4)
    assert halves == pytest.approx(whole, rel=1e-4)
    assert singles == pytest.approx(whole, rel=1e-4)
    with pytest.raises(ResourceError, match="one slice"):
        outcome(0)


def change_split(folder: Path) -> None:
    table = folder / "cases.csv"
    table.write_text(
        table.read_text().replace(",train", ",x", 1).replace(",val", ",train").replace(",x", ",val")
    )


def add_case(folder: Path) -> None:
    table = folder / "cases.csv"
    for kind in ("image", "mask"):
        shutil.copy(folder / f"0_{kind}.nii.gz", folder / f"9_{kind}.nii.gz")
    table.write_text(f"{table.read_text()}\np9,9_image.nii.gz,9_mask.nii.gz,train")


def remove_case(folder: Path) -> None:
    table = folder / "cases.csv"
    table.write_text(
        "\n".join(line for line in table.read_text().splitlines() if "p1," not in line)
    )


def replace_image(folder: Path) -> None:
    shutil.copy(folder / "0_image.nii.gz", folder / "1_image.nii.gz")


def replace_mask(folder: Path) -> None:
    import nibabel as nib

    mask = nib.load(folder / "1_mask.nii.gz")
    nib.save(
        nib.Nifti1Image(np.asarray(mask.dataobj)[::-1].copy(), mask.affine),
        folder / "1_mask.nii.gz",
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_split, r"case 'p0' has another split .*\(train, now val\)"),
        (add_case, "case 'p9' is new"),
        (remove_case, "case 'p1' is missing"),
        (replace_image, "case 'p1' has another image"),
        (replace_mask, "case 'p1' has other labels"),
    ],
)
def test_a_training_does_not_resume_with_other_data(
    change: Callable[[Path], None], said: str, folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    Training(TINY, folder, run).run(most_updates=1)
    split, weights = (run / SPLIT).read_bytes(), weights_of(run)
    change(folder)
    with pytest.raises(InputError, match=said):
        open_run(run).run()
    assert (run / SPLIT).read_bytes() == split
    assert same(weights_of(run), weights)


def test_a_training_does_not_resume_with_an_edited_recipe(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    Training(TINY, folder, run).run(most_updates=1)
    text = (run / CONFIG).read_text()
    (run / CONFIG).write_text(text.replace("batch_size: 2", "batch_size: 1"))
    with pytest.raises(InputError, match=r"was changed since .*\(batch_size\)"):
        open_run(run).run()
    (run / CONFIG).write_text(text)
    open_run(run).run()
