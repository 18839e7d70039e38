# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from napari_mtmri import Pattern, Volume, run, simulate
from napari_mtmri.errors import ResourceError, WeightsError
from napari_mtmri.networks.base import build
from napari_mtmri.verbs import load_method
from napari_mtmri.weights import (
    find_weights,
    list_weights,
    load_weights,
    read_card,
    save_weights,
)
from tests.tiny import ARCHITECTURES, card_of, head_volume, save_tiny_weights


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny_weights(tmp_path / "weights")


def test_weights_come_back_as_they_were_in_half_precision(tmp_path: Path) -> None:
    network = build(ARCHITECTURES["d5c5"], 3)
    card = save_weights(tmp_path / "d5c5.safetensors", network.state_dict(), card_of("d5c5"))
    tensors, again = load_weights(tmp_path / "d5c5.safetensors", "d5c5")
    assert again == card
    for name, value in network.state_dict().items():
        assert torch.equal(tensors[name], value.half().float())


def test_a_file_for_another_method_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(WeightsError, match=r"made for 'd5c5', not for 'mtmri'"):
        load_weights(folder / "d5c5.safetensors", "mtmri")


@pytest.mark.parametrize("spoil", ["truncate", "change", "replace"])
def test_a_damaged_file_is_refused(folder: Path, spoil: str) -> None:
    path = folder / "d5c5.safetensors"
    whole = path.read_bytes()
    changed = {
        "truncate": whole[:-7],
        "change": whole[:-1] + bytes([whole[-1] ^ 1]),
        "replace": b"\x80\x04pickle",
    }[spoil]
    path.write_bytes(changed)
    with pytest.raises(WeightsError, match="SHA-256"):
        load_weights(path, "d5c5")


def test_a_missing_or_broken_card_is_refused(folder: Path) -> None:
    card = folder / "d5c5.json"
    card.write_text("{}")
    with pytest.raises(WeightsError, match="card"):
        load_weights(folder / "d5c5.safetensors", "d5c5")
    card.unlink()
    with pytest.raises(WeightsError, match="card"):
        load_weights(folder / "d5c5.safetensors", "d5c5")


def test_the_user_s_folder_comes_before_the_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTMRI_WEIGHTS", str(folder))
    assert find_weights("mtmri") == folder / "mtmri.safetensors"


