# SPDX-License-Identifier: BSD-3-Clause
"""From a training's checkpoint to weights with a card."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_mtmri import __version__
from napari_mtmri.errors import InputError
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.weights import Card, Score, save_weights

CARD_METRICS = ("PSNR", "SSIM", "Dice")
PAPER_SIZE = {"recon_features": 64, "seg_features": 64}


class About(BaseModel):
    """What only people know of the data: said in a JSON file beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: tuple[str, ...]
    data: str
    split: str
    n_cases: int
    limits: str
    licence: str
    citation: str


def read_about(path: Path) -> About:
    """Return the description of a data set.

    Raises
    ------
    InputError
        If the file is missing or a key is.
    """
    try:
        return About(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, ValidationError) as why:
        raise InputError(
            f"{path}: not a description of data ({why}); it needs the keys "
            f"{', '.join(About.model_fields)}."
        ) from why


def read_scores(word: str, method: str) -> list[Score]:
    """Return a card's scores from ``split=FILE``, the summary of an evaluation.

    Raises
    ------
    InputError
        If the file is no such summary.
    """
    split, _, name = word.partition("=")
    try:
        with Path(name).open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["method"] == method]
        return [
            Score(
                split=split, metric=row["metric"], region=row["region"], acceleration=4.0,
                n=int(row["n"]), **{k: float(row[k]) for k in ("mean", "sd", "median", "low", "high")},
            )
            for row in rows
            if row["metric"] in CARD_METRICS
        ]  # fmt: skip
    except (OSError, ValueError, KeyError) as why:
        raise InputError(
            f"{word}: not split=FILE with the summary.csv of an evaluation ({why})."
        ) from why


def export(
    run: Path, out: Path, about: About, scores: Sequence[Score] = (), command: str = ""
) -> Card:
    """Write the weights of a run as float16 safetensors with a card beside.

    Parameters
    ----------
    run : Path
        Run folder of a training.
    out : Path
        ``<method>.safetensors``.
    about : About
    scores : sequence of Score
        As `napari-mtmri evaluate` found them.
    command : str
        That makes these weights again.

    Raises
    ------
    InputError
        If the run has no checkpoint.
    """
    from safetensors import safe_open

    from napari_mtmri.train.fit import CHECKPOINT

    path = run / CHECKPOINT
    if not path.is_file():
        raise InputError(f"{path}: no checkpoint; let the training run for an update at least.")
    with safe_open(path, framework="pt") as file:
        position = json.loads((file.metadata() or {})["position"])
        tensors = {
            name.removeprefix("network."): file.get_tensor(name)
            for name in file.keys()  # noqa: SIM118 - not a mapping
            if name.startswith("network.")
        }
    recipe = Recipe(**position["recipe"])
    return save_weights(out, tensors, _card(recipe, position, about, tuple(scores), command))


def _card(
    recipe: Recipe,
    position: dict[str, Any],
    about: About,
    scores: tuple[Score, ...],
    command: str,
) -> Card:
    full = all(getattr(recipe, key) == value for key, value in PAPER_SIZE.items())
    widths = []
    if recipe.method != "unet-full-sample":
        widths.append(f"D5C5 with {recipe.recon_features} filters")
    if recipe.method != "d5c5":
        widths.append(f"U-Net {recipe.seg_features} wide")
    shares = sorted(recipe.accelerations.items())
    mix = ", ".join(f"{share:.0%} R {factor:g}" for factor, share in shares)
    return Card(
        method=recipe.method,
        title=f"{recipe.method}: {' and '.join(widths)}",
        size="the paper's size" if full else "CPU size",
        task={
            "mtmri": "reconstruct and segment an under-sampled scan",
            "d5c5": "reconstruct an under-sampled scan",
            "unet-full-sample": "segment a fully sampled image",
        }[recipe.method],
        labels=about.labels if recipe.method != "d5c5" else (),
        data=about.data,
        split=about.split,
        n_cases=about.n_cases,
        n_updates=position["updates"],
        n_slices_shown=position["updates"] * recipe.batch_size,
        sampling=f"{recipe.pattern}, a new mask per volume and epoch: {mix}; simulated from "
        "magnitude images without phase and noise",
        pattern=recipe.pattern,
        accelerations=tuple(float(factor) for factor, _ in shares),
        preprocessing="divided by the 99th percentile of the zero-filled magnitude inside the "
        "object; the U-Net is shown the object's box, at least "
        f"{recipe.crop[0] if recipe.crop else 0} by {recipe.crop[1] if recipe.crop else 0} pixels",
        architecture=recipe.architecture,
        scores=scores,
        limits=about.limits,
        licence=about.licence,
        citation=about.citation,
        command=command,
        code_version=__version__,
    )
