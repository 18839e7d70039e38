# SPDX-License-Identifier: BSD-3-Clause
"""Recipes by name: the settings of the paper, and sizes for a CPU or a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from napari_mtmri.errors import RequestError
from napari_mtmri.methods.base import DEFAULT_METHOD
from napari_mtmri.train.recipe import KEYS, SECTIONS, Recipe, flatten, option_keys, reason_of

_PAPER: Mapping[str, Any] = {
    "recon_reduction": "sum",
    "recon_scale": 1.0,
    "time_constant": 1.0,
    "mask_redraw": "never",
    "phase_share": 0.0,
}
_OURS: Mapping[str, Any] = {
    "accelerations": {4.0: 0.6, 2.0: 0.1, 3.0: 0.1, 6.0: 0.1, 8.0: 0.1},
    # With 1 the segmentation loss soon dominates D5C5: 1.1 dB less on the validation cases.
    "recon_factor": 10.0,
    "seg_loss": "dice+ce",
    "schedule": "cosine",
    "warmup_updates": 100,
    "grad_clip": 1.0,
    "precision": "bfloat16",
    "augment": "affine",
    "lesion_fraction": 0.5,
    "slice_filter": "object",
    "crop": (224, 192),
}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "quick-check": {
        **_OURS,
        "accelerations": {4.0: 1.0},
        "recon_features": 8,
        "seg_features": 8,
        "seg_depth": 2,
        "crop": None,
        "epochs": 40,
        "batch_size": 4,
        "learning_rate": 2e-3,
        "warmup_updates": 10,
        "precision": "float32",
        "select_by": "last",
    },
    "cpu-size": {
        **_OURS,
        "recon_features": 32,
        "seg_features": 16,
        "epochs": 15,
        "batch_size": 4,
        "learning_rate": 1e-3,
        "slices_per_case": 16,
    },
    "full-size": {**_OURS, "epochs": 50, "learning_rate": 5e-4},
    "fine-tune": {
        **_OURS,
        "start_from": DEFAULT_METHOD,
        "epochs": 5,
        "batch_size": 4,
        "learning_rate": 1e-4,
        "warmup_updates": 20,
        "weighting": "fixed",
    },
    "paper-inhouse-flair": {
        **_PAPER,
        "resize": (224, 224),
        "split": {"train": 0.5, "val": 0.0, "test": 0.5},
        "select_by": "last",
    },
    "paper-atlas": {
        **_PAPER,
        "crop": (224, 192),
        "split": {"train": 120 / 229, "val": 40 / 229, "test": 69 / 229},
        "learning_rate": 1e-6,
        "lr_decay": 0.2,
        "lr_decay_every": 10,
    },
    "paper-brainweb": {
        **_PAPER,
        "crop": (416, 352),
        "classes": 3,
        "sequence": "t1-spgr",
        "split": {"train": 17 / 20, "val": 0.0, "test": 3 / 20},
        "slices_per_case": 1,
        "augment": "affine",
        "epochs": 3000,
        "batch_size": 4,
        "select_by": "last",
    },
}

NEEDS_NO_DATA = "quick-check"

_READINGS = (
    "printed in the paper: epochs, batch size, learning rate and its decay, R 4 with the central "
    "8 %, one mask per volume, image sizes, numbers of cases",
    "our readings: 64 filters and a U-Net 64 wide with group normalisation, sums over pixels in "
    "Eq. 3, Dice over the batch (Eq. 4), reference image and reconstruction alternately per update, "
    "masks not redrawn, random numbers of lines made exact",
    "Eq. 5 as printed, t in epochs: the weight of the reconstruction loss reaches its minimum of 0.05 "
    "after 1.4 epochs, so that nearly all of the training has the fixed weights (0.05, 0.95)",
)
_NOTES: Mapping[str, tuple[str, ...]] = {
    "paper-inhouse-flair": _READINGS,
    "paper-atlas": (
        *_READINGS,
        "the printed learning rate of 1e-6 changes a weight by at most 0.02 in the whole training "
        "and is very likely a misprint: learning_rate=1e-4 is advised",
    ),
    "paper-brainweb": (
        *_READINGS,
        "3,000 epochs of all slices would be 4.6 million updates: our reading of an epoch is one "
        "random slice per case",
    ),
    "cpu-size": ("sizes for a computer without a GPU; all settings are ours, not the paper's",),
    "quick-check": ("simulated heads of 64 x 64: shows only that training works",),
    "fine-tune": ("the network sizes are those of the initial weights",),
}


def notes(preset: str | None) -> tuple[str, ...]:
    """Return notes on a preset: settings printed in the paper, and our reading of it."""
    return _NOTES.get(preset or "", ())


def make_recipe(preset: str | None, overrides: Mapping[str, Any]) -> Recipe:
    """Return the preset's recipe with some keys changed.

    A key may be given with its section (``data.crop``), and one entry of a mapping after a
    dot: ``split.train``, ``accelerations.6``.

    Raises
    ------
    RequestError
        If the preset or a key does not exist, or a value is not valid.
    """
    if preset is not None and preset not in PRESETS:
        raise RequestError(f"preset {preset!r} does not exist; choose one of {', '.join(PRESETS)}.")
    keys = _with_parts(PRESETS[preset] if preset else {}, flatten(overrides))
    try:
        return Recipe(**keys)
    except ValidationError as why:
        known = (*KEYS, *option_keys(keys.get("method", DEFAULT_METHOD)))
        raise RequestError(f"recipe: {reason_of(why.errors()[0], known)}.") from why


def _with_parts(preset: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the preset's keys with the changes; dotted keys change one entry of a mapping."""
    found = dict(preset)
    for word, value in changes.items():
        section, _, rest = word.partition(".")
        name, _, part = (rest if rest and section in (*SECTIONS, "options") else word).partition(
            "."
        )
        if part:
            field = KEYS.get(name)
            whole = found.get(name, field.default if field else None)
            if not isinstance(whole, Mapping):
                raise RequestError(f"recipe: there is no key {word!r}; {name} has no entries.")
            value = {**whole, part: value}
        found[name] = value
    return found
