# SPDX-License-Identifier: BSD-3-Clause
"""Laws of every trainable method, including one of another package."""

from __future__ import annotations

import ast
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import napari_mtmri as mt
from napari_mtmri.errors import RequestError, Stopped
from napari_mtmri.methods.base import METHODS, trainable, training_of
from napari_mtmri.methods.training import spans_of
from napari_mtmri.networks.base import build
from napari_mtmri.networks.cost import count_parameters
from napari_mtmri.networks.losses import TensorBatch
from napari_mtmri.train.data.batches import Simulator, plan_epoch
from napari_mtmri.train.data.cases import Case
from napari_mtmri.train.export.weights import export
from napari_mtmri.train.folder.checkpoint import read_checkpoint
from napari_mtmri.train.folder.layout import LAST, LOG, read_config, read_events
from napari_mtmri.train.loop.hardware import Machine
from napari_mtmri.train.loop.objective import Objective, StepContext, make_network
from napari_mtmri.train.presets import make_recipe
from napari_mtmri.train.recipe import KEYS, Recipe
from napari_mtmri.weights import load_weights, read_card
from tests.train.heads import changed

pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
from napari_mtmri.train.loop.step import Step, make_optimizer
from napari_mtmri.train.loop.training import Training, open_run

CODE = Path(mt.__file__).parent
MEMBERS = (*trainable(), "refine")  # the last is the dummy package's
EPOCHS, PER_EPOCH = 3, 3


def recipe_of(method: str, **keys: object) -> Recipe:
    return changed(method=method, epochs=EPOCHS, **keys)


# tests/train/loop tests every update of a training with one stage.
EVERY_UPDATE = ("two-stage", "refine")


def stops_of(method: str) -> list[int]:
    """Updates after which a training is stopped: at the border of each stage, and after it."""
    if method in EVERY_UPDATE:
        return list(range(1, EPOCHS * PER_EPOCH))
    spans = spans_of(training_of(method), recipe_of(method))
    borders = [span.first * PER_EPOCH for span in spans[1:]]
    return [4] if not borders else [update for at in borders for update in (at, at + 1)]


def has_stages(method: str) -> bool:
    return method == "refine" or len(training_of(method).stages(recipe_of(method))) > 1


STOPS = [(method, updates) for method in MEMBERS for updates in stops_of(method)]
STAGED = [method for method in MEMBERS if has_stages(method)]


@pytest.fixture(autouse=True)
def _with_the_rival(dummy_package: Path) -> None:
    """Also trainings of the dummy package's method."""


def tensors_of(run: Path) -> dict[str, torch.Tensor]:
    return read_checkpoint(run / LAST)[0]


