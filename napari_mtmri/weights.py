# SPDX-License-Identifier: BSD-3-Clause
"""Weights and their cards: finding, checking and saving the files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_mtmri.errors import WeightsError
from napari_mtmri.files import read_text, remove_leftovers, sha256, write_text, write_whole
from napari_mtmri.parameters import invalid_reason

if TYPE_CHECKING:
    import torch

    from napari_mtmri.volume import Volume

MOST_BYTES = 2 * 2**30
MOST_CARD_BYTES = 2**20
HASH_DIGITS = 16
NEXT = ".next"  # of files that are about to replace others


class Score(BaseModel):
    """One line of the scores on a card: mean over cases with its confidence interval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: str
    metric: str
    region: str
    acceleration: float
    n: int
    mean: float
    sd: float
    median: float
    low: float
    high: float


class Card(BaseModel):
    """Description of a weights file: training data, sampling, architecture, scores, licence.

    A JSON file next to the weights. ``sha256`` is the hash of the weights file, so that card
    and weights cannot be mixed up. ``temperature`` divides the logits, so that probabilities
    are calibrated (`napari_mtmri.metrics.calibration`). Connected parts of a mask smaller than
    ``smallest_part`` times the largest are removed from it. ``training_images`` are the first
    digits of the `napari_mtmri.volume.image_hash` of each training image, so that a score on
    one of them is recognized. ``n_parameters`` and ``gflop_per_slice`` are those of
    `napari_mtmri.networks.cost.Cost`; ``dice_ceiling`` is the Dice of the true validation
    labels after the method's auto-encoder, if it has one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    title: str
    size: str
    task: str
    labels: tuple[str, ...]
    data: str
    split: str
    n_cases: int
    n_updates: int
    n_slices_shown: int
    sampling: str
    pattern: str
    accelerations: tuple[float, ...]
    preprocessing: str
    architecture: dict[str, Any]
    temperature: float = Field(1.0, gt=0)
    smallest_part: float = Field(0.0, ge=0, lt=1)
    n_parameters: int | None = None
    gflop_per_slice: float | None = None
    dice_ceiling: float | None = None
    scores: tuple[Score, ...] = ()
    limits: str
    licence: str
    citation: str
    command: str
    training_images: tuple[str, ...] = ()
    code_version: str
    sha256: str = ""

    def text(self) -> str:
        """Return the card as text for the user."""
        lines = [f"{self.title}  ({self.size})", ""]
        for key in (
            "task", "labels", "data", "split", "n_cases", "n_updates", "n_slices_shown",
            "sampling", "preprocessing", "temperature", "limits", "licence", "citation", "command",
            "code_version", "sha256",
        ):  # fmt: skip
            value = getattr(self, key)
            shown = ", ".join(value) if isinstance(value, tuple) else value
            lines.append(f"{key.replace('_', ' '):<15} {shown}")
        if self.smallest_part:
            share = f"{100 * self.smallest_part:.0f} %"
            lines.append(
                f"{'masks':<15} parts smaller than {share} of the largest are removed, also if they "
                "are lesions"
            )
        if self.n_parameters is not None and self.gflop_per_slice is not None:
            cost = f"{self.gflop_per_slice:.1f} GFLOP per slice of 224 × 192"
            lines.append(f"{'cost':<15} {self.n_parameters:,} parameters, {cost}")
        if self.dice_ceiling is not None:
            lines.append(
                f"{'upper limit':<15} Dice {self.dice_ceiling:.3f}: the true validation labels "
                "after the auto-encoder"
            )
        lines.append("")
        for score in self.scores:
            lines.append(
                f"{score.split}, R {score.acceleration:g}, n = {score.n}: {score.metric} "
                f"({score.region}) {score.mean:.3f} ± {score.sd:.3f}, median {score.median:.3f}, "
                f"95 % interval {score.low:.3f} to {score.high:.3f}"
            )
        return "\n".join(lines)

    def was_trained_on(self, volume: Volume) -> bool:
        """Return whether an image is one of the training images."""
        known = self.training_images
        return bool(known) and volume.content_hash[:HASH_DIGITS] in known

    def misfit(self, pattern: str | None, acceleration: float) -> str | None:
        """Return a warning if the sampling differs from the training, else None.

        Parameters
        ----------
        pattern : str or None
            Name of the sampling pattern; None if unknown.
        acceleration : float
        """
        low, high = min(self.accelerations), max(self.accelerations)
        if not low <= acceleration <= high:
            return (
                f"{self.method}: trained for R {low:g} to {high:g}; at R {acceleration:.2f} "
                "the result may be wrong."
            )
        if pattern is not None and pattern != self.pattern:
            return (
                f"{self.method}: trained for the pattern {self.pattern!r}; with {pattern!r} "
                "the result may be wrong."
            )
        return None


def user_folder() -> Path:
    """Return the folder for the user's own weights; set ``MTMRI_WEIGHTS`` to change it."""
    import platformdirs

    given = os.environ.get("MTMRI_WEIGHTS")
    return Path(given) if given else Path(platformdirs.user_data_dir("napari-mtmri")) / "weights"


