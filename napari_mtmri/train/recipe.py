# SPDX-License-Identifier: BSD-3-Clause
"""What a training does: every choice in one frozen, checked record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_mtmri.errors import RequestError


class Recipe(BaseModel):
    """Keys, defaults and meaning follow the table of the documentation (recipes).

    Anything random derives from ``seed`` together with the epoch and the case, never
    from the time or the number of workers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["mtmri", "d5c5", "unet-full-sample"] = "mtmri"
    seed: int = 0
    pattern: str = "random"
    accelerations: dict[float, float] = Field(
        default={4.0: 1.0}, description="acceleration and the share of volumes drawn with it"
    )
    center_fraction: float | None = None
    mask_redraw: Literal["epoch", "never"] = "epoch"

    recon_cascades: int = Field(5, ge=1, le=20)
    recon_convs: int = Field(5, ge=2, le=20)
    recon_features: int = Field(64, ge=1, le=512)
    recon_last_scale: float = 0.1
    recon_reduction: Literal["mean", "sum"] = "mean"
    recon_scale: float | Literal["zero_filled"] = "zero_filled"

    seg_features: int = Field(64, ge=1, le=512)
    seg_depth: int = Field(4, ge=1, le=6)
    classes: int = Field(1, ge=1, le=64)
    seg_loss: Literal["dice", "ce", "dice+ce"] = "dice"
    dice_over: Literal["batch", "sample"] = "batch"
    dice_smooth: float = 0.1
    dice_smooth_top: float = 0.0

    weighting: Literal["exponential", "linear", "fixed"] = "exponential"
    time_constant: float | Literal["auto"] = "auto"
    t_unit: Literal["epoch", "iteration"] = "epoch"
    alpha_offset: float = 0.2
    alpha_floor: float = 0.05
    fixed_alpha: float = 0.5
    fixed_beta: float = 0.5
    teacher_forcing: Literal["alternate", "per_epoch", "always", "never"] = "alternate"

    epochs: int = Field(50, ge=1)
    batch_size: int = Field(16, ge=1)
    learning_rate: float = Field(1e-4, gt=0)
    schedule: Literal["steps", "cosine"] = "steps"
    warmup_updates: int = Field(0, ge=0)
    lr_decay: float = 1.0
    lr_decay_every: int = Field(10, ge=1)
    grad_clip: float = Field(0.0, ge=0)
    precision: Literal["float32", "bfloat16"] = "float32"

    augment: Literal["none", "flip", "affine"] = "none"
    slices_per_case: int | None = None
    lesion_fraction: float | None = Field(None, ge=0, le=1)
    slice_filter: Literal["all", "object"] = "all"
    crop: tuple[int, int] | None = Field(None, description="readout, phase; around the head")
    validation_slices: int = Field(8, ge=1, description="per validation case, evenly spaced")

    @property
    def architecture(self) -> dict[str, Any]:
        """What `napari_mtmri.networks.build` makes the network from."""
        recon = {
            "cascades": self.recon_cascades,
            "convolutions": self.recon_convs,
            "features": self.recon_features,
            "last_scale": self.recon_last_scale,
        }
        channels = 1 if self.classes == 1 else self.classes + 1
        seg = {"classes": channels, "features": self.seg_features, "depth": self.seg_depth}
        return {
            "reconstruction": None if self.method == "unet-full-sample" else recon,
            "segmentation": None if self.method == "d5c5" else seg,
            "window": None if self.method == "d5c5" or not self.crop else list(self.crop),
        }

    @property
    def tau(self) -> float:
        """Time constant of DRLC in epochs."""
        return self.epochs / 5 if self.time_constant == "auto" else self.time_constant


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "cpu-size": {
        "accelerations": {4.0: 0.6, 2.0: 0.1, 3.0: 0.1, 6.0: 0.1, 8.0: 0.1},
        "recon_features": 32,
        "seg_features": 16,
        "seg_loss": "dice+ce",
        "epochs": 15,
        "batch_size": 4,
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "warmup_updates": 100,
        "grad_clip": 1.0,
        "precision": "bfloat16",
        "augment": "affine",
        "slices_per_case": 16,
        "lesion_fraction": 0.5,
        "slice_filter": "object",
        "crop": (224, 192),
    },
    "full-size": {
        "accelerations": {4.0: 0.6, 2.0: 0.1, 3.0: 0.1, 6.0: 0.1, 8.0: 0.1},
        "seg_loss": "dice+ce",
        "epochs": 50,
        "learning_rate": 5e-4,
        "schedule": "cosine",
        "warmup_updates": 100,
        "grad_clip": 1.0,
        "precision": "bfloat16",
        "augment": "affine",
        "lesion_fraction": 0.5,
        "slice_filter": "object",
        "crop": (224, 192),
    },
}


def make_recipe(preset: str | None, overrides: Mapping[str, Any]) -> Recipe:
    """Return the preset's recipe with some keys changed.

    Raises
    ------
    RequestError
        If the preset or a key does not exist, or a value does not fit.
    """
    if preset is not None and preset not in PRESETS:
        raise RequestError(f"preset {preset!r} does not exist; there are: {', '.join(PRESETS)}.")
    try:
        return Recipe(**{**(PRESETS[preset] if preset else {}), **overrides})
    except ValidationError as why:
        first = why.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RequestError(
            f"recipe: {where} = {first['input']!r}: {first['msg']}; "
            f"keys are: {', '.join(Recipe.model_fields)}."
        ) from why
