# SPDX-License-Identifier: BSD-3-Clause
"""The zoo lists every method, and makes weights again from their cards alone."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import pytest

from napari_mtmri.cli.zoo import _in_order, command_config
from napari_mtmri.errors import InputError
from napari_mtmri.methods.base import METHODS
from napari_mtmri.weights import find_weights, load_weights, read_card
from tests.cli.conftest import Shell
from tests.tiny import card_of, save_tiny_weights

COMMAND = (
    "napari-mtmri train --preset quick-check --data elsewhere --out run method=d5c5 epochs=1 "
    "recon_cascades=1 recon_convs=2 recon_features=2 n_simulated='[2, 1, 0]' "
    "simulated_size='[32, 32]'"
)


@pytest.fixture
def own_weights(sh: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights of the user whose card has a command that takes seconds."""
    pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
    folder = save_tiny_weights(tmp_path / "mine")
    monkeypatch.setenv("MTMRI_WEIGHTS", str(folder))
    card = folder / "d5c5.json"
    facts = {**json.loads(card.read_text()), "command": COMMAND, "licence": "that of the test"}
    card.write_text(json.dumps(facts))
    return folder


def test_every_method_is_listed_with_what_its_weights_are(sh: Shell) -> None:
    done = sh("zoo", "--json")
    found = {one["name"]: one for one in json.loads(done.out)}
    assert set(found) == set(METHODS.names())
    path = find_weights("mtmri")
    assert found["mtmri"]["megabytes"] == pytest.approx(path.stat().st_size / 1e6)
    assert found["mtmri"]["n_parameters"] == read_card(path).n_parameters
    assert found["zero-filled"]["weights"] == "needs none"
    assert (found["two-stage"]["sizes"], found["zero-filled"]["sizes"]) == (["tiny"], [])
    table = sh("zoo")
    assert "two-stage" in table.out
    assert "different size" not in table.err


def test_scores_of_weights_of_different_size_are_not_left_to_speak(
    own_weights: Path, sh: Shell
) -> None:
    card = own_weights / "d5c5.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "size": "CPU size"}))
    assert "different size" in sh("zoo").err


def test_weights_are_made_again_by_the_command_of_their_card_and_kept(
    own_weights: Path, sh: Shell, tmp_path: Path
) -> None:
    out = tmp_path / "again"
    words = ("zoo", "train", "d5c5", "--data", "simulated", "--out", str(out))
    assert sh(*words).status == 0
    tensors, card = load_weights(out / "d5c5.safetensors", "d5c5")
    assert tensors
    assert (card.command, card.licence, card.n_updates > 0) == (COMMAND, "that of the test", True)
    assert card.scores == ()
    before = (out / "d5c5.safetensors").stat().st_mtime_ns
    again = sh(*words)
    assert again.status == 0
    assert "kept" in again.err
    assert (out / "d5c5.safetensors").stat().st_mtime_ns == before
    (out / "d5c5.safetensors").unlink()  # the training is finished: only the export is left
    assert sh(*words).status == 0
    assert load_weights(out / "d5c5.safetensors", "d5c5")[1].n_updates == card.n_updates


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("zoo", "list"), "zoo train NAME"),
        (("zoo", "train"), "zoo train NAME"),
        (("zoo", "train", "d5c5", "--all"), "zoo train NAME"),
        (("zoo", "train", "d5c5"), "--data"),
        (("zoo", "train", "zero-filled", "--data", "x", "--out", "y"), "needs no weights"),
        (("zoo", "train", "nothing", "--data", "x", "--out", "y"), "nothing"),
    ],
)
def test_wrong_words_are_refused(words: tuple[str, ...], message: str, sh: Shell) -> None:
    done = sh(*words)
    assert done.status == 2
    assert message in done.err


def test_weights_come_after_those_that_they_start_from() -> None:
    command = "napari-mtmri train start_from=d5c5+unet-full-sample epochs=1"
    joint = card_of("mtmri", command=command)
    for others in permutations([card_of("unet-full-sample"), card_of("d5c5")]):
        assert _in_order([joint, *others])[-1] is joint


def test_new_weights_replace_those_of_the_same_name_as_initial_weights(tmp_path: Path) -> None:
    save_tiny_weights(tmp_path)
    card = card_of("mtmri", command="napari-mtmri train --preset fine-tune start_from=mtmri")
    config = command_config(card, "cases", tmp_path)
    assert config.recipe["start_from"] == str(tmp_path / "mtmri.safetensors")
    assert config.data == "cases"
    joint = card_of("mtmri", command="napari-mtmri train start_from=d5c5+unet-full-sample")
    (tmp_path / "unet-full-sample.safetensors").unlink()
    config = command_config(joint, "cases", tmp_path)
    assert config.recipe["start_from"] == f"{tmp_path / 'd5c5.safetensors'}+unet-full-sample"


@pytest.mark.parametrize("command", ["make weights", "napari-mtmri train own.yaml --out run"])
def test_a_command_that_cannot_be_repeated_is_named(command: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="recipe of your own"):
        command_config(card_of("d5c5", command=command), "cases", tmp_path)
