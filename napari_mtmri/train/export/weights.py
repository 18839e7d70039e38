# SPDX-License-Identifier: BSD-3-Clause
"""Export of a training's checkpoint as weights with a card."""

from __future__ import annotations

import csv
import io
import json
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_mtmri import __version__
from napari_mtmri.errors import InputError
from napari_mtmri.files import check_writable, read_text
from napari_mtmri.methods.base import METHODS, training_of
from napari_mtmri.metrics.base import quantities
from napari_mtmri.parameters import invalid_reason
from napari_mtmri.train.folder.checkpoint import Position, network_of, read_checkpoint
from napari_mtmri.train.folder.layout import (
    BEST,
    CONFIG,
    EVENTS,
    LAST,
    SPLIT,
    read_config,
    read_events,
)
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.weights import (
    HASH_DIGITS,
    Card,
    Score,
    list_weights,
    read_card,
    save_weights,
    user_folder,
)


class About(BaseModel):
    """Description of the training data by its owner, read from a JSON file."""

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
        If the file or a key is missing.
    """
    try:
        return About(**json.loads(read_text(path)))
    except (OSError, ValueError, TypeError, ValidationError) as why:
        raise InputError(
            f"{path}: not a description of data ({invalid_reason(why)}); it needs the keys "
            f"{', '.join(About.model_fields)}."
        ) from why


def read_scores(word: str, method: str) -> list[Score]:
    """Return a card's scores from ``split=FILE``, the summary of an evaluation.

    Raises
    ------
    InputError
        If the file is not such a summary.
    """
    split, _, name = word.partition("=")
    try:
        path = Path(name)
        shown = {one.name for one in quantities("card")}
        rows = [row for row in _rows(path) if row["method"] == method]
        acceleration = _acceleration(path.with_name("scores.csv"))
        return [
            Score(
                split=split, metric=row["metric"], region=row["region"], acceleration=acceleration,
                n=int(row["n"]), **{k: float(row[k]) for k in ("mean", "sd", "median", "low", "high")},
            )
            for row in rows
            if row["metric"] in shown
        ]  # fmt: skip
    except (OSError, ValueError, KeyError) as why:
        raise InputError(
            f"{word}: not split=FILE with the summary.csv of an evaluation ({why})."
        ) from why


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(read_text(path))))


def _acceleration(scores: Path) -> float:
    """Return the mean acceleration of the cases in a table of scores."""
    cases = {row["case"]: _acceleration_of(row) for row in _rows(scores)}
    values = [value for value in cases.values() if value]
    if not values:
        raise ValueError(f"{scores.name} gives no acceleration")
    return round(statistics.fmean(values), 2)


def _acceleration_of(row: dict[str, str]) -> float:
    """Return the acceleration of one case; 0 if none is given."""
    if "acceleration" in row:
        value = float(row["acceleration"] or "nan")
        return value if value > 0 else 0.0
    # Older tables have no such column, and the number only in a sentence.
    match = re.search(r"R (\d+\.\d+)", row["sampling"])
    return float(match[1]) if match else 0.0


def export(
    run: Path,
    out: Path,
    *,
    checkpoint: Literal["best", "last"] = "best",
    about: About | None = None,
    scores: Sequence[Score] = (),
    command: str = "",
    calibrated: bool = False,
    smallest_part: float = 0.0,
    report: Callable[[str], None] = lambda text: None,
) -> Card:
    """Write the weights of a training as float16 safetensors, with their card.

    Parameters
    ----------
    run : Path
        Training folder.
    out : Path
        ``<name>.safetensors``.
    checkpoint : {"best", "last"}
        The best one by the validation score, or the last one if there is no best yet.
    about : About, optional
        By default what the training folder contains about its data.
    scores : sequence of Score
        Scores from `napari-mtmri evaluate`.
    command : str
        Shell command that reproduces the weights; by default that of the training folder.
    calibrated : bool
        Whether to fit the temperature of the probabilities on the validation cases
        (`napari_mtmri.train.export.temperature.calibrate`).
    smallest_part : float
        See `napari_mtmri.weights.Card`; 0 keeps all parts of a mask.
    report : callable
        Called with the calibration error before and after.

    Raises
    ------
    InputError
        If the training has no checkpoint, or its validation cases cannot be read.
    """
    path = run / (BEST if checkpoint == "best" and (run / BEST).is_file() else LAST)
    if not path.is_file():
        raise InputError(f"{path}: no checkpoint; let the training run for at least one update.")
    check_writable(out.parent)
    tensors, position = read_checkpoint(path)
    weights = network_of(tensors)
    about = about or _known_of(run, position.recipe)
    command = command or f"napari-mtmri train {run.name}/{CONFIG} --out again"
    card = _card(run, position, about, tuple(scores), command)
    card = card.model_copy(
        update={"training_images": _training_images(run), "smallest_part": smallest_part}
    )
    if calibrated:
        from napari_mtmri.metrics.calibration import NEAR_PIXELS
        from napari_mtmri.train.export.temperature import calibrate

        temperature, before, after = calibrate(run, path)
        card = card.model_copy(update={"temperature": round(temperature, 3)})
        report(
            f"expected calibration error within {NEAR_PIXELS} pixels of the border on the "
            f"validation cases: {before:.3f} before, {after:.3f} with temperature "
            f"{temperature:.3g}."
        )
    return save_weights(out, weights, card)


@dataclass(frozen=True)
class Exported:
    """Exported weights.

    Parameters
    ----------
    path : Path
    card : Card
    """

    path: Path
    card: Card


def export_own(run: Path, name: str | None = None, **how: Any) -> Exported:
    """Write the weights of a training into the user's folder; nothing is replaced.

    The same weights with the same card are not stored twice.

    Parameters
    ----------
    run : Path
        Training folder.
    name : str, optional
        ``<method>-<run>`` by default; a number is appended if that name is taken.
    **how
        Further arguments of `export`.

    Raises
    ------
    InputError
        If the training has no checkpoint.
    """
    method = read_config(run).recipe.method
    known = list_weights(method)
    path = _free(user_folder(), name or f"{method}-{run.resolve().name}")
    card = export(run, path, **how)
    for other in known:
        if read_card(other) == card:
            path.unlink()
            path.with_suffix(".json").unlink()
            return Exported(other, card)
    return Exported(path, card)


def _free(folder: Path, name: str) -> Path:
    """Return the first of ``name``, ``name-2``, ... that is not taken."""
    path, number = folder / f"{name}.safetensors", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.safetensors"
    return path


def _training_images(run: Path) -> tuple[str, ...]:
    """Return the hashes of the training images that the training folder lists."""
    try:
        rows = _rows(run / SPLIT)
    except OSError:
        return ()
    found = (row["image_sha256"] for row in rows if row["split"] == "train")
    return tuple(digits[:HASH_DIGITS] for digits in found if digits)


def _known_of(run: Path, recipe: Recipe) -> About:
    """Return the description of the data that the training folder contains."""
    config = read_config(run)
    try:
        splits = [row["split"] for row in _rows(run / SPLIT)]
    except (OSError, KeyError):
        splits = []
    counts = ", ".join(f"{splits.count(name)} {name}" for name in ("train", "val", "test"))
    return About(
        labels=tuple(f"label {number + 1}" for number in range(recipe.n_classes)),
        data=Path(config.data).name,
        split=f"{counts} cases; {SPLIT} in the training folder lists them",
        n_cases=splits.count("train"),
        limits="Research use only. Limits of these weights: not stated.",
        licence="that of the training data; not stated",
        citation="",
    )


def _ceiling(run: Path) -> float | None:
    """Return the Dice of the true labels after the auto-encoder, last logged."""
    if not (run / EVENTS).is_file():
        return None
    found = [e["val_dice_ceiling"] for e in read_events(run) if "val_dice_ceiling" in e]
    return round(found[-1], 4) if found else None


def _card(
    run: Path, position: Position, about: About, scores: tuple[Score, ...], command: str
) -> Card:
    from napari_mtmri.networks.cost import cost_of

    recipe = position.recipe
    method, training = METHODS.get(recipe.method), training_of(recipe.method)
    words, architecture = training.words(recipe), training.architecture(recipe)
    cost = cost_of([architecture])
    return Card(
        method=method.name,
        title=f"{method.name}: {words.networks}",
        size=words.size,
        task=words.task,
        labels=about.labels if "segmentation" in method.gives else (),
        data=about.data,
        split=about.split,
        n_cases=about.n_cases,
        n_updates=position.updates,
        n_slices_shown=position.updates * recipe.optimizer.batch_size,
        sampling=_sampling(recipe),
        pattern=recipe.sampling.pattern,
        accelerations=tuple(sorted(map(float, recipe.sampling.accelerations))),
        preprocessing=_preprocessing(recipe, architecture),
        architecture=architecture,
        n_parameters=cost.n_parameters,
        gflop_per_slice=round(cost.gflop_per_slice, 2),
        dice_ceiling=_ceiling(run),
        scores=scores,
        limits=about.limits,
        licence=about.licence,
        citation=about.citation,
        command=command,
        code_version=__version__,
    )


def _preprocessing(recipe: Recipe, architecture: Mapping[str, Any]) -> str:
    scale = "divided by the 99th percentile of the zero-filled magnitude inside the object"
    if "segmentation" not in METHODS.get(recipe.method).gives:
        return scale
    if not architecture.get("window"):
        return f"{scale}; input of the segmentation: the whole field of view"
    rows, columns = architecture["window"]
    return (
        f"{scale}; input of the segmentation: the object's box, at least {rows} by {columns} pixels"
    )


def _sampling(recipe: Recipe) -> str:
    if METHODS.get(recipe.method).is_full_sample:
        return "none: trained on fully sampled images"
    shares = sorted(recipe.sampling.accelerations.items())
    mix = ", ".join(f"{share:.0%} R {factor:g}" for factor, share in shares)
    return (
        f"{recipe.sampling.pattern}, one mask per {recipe.sampling.mask_scope}, "
        f"{'redrawn each epoch' if recipe.sampling.mask_redraw == 'epoch' else 'never redrawn'}: {mix}; "
        f"simulated from magnitude images, {recipe.sampling.phase_share:.0%} with a smooth random phase, "
        f"{'without noise' if recipe.sampling.snr is None else f'SNR {recipe.sampling.snr:g}'}"
    )
