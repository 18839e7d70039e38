# SPDX-License-Identifier: BSD-3-Clause
"""Weights and their cards: where they lie, what they promise, what is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_mtmri.errors import WeightsError
from napari_mtmri.files import sha256, write_whole

if TYPE_CHECKING:
    import torch

MOST_BYTES = 2 * 2**30


class Score(BaseModel):
    """One line of a card's scores: a mean over cases with its interval."""

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
    """What some weights are, were made from and can do; JSON beside the weights.

    ``sha256`` is that of the weights file, so that card and weights cannot be mixed up.
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
    scores: tuple[Score, ...] = ()
    limits: str
    licence: str
    citation: str
    command: str
    code_version: str
    sha256: str = ""

    def text(self) -> str:
        """Return the card for reading."""
        lines = [f"{self.title}  ({self.size})", ""]
        for key in (
            "task", "labels", "data", "split", "n_cases", "n_updates", "n_slices_shown",
            "sampling", "preprocessing", "limits", "licence", "citation", "command",
            "code_version", "sha256",
        ):  # fmt: skip
            value = getattr(self, key)
            shown = ", ".join(value) if isinstance(value, tuple) else value
            lines.append(f"{key.replace('_', ' '):<15} {shown}")
        lines.append("")
        for score in self.scores:
            lines.append(
                f"{score.split}, R {score.acceleration:g}, n = {score.n}: {score.metric} "
                f"({score.region}) {score.mean:.3f} ± {score.sd:.3f}, median {score.median:.3f}, "
                f"95 % interval {score.low:.3f} to {score.high:.3f}"
            )
        return "\n".join(lines)

    def misfit(self, pattern: str | None, acceleration: float) -> str | None:
        """Return one line if the sampling is far from what the weights were trained for."""
        low, high = min(self.accelerations), max(self.accelerations)
        if not low <= acceleration <= high:
            return (
                f"{self.method}: trained for R {low:g} to {high:g}; at R {acceleration:.2f} "
                "its result may be wrong."
            )
        if pattern is not None and pattern != self.pattern:
            return (
                f"{self.method}: trained for the pattern {self.pattern!r}; with {pattern!r} "
                "its result may be wrong."
            )
        return None


def user_folder() -> Path:
    """Return the folder of the user's own weights (``MTMRI_WEIGHTS`` names another)."""
    import platformdirs

    given = os.environ.get("MTMRI_WEIGHTS")
    return Path(given) if given else Path(platformdirs.user_data_dir("napari-mtmri")) / "weights"


def find_weights(name: str, given: Path | None = None) -> Path:
    """Return the file of the weights called ``name``.

    Parameters
    ----------
    name : str
        Of the method.
    given : Path, optional
        A file, or a folder with ``<name>.safetensors``; else the user's folder and then
        the package are searched.

    Raises
    ------
    WeightsError
        If there is none.
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
        f"{name}: no weights at {', '.join(str(place) for place in places)}; "
        "name a file with --weights or train the method."
    )


def list_weights(method: str) -> list[Path]:
    """Return the files of the user's own folder that were made for a method, newest first."""
    found = []
    for path in user_folder().glob("*.safetensors"):
        try:
            if read_card(path).method == method:
                found.append(path)
        except WeightsError:
            continue
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def read_card(weights: Path) -> Card:
    """Return the card beside a weights file.

    Raises
    ------
    WeightsError
        If it is missing or not a card.
    """
    path = weights.with_suffix(".json")
    try:
        return Card(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, ValidationError) as why:
        raise WeightsError(
            f"{weights}: its card {path.name} is missing or damaged ({why}); "
            "keep weights and card together."
        ) from why


def load_weights(path: Path, name: str) -> tuple[dict[str, torch.Tensor], Card]:
    """Return the tensors (float32) and card of a weights file, all checked.

    Raises
    ------
    WeightsError
        If the file is damaged, too large, made for another method, or not the one its
        card speaks of.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    card = read_card(path)
    if card.method != name:
        raise WeightsError(f"{path}: made for {card.method!r}, not for {name!r}; name another.")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise WeightsError(f"{path}: {size} bytes is more than {MOST_BYTES}; not weights of ours.")
    found = sha256(path)
    if card.sha256 != found:
        raise WeightsError(
            f"{path}: SHA-256 {found[:12]}… is not the {card.sha256[:12]}… of its card; "
            "the file is truncated or another one."
        )
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError, ValueError) as why:
        raise WeightsError(f"{path}: not a safetensors file ({why}); name another.") from why
    return {key: value.float() for key, value in tensors.items()}, card


def save_weights(path: Path, tensors: Mapping[str, torch.Tensor], card: Card) -> Card:
    """Write weights as float16 with their card beside; return the card with its hash."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    halves = {key: value.detach().cpu().half().contiguous() for key, value in tensors.items()}
    write_whole(path, lambda file: save_file(halves, file))
    card = card.model_copy(update={"sha256": sha256(path)})
    text = card.model_dump_json(indent=1)
    write_whole(path.with_suffix(".json"), lambda file: file.write_text(text, encoding="utf-8"))
    return card
