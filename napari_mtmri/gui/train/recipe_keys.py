# SPDX-License-Identifier: BSD-3-Clause
"""Keys of a recipe as options of a form, and their values as typed text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from napari_mtmri.gui.form import EMPTY
from napari_mtmri.gui.widgets.problem import relabeled
from napari_mtmri.methods.base import trainable
from napari_mtmri.parameters import Option
from napari_mtmri.patterns.base import PATTERNS
from napari_mtmri.train.recipe import KEYS

# Labels of keys whose name is not plain English.
LABELS = {
    "accelerations": "Accelerations", "center_fraction": "Center fraction",
    "image_glob": "Image files", "labels_glob": "Label files", "patient_regex": "Patient in path",
    "field_t": "Field strength (T)", "bias_percent": "Bias field (%)", "snr": "SNR",
    "n_simulated": "Simulated heads", "simulated_size": "Simulated size",
    "phase_share": "Fraction with phase",
    "recon_cascades": "Cascades", "recon_convs": "Convolutions per cascade",
    "recon_features": "Reconstruction filters", "recon_last_scale": "Scale of last weights",
    "seg_features": "U-Net filters", "seg_depth": "U-Net depth",
    "recon_loss": "Reconstruction loss", "recon_domain": "Images compared",
    "recon_reduction": "Pixels combined by", "recon_scale": "Scale", "recon_factor": "Factor",
    "seg_loss": "Segmentation loss", "dice_over": "Dice over",
    "dice_smooth": "Dice smoothing", "dice_smooth_top": "Dice smoothing, top",
    "weighting": "Weighting", "t_unit": "Update per", "alpha_offset": "Offset of α",
    "alpha_floor": "Minimum of α", "fixed_alpha": "Weight α", "fixed_beta": "Weight β",
    "dwa_temperature": "Temperature", "teacher_forcing": "U-Net input",
    "tf_period": "Updates per input", "tf_schedule": "Probability course",
    "tf_start": "Probability, first epoch", "tf_end": "Probability, last epoch",
    "accumulate": "Parts per batch", "schedule": "Learning rate schedule",
    "lr_decay": "Learning rate factor", "lr_decay_every": "Epochs per step",
    "grad_clip": "Maximum gradient norm", "select_by": "Best checkpoint by",
}  # fmt: skip


def options_of(keys: Mapping[str, FieldInfo]) -> list[Option]:
    """Return the options of a form for some keys.

    Members of a registry and literals are choices; a number with a known range is a number
    field; all others are text fields, also those that may be empty.
    """
    return [_option(key, field) for key, field in keys.items()]


def text_of(value: Any) -> str:
    """Return a value as text for a field: ``4``, ``224, 192``, ``2: 0.1, 4: 0.6``."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{_plain(key)}: {_plain(share)}" for key, share in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(map(_plain, value))
    return _plain(value)


def value_of(text: str | None, field: FieldInfo) -> Any:
    """Return typed text as a value for the recipe, which validates it."""
    text, shape = (text or "").strip(), str(field.annotation)
    if not text:
        return None
    if shape.startswith("dict") and ":" in text:
        pairs = (part.partition(":") for part in text.split(",") if part.strip())
        return {left.strip(): right.strip() for left, _, right in pairs}
    if "tuple[" in shape:
        return [part.strip() for part in text.split(",")]
    if shape.startswith("str"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def label_of(key: str) -> str:
    """Return the label of a key in the panel."""
    return LABELS.get(key, key.replace("_", " ").capitalize())


def reason_of(key: str, why: str) -> str:
    """Return the reason why the value of a key was refused, with labels instead of keys."""
    named = sorted({key, *(one for one in KEYS if "_" in one)}, key=len, reverse=True)
    return relabeled(why.removeprefix("recipe: "), {one: label_of(one) for one in named})


def _option(key: str, field: FieldInfo) -> Option:
    about, default = field.description or "", field.default
    if default is None and "null: " not in about:
        about += "; null: none"
    about = f"{key}: {about.replace('null: ', EMPTY)}"
    choices = _choices(key, field)
    low, high = (_limit(field, name) for name in ("ge", "le"))
    if choices:
        return Option(key, "choice", default, about, choices=choices, label=label_of(key))
    if field.annotation is bool:
        return Option(key, "bool", default, about, label=label_of(key))
    if field.annotation in (int, float) and low is not None and high is not None:
        kind: Literal["int", "float"] = "int" if field.annotation is int else "float"
        return Option(key, kind, default, about, low, high, label=label_of(key))
    text = None if default is None else text_of(default)
    return Option(key, "text", text, about, label=label_of(key))


def _choices(key: str, field: FieldInfo) -> tuple[str, ...]:
    if key == "method":
        return trainable()
    if key == "pattern":
        return tuple(name for name in PATTERNS.names() if name not in PATTERNS.broken())
    is_literal = get_origin(field.annotation) is Literal
    return tuple(map(str, get_args(field.annotation))) if is_literal else ()


def _limit(field: FieldInfo, name: str) -> float | None:
    return next((getattr(one, name) for one in field.metadata if hasattr(one, name)), None)


def _plain(value: Any) -> str:
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
