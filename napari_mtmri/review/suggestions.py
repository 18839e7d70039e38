# SPDX-License-Identifier: BSD-3-Clause
"""Suggestions: a model's segmentation of a case, accepted whole or lesion by lesion."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.batch.job import Progress
from napari_mtmri.batch.method_choice import MethodChoice
from napari_mtmri.errors import InputError, MtmriError, RequestError
from napari_mtmri.methods.base import METHODS
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.review.edits import Edit
from napari_mtmri.review.tools.painting import Labels, Region, check_label, check_region
from napari_mtmri.volume import Volume
from napari_mtmri.weights import list_weights

FULLY_SAMPLED = Pattern("full", acceleration=1.0)
SEGMENTATION = "segmentation"


@dataclass(frozen=True)
class Model:
    """A method with weights that can segment a case.

    Parameters
    ----------
    method : str
    title : str
        For lists.
    weights : Path or None
        None: the weights of this name that are found first.
    reason : str
        Why it cannot run; empty if it can.
    """

    method: str
    title: str
    weights: Path | None = None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Suggestion:
    """Segmentation of one case by a model, on the grid of the image.

    Parameters
    ----------
    model : Model
    labels : uint8 array, (i, j, k)
    probability : float32 array, (i, j, k), or None
        Probability of the foreground, 0 to 1.
    weights : str
        SHA-256 of the weights, joined by "+" if there are several.
    record : mapping
        Request and provenance as plain data, for the journal.
    warnings : tuple of str
    """

    model: Model
    labels: np.ndarray
    probability: np.ndarray | None
    weights: str
    record: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def suggestion_models() -> tuple[Model, ...]:
    """Return the models that segment, with their own and with your trained weights.

    No weights are read and torch is not imported.
    """
    broken = METHODS.broken()
    found = []
    for name in METHODS.names():
        if name in broken or SEGMENTATION not in METHODS.get(name).gives:
            continue
        title = METHODS.get(name).title
        found.append(Model(name, title, None, _reason(name)))
        found += [Model(name, f"{title} · {path.stem}", path) for path in list_weights(name)]
    # A model that sees the fully sampled image needs no simulated scan.
    return tuple(sorted(found, key=lambda one: not METHODS.get(one.method).is_full_sample))


def suggest(
    image: Volume,
    model: Model,
    *,
    device: str = "auto",
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Suggestion:
    """Return a model's segmentation of an image.

    The image is taken as a fully sampled scan: methods that reconstruct get all of k-space.

    Parameters
    ----------
    image : Volume
    model : Model
    device : str
        See `napari_mtmri.device.choose_device`.
    on_progress : callable, optional
        Called from this thread with a `Progress` after every few slices.
    stop : threading.Event, optional
        Set it to stop within a few slices.

    Raises
    ------
    InputError
        If the image has NaN or infinite voxels, or the model gives no segmentation.
    RequestError, WeightsError, ResourceError
        If the model cannot be loaded or does not fit into memory.
    Stopped
        If ``stop`` was set.
    """
    from napari_mtmri.acquisition import Acquisition
    from napari_mtmri.methods.assemble import SIMULATED
    from napari_mtmri.verbs import run

    result = run(
        Acquisition(FULLY_SAMPLED).scan(image),
        model.method,
        device=device,
        weights=model.weights,
        on_progress=on_progress,
        stop=stop,
    )
    if result.labels is None:
        raise InputError(f"{model.title}: gives no segmentation; choose another model.")
    # Copies: the voxels of a volume cannot be written to.
    probability = None if result.probability is None else np.array(result.probability.data)
    return Suggestion(
        model=model,
        labels=np.array(result.labels.data),
        probability=probability,
        weights="+".join(_hashes(result.provenance)),
        record={"request": dict(result.request), "provenance": dict(result.provenance)},
        # All of k-space was used, so nothing was made easier.
        warnings=tuple(line for line in result.warnings if not line.startswith(SIMULATED)),
    )


def accept(
    labels: Labels,
    suggestion: Suggestion,
    region: Region | None = None,
    *,
    label: int | None = None,
    replace: bool = False,
    protect: bool = True,
) -> Edit:
    """Return the edit that takes over a suggestion, with the model as the source.

    Parameters
    ----------
    labels : integer array, (i, j, k)
        The reader's mask.
    suggestion : Suggestion
    region : bool array, (i, j, k), optional
        One lesion of the suggestion; by default all.
    label : int, optional
        Label to give; by default those of the suggestion.
    replace : bool
        Erase what the suggestion does not contain, so that the mask becomes the suggestion.
    protect : bool
        Leave labelled voxels as they are; ignored with ``replace``.

    Raises
    ------
    RequestError
        If the suggestion is on another grid, a label does not fit the mask, or a single lesion
        would replace the mask.
    """
    check_region(labels, suggestion.labels, "the suggestion")
    if replace and region is not None:
        raise RequestError("one lesion cannot `replace` the mask; accept all, or add the lesion.")
    wanted = suggestion.labels if label is None else (suggestion.labels != 0) * label
    if region is not None:
        check_region(labels, region, "the lesion")
        wanted = np.where(region, wanted, 0)
    highest = int(wanted.max(initial=0))
    if highest:
        check_label(labels, highest)
    drawn = wanted != 0
    if protect and not replace:
        drawn = drawn & (labels == 0)
    after = np.zeros_like(labels) if replace else labels.copy()
    after[drawn] = wanted[drawn]
    tool = "accept suggestion" if region is None else "accept lesion"
    return Edit.between(
        labels, after, tool, label=highest or 1, source="model", weights=suggestion.weights
    )


def _reason(name: str) -> str:
    if find_spec("torch") is None:
        return "PyTorch is not installed"
    try:
        MethodChoice(name).record()
    except MtmriError as why:
        return str(why)
    return ""


def _hashes(provenance: Mapping[str, Any]) -> list[str]:
    return [one["sha256"] for one in provenance["weights"]]
