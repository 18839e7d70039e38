# SPDX-License-Identifier: BSD-3-Clause
"""Sections of a recipe that all methods share, with a description for each key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from napari_mtmri.errors import RequestError
from napari_mtmri.patterns.base import PATTERNS, Pattern

Size = tuple[PositiveInt, PositiveInt]
MOST_CLASSES = 64
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Base of a section: frozen, unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Data(Section):
    """Cases, their split, and the processing of images before k-space is simulated."""

    split: dict[Literal["train", "val", "test"], Share] = Field(
        default={"train": 0.7, "val": 0.15, "test": 0.15},
        description="proportions of the patients per split, if the data define no split",
    )
    image_glob: str | None = Field(
        None, description="file name pattern of the images in the data folder"
    )
    labels_glob: str | None = Field(
        None, description="file name pattern of the labels in the data folder"
    )
    patient_regex: str | None = Field(
        None, description="regular expression whose first group in the image path is the patient"
    )
    classes: int | Literal["auto"] = Field(
        "auto", description="number of label classes; auto: found in the training cases"
    )
    skip_unreadable: bool = Field(False, description="leave out cases that cannot be read")
    resize: Size | None = Field(
        None, description="image size (readout, phase) to resample to; null: unchanged"
    )
    crop: Size | None = Field(
        None, description="image size (readout, phase) to crop to around the head; null: unchanged"
    )
    sequence: Literal["as-is", "t1-spgr", "t1-se", "t2-se", "pd-se", "flair"] = Field(
        "as-is", description="contrast of images simulated from tissue label maps"
    )
    field_t: float = Field(1.5, description="field strength of simulated images, in tesla")
    bias_percent: float = Field(
        0.0, ge=0, le=100, description="strength of the bias field of simulated images, in percent"
    )
    n_simulated: tuple[PositiveInt, NonNegativeInt, NonNegativeInt] = Field(
        (4, 2, 0), description="number of simulated heads for training, validation and test"
    )
    simulated_size: Size = Field(
        (64, 64), description="image size (readout, phase) of simulated heads"
    )
    augment: Literal["none", "flip", "affine"] = Field(
        "none", description="augmentation of image and labels before k-space is simulated"
    )
    half_matrix_share: Share = Field(
        0.0, description="fraction of the epochs, the first ones, with images of half the matrix"
    )
    slice_filter: Literal["all", "object"] = Field(
        "all", description="slices to train on; object: only slices that show the head"
    )
    slices_per_case: int | None = Field(
        None, ge=1, description="number of slices drawn per case and epoch; null: all"
    )
    lesion_fraction: Share | None = Field(
        None, description="fraction of the drawn slices with a lesion; null: as in the data"
    )

    @field_validator("field_t")
    @classmethod
    def _has_values(cls, value: float) -> float:
        if value not in (1.5, 3.0):
            raise ValueError("choose 1.5 or 3 T, where the tissue values are known")
        return value

    @field_validator("classes")
    @classmethod
    def _few_classes(cls, value: int | str) -> int | str:
        if isinstance(value, int) and not 1 <= value <= MOST_CLASSES:
            raise ValueError(f"choose 1 to {MOST_CLASSES} classes")
        return value

    @model_validator(mode="after")
    def _has_training_cases(self) -> Data:
        if not self.split.get("train"):
            raise ValueError("split needs a proportion for train")
        return self


class Sampling(Section):
    """Simulation of the training scans."""

    pattern: str = Field("random", description="sampling pattern")
    accelerations: dict[float, float] = Field(
        default={4.0: 1.0},
        description="accelerations R, each with the proportion of volumes sampled with it",
    )
    center_fraction: Share | None = Field(
        None, description="fully sampled central fraction of k-space; null: chosen by R"
    )
    mask_scope: Literal["volume", "slice", "dataset"] = Field(
        "volume", description="draw one sampling mask per volume, slice or data set"
    )
    mask_redraw: Literal["epoch", "never"] = Field(
        "epoch", description="draw new sampling masks every epoch or never"
    )
    phase_share: Share = Field(
        0.5, description="fraction of volumes simulated with a smooth random phase"
    )
    snr: float | None = Field(
        None,
        gt=0,
        description="mean signal inside the head / standard deviation of the noise; null: no noise",
    )

    @field_validator("accelerations", mode="before")
    @classmethod
    def _one_acceleration(cls, value: Any) -> Any:
        return {value: 1.0} if isinstance(value, int | float) else value

    @field_validator("accelerations")
    @classmethod
    def _can_be_drawn(cls, value: dict[float, float]) -> dict[float, float]:
        if not value or min(value) < 1 or max(value) > 16:
            raise ValueError("accelerations must be between 1 and 16")
        if min(value.values()) < 0 or not sum(value.values()) > 0:
            raise ValueError("proportions must not be negative or all 0")
        return value

    @model_validator(mode="after")
    def _has_a_pattern(self) -> Sampling:
        for factor in self.drawn_accelerations:
            try:
                Pattern(self.pattern, factor, self.center_fraction)
            except RequestError as why:
                raise ValueError(str(why).removesuffix(".")) from why
        if "path" in {option.name for option in PATTERNS.get(self.pattern).options}:
            raise ValueError(f"pattern {self.pattern!r} reads one mask, which cannot be redrawn")
        return self

    @property
    def drawn_accelerations(self) -> tuple[float, ...]:
        """Accelerations that occur in the training."""
        return tuple(sorted(factor for factor, share in self.accelerations.items() if share > 0))

    @property
    def main_acceleration(self) -> float:
        """Acceleration that is trained most, of several the largest."""
        return max(self.accelerations, key=lambda factor: (self.accelerations[factor], factor))


class Network(Section):
    """Sizes of the building blocks that the methods share: cascades and U-Net."""

    recon_cascades: int = Field(5, ge=1, le=20, description="number of cascades of D5C5")
    recon_convs: int = Field(5, ge=2, le=20, description="number of convolutions per cascade")
    recon_features: int = Field(64, ge=1, le=512, description="number of filters of D5C5")
    recon_last_scale: float = Field(
        0.1, ge=0, description="factor on the initial weights of the last convolution per cascade"
    )
    seg_features: int = Field(
        64, ge=1, le=512, description="number of filters in the first level of the U-Net"
    )
    seg_depth: int = Field(4, ge=1, le=6, description="number of pooling steps of the U-Net")
    seg_binning: int = Field(
        1, ge=1, le=4, description="factor by which the U-Net averages its input along both axes"
    )
    seg_first_logit: float | None = Field(
        None, description="initial bias of the last layer of the U-Net; null: random, near 0"
    )


class Loss(Section):
    """Losses of reconstruction and segmentation."""

    recon_loss: Literal["l2", "l1"] = Field(
        "l2", description="reconstruction loss: squared or absolute error"
    )
    recon_domain: Literal["complex", "magnitude"] = Field(
        "complex", description="images compared by the reconstruction loss"
    )
    recon_reduction: Literal["mean", "sum"] = Field(
        "mean", description="reduction of the reconstruction loss over the pixels"
    )
    recon_scale: PositiveFloat | Literal["zero_filled"] = Field(
        "zero_filled",
        description="factor on the reconstruction loss; zero_filled: 1 / mean zero-filled error",
    )
    recon_factor: float = Field(
        1.0, gt=0, description="additional factor on the reconstruction loss"
    )
    seg_loss: Literal["dice", "ce", "dice+ce"] = Field(
        "dice", description="segmentation loss: soft Dice, cross-entropy or their sum"
    )
    dice_over: Literal["batch", "sample"] = Field(
        "batch", description="compute soft Dice over the batch or per slice"
    )
    dice_smooth: float = Field(
        0.1, gt=0, description="constant added to the denominator of soft Dice (Eq. 4)"
    )
    dice_smooth_top: float = Field(
        0.0, ge=0, description="constant added to the numerator of soft Dice; 0 in Eq. 4"
    )


class Weighting(Section):
    """Weights of the two losses during the training (DRLC)."""

    weighting: Literal["exponential", "linear", "fixed", "uncertainty", "dwa"] = Field(
        "exponential", description="weighting of the two losses; exponential: DRLC"
    )
    time_constant: PositiveFloat | Literal["auto"] = Field(
        "auto",
        description="time constant of DRLC in epochs; auto: a fifth of the epochs; 1: as printed",
    )
    t_unit: Literal["epoch", "iteration"] = Field(
        "epoch", description="update the loss weights per epoch or iteration"
    )
    alpha_offset: Share = Field(0.2, description="offset subtracted from the exponential of DRLC")
    alpha_floor: Share = Field(0.05, description="smallest weight of the reconstruction loss")
    fixed_alpha: float = Field(0.5, ge=0, description="weight of the reconstruction loss, if fixed")
    fixed_beta: float = Field(0.5, ge=0, description="weight of the segmentation loss, if fixed")
    dwa_temperature: float = Field(2.0, gt=0, description="temperature of dynamic weight averaging")

    @model_validator(mode="after")
    def _has_a_weight(self) -> Weighting:
        if not self.fixed_alpha + self.fixed_beta:
            raise ValueError("fixed_alpha and fixed_beta must not both be 0")
        return self


class TeacherForcing(Section):
    """Input of the segmentation network during the training (ITFS)."""

    teacher_forcing: Literal[
        "alternate", "per_epoch", "per_sample", "period", "always", "never", "scheduled"
    ] = Field(
        "alternate",
        description="when the input of the U-Net is the reference image; alternate: ITFS",
    )
    tf_period: tuple[NonNegativeInt, NonNegativeInt] = Field(
        (1, 1),
        description="number of updates with the reference image, then with the reconstruction",
    )
    tf_schedule: Literal["linear", "exponential", "sigmoid"] = Field(
        "linear", description="course of the probability of the reference image over the epochs"
    )
    tf_start: Share = Field(
        1.0, description="probability of the reference image in the first epoch"
    )
    tf_end: Share = Field(0.0, description="probability of the reference image in the last epoch")

    @model_validator(mode="after")
    def _has_a_period(self) -> TeacherForcing:
        if not any(self.tf_period):
            raise ValueError("tf_period needs two numbers, not both 0")
        return self


class Optimizer(Section):
    """Length of the training, batches and learning rate."""

    epochs: int = Field(50, ge=1, description="number of passes over the training cases")
    batch_size: int = Field(16, ge=1, description="number of slices per update, over all processes")
    accumulate: int = Field(
        1, ge=1, description="number of parts that a batch is split into to save memory"
    )
    learning_rate: float = Field(1e-4, gt=0, description="learning rate of Adam")
    schedule: Literal["steps", "cosine"] = Field(
        "steps", description="schedule of the learning rate"
    )
    warmup_updates: int = Field(
        0, ge=0, description="number of updates over which the learning rate rises from 0"
    )
    lr_decay: float = Field(1.0, gt=0, description="factor on the learning rate at each step")
    lr_decay_every: int = Field(
        10, ge=1, description="number of epochs between steps of the learning rate"
    )
    grad_clip: float = Field(0.0, ge=0, description="maximum norm of the gradient; 0: no limit")
    ema_decay: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="decay per update of the average of the weights that is used; 0: no average",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="precision of the convolutions"
    )

    @model_validator(mode="after")
    def _parts_are_not_empty(self) -> Optimizer:
        if self.accumulate > self.batch_size:
            raise ValueError("accumulate is larger than batch_size")
        return self


class Validation(Section):
    """Validation after each epoch, and choice of the best checkpoint."""

    validation_slices: int = Field(
        8, ge=1, description="number of evenly spaced slices per validation case"
    )
    select_by: Literal["val_dice", "val_psnr", "last"] = Field(
        "val_dice", description="validation score that selects the best checkpoint"
    )
