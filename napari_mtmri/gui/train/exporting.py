# SPDX-License-Identifier: BSD-3-Clause
"""A checkpoint made into weights of the user's own, which never replaces others; no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_mtmri.train.folder import read_config
from napari_mtmri.weights import Card, list_weights, read_card, user_folder


@dataclass(frozen=True)
class Exported:
    """Weights that were made.

    Parameters
    ----------
    path : Path
    card : Card
    """

    path: Path
    card: Card


def export_checkpoint(run: Path, which: Literal["best", "last"]) -> Exported:
    """Return the weights of a checkpoint, in the user's folder.

    They are called ``<method>-<run>``, with a number where that is taken; the same weights
    are not kept twice.

    Raises
    ------
    InputError
        If the run has no checkpoint.
    """
    from napari_mtmri.train.export import export

    method = read_config(run).recipe.method
    path = _free(user_folder(), f"{method}-{run.resolve().name}")
    known = list_weights(method)
    card = export(run, path, checkpoint=which)
    for other in known:
        if read_card(other).sha256 == card.sha256:
            path.unlink()
            path.with_suffix(".json").unlink()
            return Exported(other, read_card(other))
    return Exported(path, card)


def _free(folder: Path, name: str) -> Path:
    """Return the first of ``name``, ``name-2``, ... that is not taken."""
    path, number = folder / f"{name}.safetensors", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.safetensors"
    return path