def test_absent_weights_say_where_they_were_looked_for(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no-such"):
        find_weights("no-such")
    with pytest.raises(WeightsError, match=r"nowhere\.safetensors"):
        find_weights("mtmri", tmp_path / "nowhere.safetensors")


def test_no_tensor_outside_float16_range_is_lost(tmp_path: Path) -> None:
    tensors = {"a": torch.tensor([1e-3, 100.0])}
    save_weights(tmp_path / "d5c5.safetensors", tensors, card_of("d5c5"))
    loaded, _ = load_weights(tmp_path / "d5c5.safetensors", "d5c5")
    assert torch.allclose(loaded["a"], tensors["a"], rtol=1e-3)


@pytest.mark.parametrize(
    ("pattern", "acceleration", "said"),
    [("random", 4, None), ("random", 8, None), ("random", 12, "R 12"), ("radial", 4, "radial")],
)
def test_sampling_far_from_the_training_is_said(
    pattern: str, acceleration: float, said: str | None
) -> None:
    line = card_of("mtmri").misfit(pattern, acceleration)
    assert (line is None) if said is None else (said in line)


def test_the_card_reads_as_text() -> None:
    text = card_of("mtmri", limits="no clinical use").text()
    assert "no clinical use" in text
    assert "sha256" in text


@pytest.mark.parametrize(
    "change",
    [
        {"reconstruction": {"cascades": 10**7, "convolutions": 3, "features": 4}},
        {"reconstruction": {"cascades": 3, "convolutions": 3, "features": 4}},
        {"reconstruction": {"cascades": 2, "convolutions": 3, "features": 8}},
        {"reconstruction": {"cascades": "two", "convolutions": 3, "features": 4}},
        {"reconstruction": {"layers": 3}},
        {"reconstruction": {"cascades": -1, "convolutions": 3, "features": 4}},
        {"reconstruction": {"cascades": 2, "convolutions": 3, "features": 0}},
        {"kind": "cubist"},
        {},
    ],
)
def test_a_card_of_another_network_is_refused_at_once(
    change: dict[str, object], folder: Path
) -> None:
    path = folder / "d5c5.safetensors"
    card = read_card(path).model_dump()
    card["architecture"] = change and {**card["architecture"], **change}
    path.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(WeightsError, match="its card describes another network"):
        load_method("d5c5", weights=folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(value: float, tmp_path: Path) -> None:
    tensors = build(ARCHITECTURES["d5c5"]).state_dict()
    next(iter(tensors.values())).fill_(value)
    save_weights(tmp_path / "d5c5.safetensors", tensors, card_of("d5c5"))
    with pytest.raises(WeightsError, match="NaN or infinite"):
        load_weights(tmp_path / "d5c5.safetensors", "d5c5")


@pytest.mark.parametrize("text", ["[" * 100_000, "1", "[]", '"x"', "{" + " " * 2**20 + "}"])
def test_one_bad_card_does_not_hide_the_others(
    text: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTMRI_WEIGHTS", str(folder))
    (folder / "other.safetensors").write_bytes(b"x")
    (folder / "other.json").write_text(text)
    assert [path.stem for path in list_weights("d5c5")] == ["d5c5"]


def test_replaced_weights_are_used_with_their_own_card(folder: Path) -> None:
    path = folder / "d5c5.safetensors"
    before = load_method("d5c5", weights=folder)
    network = build(ARCHITECTURES["d5c5"], seed=99)
    save_weights(path, network.state_dict(), card_of("d5c5", title="another"))
    after = load_method("d5c5", weights=folder)
    assert after.cards[0].title == "another"
    scan = simulate(head_volume(), Pattern("random", 2))
    one, other = (method.run(scan, [0]).image for method in (before, after))
    assert not np.allclose(one, other)


def test_a_score_on_a_training_image_is_marked(folder: Path) -> None:
    volume = head_volume()
    path = folder / "d5c5.safetensors"
    known = (volume.content_hash[:16],)
    card = read_card(path).model_copy(update={"training_images": known})
    path.with_suffix(".json").write_text(card.model_dump_json())
    turned = Volume(np.ascontiguousarray(volume.data[::-1].transpose(1, 0, 2)), volume.affine)
    for image, is_known in ((volume, True), (turned, True), (head_volume(seed=5), False)):
        result = run(simulate(image, Pattern("random", 2)), "d5c5", weights=folder)
        assert any("one of the training images" in line for line in result.warnings) == is_known


@pytest.mark.parametrize("step", range(6))
def test_weights_killed_while_they_are_replaced_are_the_old_or_the_new_pair(
    step: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "d5c5.safetensors"
    before = read_card(path)
    new = build(ARCHITECTURES["d5c5"], seed=99).state_dict()
    calls = []
    replace = os.replace

    def killed(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) > step:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", killed)
        with suppress(KeyboardInterrupt):
            save_weights(path, new, card_of("d5c5", title="new"))
    tensors, card = load_weights(path, "d5c5")
    assert card.title in (before.title, "new")
    is_new = all(torch.equal(tensors[name], new[name].half().float()) for name in new)
    assert is_new == (card.title == "new")
    save_weights(path, new, card_of("d5c5", title="again"))
    assert load_weights(path, "d5c5")[1].title == "again"
    assert not list(folder.glob("*.next"))


def test_a_full_disk_names_the_file_of_the_weights(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(ResourceError, match=r"d5c5.*No space left"):
        save_weights(folder / "d5c5.safetensors", {}, card_of("d5c5"))
    load_weights(folder / "d5c5.safetensors", "d5c5")