def find_weights(name: str, given: Path | None = None) -> Path:
    """Return the weights file of a method.

    Parameters
    ----------
    name : str
        Name of the method.
    given : Path, optional
        Weights file, or folder with ``<name>.safetensors``. Default: the user's folder, then
        the weights that ship with the package.

    Raises
    ------
    WeightsError
        If there is no such file.
    """
    file = f"{name}.safetensors"
    package = Path(str(files("napari_mtmri.weight_files")))
    if given is not None and not given.is_dir():
        places = [given]
    elif given is not None:
        places = [given / file]
    else:
        places = [user_folder() / file, package / file]
    for place in places:
        if place.is_file():
            return place
    raise WeightsError(
        f"{name}: no weights found at {', '.join(str(place) for place in places)}; "
        "give a file with `weights`, or train the method."
    )


def own_weights(given: str | Path) -> Path:
    """Return the path of weights given by path, or by name in the user's folder.

    Parameters
    ----------
    given : str or Path
        File or folder; or the name of exported weights, such as "mtmri-training".
    """
    path = Path(given).expanduser()
    named = user_folder() / f"{given}.safetensors"
    return named if not path.exists() and named.is_file() else path


def list_weights(method: str) -> list[Path]:
    """Return the weights files for a method in the user's folder, newest first."""
    found = []
    for path in user_folder().glob("*.safetensors"):
        try:
            if read_card(path).method == method:
                found.append(path)
        except WeightsError:
            continue
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def read_card(weights: Path) -> Card:
    """Return the card of a weights file.

    Raises
    ------
    WeightsError
        If the card is missing or damaged.
    """
    return _read_card(weights.with_suffix(".json"), weights)


def _read_card(path: Path, weights: Path) -> Card:
    try:
        if not path.is_file() or path.stat().st_size > MOST_CARD_BYTES:
            raise OSError("no file of reasonable size")
        return Card(**json.loads(read_text(path)))
    except (OSError, ValueError, TypeError, RecursionError, ValidationError) as why:
        raise WeightsError(
            f"{weights}: the card {path.name} is missing or damaged ({invalid_reason(why)}); "
            "keep weights and card together."
        ) from why


def load_weights(path: Path, name: str) -> tuple[dict[str, torch.Tensor], Card]:
    """Return the tensors and card of a weights file, checked.

    Parameters
    ----------
    path : Path
        A safetensors file with its card next to it.
    name : str
        Name of the method.

    Returns
    -------
    dict of str to Tensor
        Parameters by name, float32.
    Card

    Raises
    ------
    WeightsError
        If the file is damaged or too large, has NaN weights, was made for another method, or
        does not match its card.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    card, found = read_card(path), sha256(path)
    if card.sha256 != found and _next_card(path).is_file():  # killed while it was replaced
        new = _read_card(_next_card(path), path)
        if new.sha256 == found:
            os.replace(_next_card(path), path.with_suffix(".json"))
            card = new
    if card.method != name:
        raise WeightsError(
            f"{path}: made for {card.method!r}, not for {name!r}; choose another file."
        )
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise WeightsError(
            f"{path}: {size} bytes are more than the {MOST_BYTES} allowed; choose another file."
        )
    if card.sha256 != found:
        raise WeightsError(
            f"{path}: SHA-256 {found[:12]}… is not the {card.sha256[:12]}… of its card; "
            "the file is damaged or belongs to another card; copy both again."
        )
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError, ValueError) as why:
        raise WeightsError(f"{path}: not a safetensors file ({why}); choose another file.") from why
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        raise WeightsError(f"{path}: has NaN or infinite weights; train again or choose another.")
    return {key: value.float() for key, value in tensors.items()}, card


def save_weights(path: Path, tensors: Mapping[str, torch.Tensor], card: Card) -> Card:
    """Write weights as float16, with their card next to them.

    Parameters
    ----------
    path : Path
        Ends in ``.safetensors``; the card gets the same name with ``.json``.
    tensors : mapping of str to Tensor
        Parameters by name, any floating dtype and device.
    card : Card

    Returns
    -------
    Card
        With the hash of the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent, path.stem)
    halves = {key: value.detach().cpu().half().contiguous() for key, value in tensors.items()}
    new, card_path = path.with_name(f"{path.name}{NEXT}"), path.with_suffix(".json")
    write_whole(new, lambda file: save_tensors(file, halves))
    card = card.model_copy(update={"sha256": sha256(new)})
    text = card.model_dump_json(indent=1)
    write_text(_next_card(path), text)
    # Killed here, the old pair is still whole; killed between the next two lines,
    # `load_weights` finds the card of the new weights under its temporary name.
    os.replace(new, path)
    os.replace(_next_card(path), card_path)
    return card


def save_tensors(
    file: Path, tensors: Mapping[str, torch.Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file.

    Raises
    ------
    OSError
        If it cannot be written; the library has an error class of its own for a full disk.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(dict(tensors), file, metadata=metadata)
    except SafetensorError as why:
        raise OSError(str(why)) from why


def _next_card(path: Path) -> Path:
    """Return the temporary name of the card of weights that are being replaced."""
    return path.with_name(f"{path.stem}.json{NEXT}")
