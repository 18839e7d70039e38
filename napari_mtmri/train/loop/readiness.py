# SPDX-License-Identifier: BSD-3-Clause
"""Checks of a training before its first update, so that none fails after hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from napari_mtmri.errors import InputError
from napari_mtmri.methods.base import training_of
from napari_mtmri.methods.training import spans_of
from napari_mtmri.train.data.batches import Simulator, plan_epoch
from napari_mtmri.train.data.cases import Case
from napari_mtmri.train.data.training_data import TrainingData, read_training_data
from napari_mtmri.train.loop.validation import Validator
from napari_mtmri.train.recipe import Recipe

MOST_RATIO = 1.05  # of pixel sizes; augmentation zooms more


def ready_data(recipe: Recipe, data: Path | str, *, is_begun: bool = False) -> TrainingData:
    """Return the data of a training that can begin, with remarks on what looks wrong.

    Parameters
    ----------
    recipe, data, is_begun
        See `read_training_data`.

    Raises
    ------
    InputError
        If the cases cannot be used, or no slice is left to train on.
    RequestError
        If a sampling mask cannot be drawn for a size of the slices, or there are fewer
        epochs than stages.
    """
    material = read_training_data(recipe, data, is_begun=is_begun)
    Simulator(material.train, material.recipe).check_masks()
    Validator(material.val, material.recipe).check_masks()
    n_items = len(plan_epoch(material.train, material.recipe, 0))
    if not n_items:
        raise InputError(
            f"{data}: no slice is left to train on; change `slice_filter`, `slices_per_case` or "
            "`lesion_fraction`."
        )
    per_epoch = -(-n_items // material.recipe.optimizer.batch_size)
    more = [*_of_geometry(material), *_of_warmup(material.recipe, per_epoch)]
    return replace(material, remarks=[*material.remarks, *more])


def _of_geometry(material: TrainingData) -> Iterator[str]:
    cases = [*material.train, *material.val]
    turned = _first_by(cases, lambda case: case.codes)
    if len(turned) > 1:
        found = ", ".join(f"{codes} ({name})" for codes, name in turned.items())
        yield (
            f"cases differ in the orientation of their slices (slice, readout, phase): {found}; "
            "the network sees them turned or mirrored."
        )
    sized = {case.pixel: case.name for case in reversed(cases) if case.pixel is not None}
    sides = {side: name for pixel, name in sized.items() if pixel for side in pixel}
    if sides and max(sides) > MOST_RATIO * min(sides):
        low, high = min(sides), max(sides)
        yield (
            f"pixels measure from {low:.3g} to {high:.3g} mm (cases {sides[low]} and "
            f"{sides[high]}); the network sees heads of different size."
        )


def _first_by(cases: Sequence[Case], key: Callable[[Case], str]) -> dict[str, str]:
    """Return the first case with each key that is known."""
    found: dict[str, str] = {}
    for case in cases:
        if key(case):
            found.setdefault(key(case), case.name)
    return found


def _of_warmup(recipe: Recipe, per_epoch: int) -> Iterator[str]:
    warmup = recipe.optimizer.warmup_updates
    spans = spans_of(training_of(recipe.method), recipe)
    shortest = min(span.last - span.first for span in spans) * per_epoch
    if warmup >= shortest:
        whole = "the training" if len(spans) == 1 else "a stage of the training"
        yield (
            f"warmup_updates = {warmup}, but {whole} has only {shortest} updates: the learning "
            "rate stays below the one asked for."
        )