def facts_of(run: Path) -> list[dict[str, Any]]:
    """Events of updates and validations, without times."""
    return [
        {key: value for key, value in event.items() if key not in ("time", "seconds")}
        for event in read_events(run)
        if event["kind"] in ("update", "validation")
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of uninterrupted trainings, made on first use."""
    return {"": tmp_path_factory.mktemp("whole")}


@pytest.fixture
def trained(method: str, whole: dict[str, Path], tmp_path: Path) -> Path:
    from tests.train.heads import write_cases

    if method not in whole:
        cases = whole[""] / "cases"
        if not cases.exists():
            write_cases(cases, ["train", "train", "val"])
        Training(recipe_of(method), cases, whole[""] / method).run()
        whole[method] = whole[""] / method
    return whole[method]


@pytest.mark.parametrize("method", MEMBERS)
def test_a_method_is_trained_to_the_end_and_each_stage_is_named(method: str, trained: Path) -> None:
    events = read_events(trained)
    assert (events[0]["kind"], events[-1]["kind"]) == ("start", "end")
    updates = [event for event in events if event["kind"] == "update"]
    assert len(updates) == EPOCHS * PER_EPOCH
    spans = spans_of(training_of(method), recipe_of(method))
    for span in spans:
        own = updates[span.first * PER_EPOCH : span.last * PER_EPOCH]
        name = span.stage.name if len(spans) > 1 else None
        assert {event.get("stage") for event in own} == {name}
        assert all(np.isfinite(event["loss"]) for event in own)


@pytest.mark.parametrize(("method", "updates"), STOPS)
def test_a_stop_in_or_between_stages_changes_nothing_bit_for_bit(
    method: str, updates: int, trained: Path, tmp_path: Path
) -> None:
    run = tmp_path / "parts"
    training = Training(recipe_of(method), trained.parent / "cases", run)

    def stop(event: dict[str, Any]) -> None:
        training.stop_asked |= event["kind"] == "update" and event["updates"] == updates

    with pytest.raises(Stopped, match=f"update {updates}"):
        training.run(stop)
    torch.manual_seed(updates)  # another process has another state
    open_run(run).run(most_updates=1)
    open_run(run).run()
    one, other = tensors_of(trained), tensors_of(run)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert facts_of(run) == facts_of(trained)


class Killed(Exception):
    """The process ends here."""


@pytest.mark.parametrize("epoch", range(EPOCHS - 1))
@pytest.mark.parametrize("method", STAGED)
def test_a_kill_right_after_an_epoch_changes_nothing_bit_for_bit(
    method: str, epoch: int, trained: Path, tmp_path: Path
) -> None:
    run, kinds = tmp_path / "parts", []

    def kill(event: dict[str, Any]) -> None:
        kinds.append(event["kind"])
        if kinds.count("validation") == epoch + 1 and event["kind"] == "checkpoint":
            raise Killed

    with pytest.raises(Killed):
        Training(recipe_of(method), trained.parent / "cases", run).run(kill)
    open_run(run).run()
    one, other = tensors_of(trained), tensors_of(run)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert facts_of(run) == facts_of(trained)


@pytest.mark.parametrize("method", MEMBERS)
def test_the_parameters_of_a_stage_and_no_others_get_a_gradient(
    method: str, cases: list[Case]
) -> None:
    recipe = recipe_of(method)
    batch = TensorBatch.of(
        Simulator(cases, recipe).batch(plan_epoch(cases, recipe, 0)[:2], 0), torch.device("cpu")
    )
    network, fabric = make_network(recipe), Machine().fabric("float32")
    for span in spans_of(training_of(method), recipe):
        before = {name: value.clone() for name, value in network.state_dict().items()}
        objective = Objective(network, span, 1.0)
        step = Step(fabric, *fabric.setup(objective, make_optimizer(objective)), span.recipe)
        step(batch, StepContext(1, 0, 0.5, 0.5, 2), 1e-2)
        for name, parameter in network.named_parameters():
            is_trained = span.stage.is_trained(name)
            assert is_trained or parameter.grad is None
            assert is_trained or torch.equal(before[name], parameter)
            assert not is_trained or (parameter.grad is not None and parameter.grad.any()), name
        changed_ones = [k for k, v in network.state_dict().items() if not torch.equal(before[k], v)]
        assert changed_ones


@pytest.mark.parametrize("method", MEMBERS)
def test_a_slice_alone_gives_the_same_as_in_a_batch(method: str, cases: list[Case]) -> None:
    recipe = recipe_of(method)
    batch = TensorBatch.of(
        Simulator(cases, recipe).batch(plan_epoch(cases, recipe, 0)[:3], 0), torch.device("cpu")
    )
    network = make_network(recipe).eval()
    truth = batch.truth if METHODS.get(method).is_full_sample else None
    with torch.inference_mode():
        together = network(batch.kspace, batch.mask, None, truth, None)
        alone = network(
            batch.kspace[1:2], batch.mask[1:2], None, None if truth is None else truth[1:2], None
        )
    for many, one in zip(together, alone, strict=True):
        assert (many is None) == (one is None)
        if many is not None:
            torch.testing.assert_close(one[0], many[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", MEMBERS)
def test_the_card_builds_the_network_and_it_runs(
    method: str, trained: Path, tmp_path: Path
) -> None:
    place = tmp_path / f"{method}.safetensors"
    card = export(trained, place, checkpoint="last")
    assert card == read_card(place)
    assert card.method == method
    tensors, _ = load_weights(place, method)
    network = build(json.loads(card.model_dump_json())["architecture"])
    network.load_state_dict(tensors)
    assert card.n_parameters == count_parameters(network)
    assert f"{card.n_parameters:,} parameters, {card.gflop_per_slice:.1f} GFLOP" in card.text()
    assert (card.dice_ceiling is not None) == hasattr(network, "autoencode")
    assert ("upper limit" in card.text()) == hasattr(network, "autoencode")
    last = tensors_of(trained)
    for name, value in tensors.items():
        assert torch.equal(value, last[f"network.{name}"].half().float())
    volume = mt.open(trained.parent / "cases" / "2_image.nii.gz")
    result = mt.run(mt.simulate(volume, mt.Pattern("random", 4)), method, weights=place)
    member = METHODS.get(method)
    assert (result.reconstruction is not None) == ("image" in member.gives)
    assert (result.labels is not None) == ("segmentation" in member.gives)


@pytest.mark.parametrize("method", MEMBERS)
def test_every_option_has_a_description_and_a_unique_name(method: str) -> None:
    fields = training_of(method).options.model_fields
    assert all(field.description for field in fields.values())
    assert not set(fields) & set(KEYS)


def test_options_are_validated_with_or_without_their_section() -> None:
    keys = {"method": "refine", "filters": 5}
    assert make_recipe(None, keys).options == {"filters": 5, "edge_weight": 0.5}
    dotted = make_recipe(None, {"method": "refine", "options.filters": 5})
    assert dotted == make_recipe(None, keys) == Recipe(**make_recipe(None, keys).flat())
    assert dotted["filters"] == 5
    with pytest.raises(RequestError, match=r"'filtres'; the nearest are: filters"):
        make_recipe(None, {"method": "refine", "filtres": 5})
    with pytest.raises(RequestError, match=r"filters = 0: it must be at least 1"):
        make_recipe(None, {"method": "refine", "filters": 0})
    with pytest.raises(RequestError, match="there is no key 'filters'"):
        make_recipe(None, {"method": "mtmri", "filters": 5})


def test_an_untrainable_method_is_refused_with_the_trainable_ones() -> None:
    with pytest.raises(RequestError, match=r"zero-filled.*choose one of mtmri, d5c5, .*refine"):
        make_recipe(None, {"method": "zero-filled"})
    with pytest.raises(RequestError, match="nothing-known"):
        make_recipe(None, {"method": "nothing-known"})


@pytest.mark.parametrize(("epochs", "ends"), [(2, [1, 2]), (3, [2, 3]), (6, [4, 6]), (7, [5, 7])])
def test_stages_share_the_epochs_and_each_has_at_least_one(epochs: int, ends: list[int]) -> None:
    spans = spans_of(training_of("refine"), recipe_of("refine").changed({"epochs": epochs}))
    assert [span.last for span in spans] == ends
    assert [span.recipe.optimizer.epochs for span in spans] == [ends[0], ends[1] - ends[0]]


def test_fewer_epochs_than_stages_are_refused_and_nothing_is_written(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match="epochs = 1: refine is trained in 2 stages"):
        Training(recipe_of("refine").changed({"epochs": 1}), folder, tmp_path / "run").run()
    assert not (tmp_path / "run").exists()


def test_each_stage_has_a_complete_schedule_of_the_learning_rate(
    trained_rates: list[float],
) -> None:
    first, second = trained_rates[: 3 * PER_EPOCH], trained_rates[3 * PER_EPOCH :]
    assert first[0] == second[0] == max(trained_rates)
    assert first == sorted(first, reverse=True)
    assert second == sorted(second, reverse=True)
    assert second[0] > first[-1]


@pytest.fixture
def trained_rates(folder: Path, tmp_path: Path) -> list[float]:
    recipe = recipe_of("refine", schedule="cosine").changed({"epochs": 4})
    Training(recipe, folder, tmp_path / "cosine").run()
    events = read_events(tmp_path / "cosine")
    return [event["lr"] for event in events if event["kind"] == "update"]


def test_losses_have_the_names_given_by_the_method(whole: dict[str, Path], folder: Path, tmp_path: Path) -> None:  # fmt: skip
    Training(recipe_of("refine"), folder, tmp_path / "run").run()
    updates = [event for event in read_events(tmp_path / "run") if event["kind"] == "update"]
    for event in updates[: 2 * PER_EPOCH]:
        assert event["loss"] == pytest.approx(event["pixel_loss"] + event["edge_loss"])
    for event in updates[2 * PER_EPOCH :]:
        assert event["loss"] == event["entropy_loss"]
    for event in updates:
        assert not {"alpha", "beta", "teacher", "recon_loss", "seg_loss"} & set(event)
    with (tmp_path / "run" / LOG).open(newline="") as file:
        rows = list(csv.DictReader(file))
    first = [event["pixel_loss"] for event in updates[:PER_EPOCH]]
    assert float(rows[0]["pixel_loss"]) == pytest.approx(np.mean(first))
    assert rows[-1]["entropy_loss"]
    assert not rows[-1]["pixel_loss"]


def test_the_best_checkpoint_is_chosen_within_the_last_stage(whole: dict[str, Path], folder: Path, tmp_path: Path) -> None:  # fmt: skip
    Training(recipe_of("two-stage"), folder, tmp_path / "run").run()
    checks = [event for event in read_events(tmp_path / "run") if event["kind"] == "validation"]
    assert [event["score"] for event in checks[:2]] == [event["val_psnr"] for event in checks[:2]]
    assert checks[2]["score"] == checks[2]["val_dice_truth"]
    assert checks[2]["best"]


def test_two_stage_uses_weights_trained_separately_or_as_a_whole(
    whole: dict[str, Path], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = METHODS.get("two-stage")
    assert own.weights_at(tmp_path) == ("d5c5", "unet-full-sample")
    Training(recipe_of("two-stage"), folder, tmp_path / "run").run()
    monkeypatch.setenv("MTMRI_WEIGHTS", str(tmp_path / "run" / "weights"))
    assert own.weights_at(None) == ("two-stage",)
    assert own.weights_at(tmp_path / "run" / "weights" / "two-stage.safetensors") == ("two-stage",)
    result = mt.run(
        mt.simulate(mt.open(folder / "2_image.nii.gz"), mt.Pattern("random", 4)), "two-stage"
    )
    assert [card["method"] for card in result.provenance["weights"]] == ["two-stage"]


def test_a_configuration_of_another_package_s_method_is_read_back(
    folder: Path, tmp_path: Path
) -> None:
    recipe = recipe_of("refine", filters=4)
    Training(recipe, folder, tmp_path / "run").run(most_updates=1)
    assert read_config(tmp_path / "run").recipe.options == {"filters": 4, "edge_weight": 0.5}


FREE = ("train", "study", "gui", "cli", "weights.py")
PRINTED = "study/paper.py"  # the numbers that the paper prints, by its rows: data, not a choice


def test_no_method_is_named_outside_of_its_own_files() -> None:
    names = set(trainable())
    files = [
        file
        for place in FREE
        for file in ([CODE / place] if place.endswith(".py") else sorted((CODE / place).rglob("*.py")))
    ]  # fmt: skip
    found = {
        (file.relative_to(CODE).as_posix(), node.value)
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    }
    found = {(file, name) for file, name in found if file != PRINTED}
    assert not found
