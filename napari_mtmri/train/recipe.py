# SPDX-License-Identifier: BSD-3-Clause
"""What a training does: every choice in one frozen, checked record."""

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

Method = Literal["mtmri", "d5c5", "unet-full-sample"]
Size = tuple[PositiveInt, PositiveInt]
Share = Annotated[float, Field(ge=0, le=1)]
SIMULATED = "simulated"  # what a user names as data to have heads made by the program


class Recipe(BaseModel):
    """Keys, defaults and meaning follow the table of the documentation (training).

    Anything random derives from ``seed`` together with the epoch and the case, never
    from the time or the number of workers or processes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: Method = Field("mtmri", description="what is trained")
    seed: int = Field(0, description="everything random derives from it")
    start_from: str | None = Field(
        None, description="weights to begin with: a file, or a method whose weights are there"
    )

    # Data
    split: dict[Literal["train", "val", "test"], Share] = Field(
        default={"train": 0.7, "val": 0.15, "test": 0.15},
        description="shares of the patients, where the data name no split",
    )
    image_glob: str | None = Field(None, description="images in the folder of cases")
    labels_glob: str | None = Field(None, description="labels in the folder of cases")
    patient_regex: str | None = Field(
        None, description="its first group in an image's path is the patient"
    )
    classes: int | Literal["auto"] = Field("auto", description="number of labels, or found")
    skip_unreadable: bool = Field(False, description="leave out cases that cannot be read")
    resize: Size | None = Field(None, description="readout, phase; before k-space")
    crop: Size | None = Field(None, description="readout, phase; around the head")
    sequence: Literal["as-is", "t1-spgr", "t1-se", "t2-se", "pd-se", "flair"] = Field(
        "as-is", description="look of images simulated from tissue label maps"
    )
    field_t: float = Field(1.5, description="field strength of simulated images")
    bias_percent: float = Field(0.0, ge=0, le=100, description="bias field of simulated images")
    n_simulated: tuple[PositiveInt, NonNegativeInt, NonNegativeInt] = Field(
        (4, 2, 0), description="simulated heads to train, validate and test on"
    )
    simulated_size: Size = Field((64, 64), description="readout, phase of simulated heads")

    # Sampling
    pattern: str = Field("random", description="under-sampling pattern")
    accelerations: dict[float, float] = Field(
        default={4.0: 1.0}, description="acceleration and the share of volumes drawn with it"
    )
    center_fraction: Share | None = Field(None, description="fully sampled centre; null: automatic")
    mask_scope: Literal["volume", "slice", "dataset"] = Field("volume", description="one mask per")
    mask_redraw: Literal["epoch", "never"] = Field("epoch", description="new masks every epoch?")
    phase_share: Share = Field(0.5, description="share of draws with a smooth random phase")
    snr: float | None = Field(None, gt=0, description="mean inside the head over noise; null: none")
    augment: Literal["none", "flip", "affine"] = Field("none", description="before k-space")
    slice_filter: Literal["all", "object"] = Field("all", description="object: no empty slices")
    slices_per_case: int | None = Field(None, ge=1, description="drawn per epoch; null: all")
    lesion_fraction: Share | None = Field(None, description="share of lesion slices")

    # Networks
    recon_cascades: int = Field(5, ge=1, le=20, description="of D5C5")
    recon_convs: int = Field(5, ge=2, le=20, description="convolutions of each cascade")
    recon_features: int = Field(64, ge=1, le=512, description="filters of D5C5")
    recon_last_scale: float = Field(
        0.1, ge=0, description="initial weights of each last convolution"
    )
    seg_features: int = Field(64, ge=1, le=512, description="width of the U-Net's first level")
    seg_depth: int = Field(4, ge=1, le=6, description="poolings of the U-Net")

    # Losses and their weights
    recon_loss: Literal["l2", "l1"] = "l2"
    recon_domain: Literal["complex", "magnitude"] = "complex"
    recon_reduction: Literal["mean", "sum"] = Field("mean", description="over the pixels")
    recon_scale: PositiveFloat | Literal["zero_filled"] = Field(
        "zero_filled", description="factor, or 1 / mean zero-filled error"
    )
    recon_factor: float = Field(1.0, gt=0, description="on top of recon_scale")
    seg_loss: Literal["dice", "ce", "dice+ce"] = "dice"
    dice_over: Literal["batch", "sample"] = "batch"
    dice_smooth: float = Field(0.1, gt=0, description="below, as in Eq. 4")
    dice_smooth_top: float = Field(0.0, ge=0, description="above; 0 in Eq. 4")
    weighting: Literal["exponential", "linear", "fixed", "uncertainty", "dwa"] = Field(
        "exponential", description="of the two losses (DRLC: exponential)"
    )
    time_constant: PositiveFloat | Literal["auto"] = Field(
        "auto", description="of the exponential, in epochs; auto: a fifth; 1: as printed"
    )
    t_unit: Literal["epoch", "iteration"] = Field("epoch", description="weights move per")
    alpha_offset: Share = Field(0.2, description="what the exponential is lowered by")
    alpha_floor: Share = Field(0.05, description="least weight of the reconstruction")
    fixed_alpha: float = Field(0.5, ge=0, description="weight of the reconstruction")
    fixed_beta: float = Field(0.5, ge=0, description="weight of the segmentation")
    dwa_temperature: float = Field(2.0, gt=0)
    teacher_forcing: Literal[
        "alternate", "per_epoch", "per_sample", "period", "always", "never", "scheduled"
    ] = Field("alternate", description="what the U-Net is shown (ITFS: alternate)")
    tf_period: tuple[NonNegativeInt, NonNegativeInt] = Field(
        (1, 1), description="truth updates, own updates"
    )
    tf_schedule: Literal["linear", "exponential", "sigmoid"] = "linear"
    tf_start: Share = Field(1.0, description="share of truth in the first epoch")
    tf_end: Share = Field(0.0, description="share of truth in the last epoch")

    # Optimiser
    epochs: int = Field(50, ge=1, description="times that all is shown")
    batch_size: int = Field(16, ge=1, description="slices per update, over all processes")
    accumulate: int = Field(1, ge=1, description="parts of a batch, one after the other")
    learning_rate: float = Field(1e-4, gt=0, description="of Adam")
    schedule: Literal["steps", "cosine"] = Field("steps", description="of the learning rate")
    warmup_updates: int = Field(0, ge=0)
    lr_decay: float = Field(1.0, gt=0, description="factor of the steps")
    lr_decay_every: int = Field(10, ge=1, description="epochs")
    grad_clip: float = Field(0.0, ge=0, description="largest norm of the gradient; 0: any")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="of convolutions")

    # Validation
    validation_slices: int = Field(8, ge=1, description="per validation case, evenly spaced")
    select_by: Literal["val_dice", "val_psnr", "last"] = Field(
        "val_dice", description="which checkpoint is the best"
    )

    @field_validator("accelerations", mode="before")
    @classmethod
    def _one_acceleration(cls, value: Any) -> Any:
        return {value: 1.0} if isinstance(value, int | float) else value

    @field_validator("accelerations")
    @classmethod
    def _can_be_drawn(cls, value: dict[float, float]) -> dict[float, float]:
        if not value or min(value) < 1 or max(value) > 16:
            raise ValueError("accelerations lie between 1 and 16")
        if min(value.values()) < 0 or not sum(value.values()) > 0:
            raise ValueError("shares are not negative and not all 0")
        return value

    @field_validator("field_t")
    @classmethod
    def _has_values(cls, value: float) -> float:
        if value not in (1.5, 3.0):
            raise ValueError("tissue values are known at 1.5 and 3 T")
        return value

    @field_validator("classes")
    @classmethod
    def _few_classes(cls, value: int | str) -> int | str:
        if isinstance(value, int) and not 1 <= value <= 64:
            raise ValueError("classes lie between 1 and 64")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Recipe:
        if not any(self.tf_period):
            raise ValueError("tf_period needs two counts, not both 0")
        if not self.fixed_alpha + self.fixed_beta:
            raise ValueError("fixed_alpha and fixed_beta are not both 0")
        if not self.split.get("train"):
            raise ValueError("split needs a share to train on")
        if self.accumulate > self.batch_size:
            raise ValueError("accumulate is more than batch_size")
        return self

    @property
    def n_classes(self) -> int:
        """Number of labels; 1 until "auto" was resolved from the data."""
        return 1 if self.classes == "auto" else self.classes

    @property
    def architecture(self) -> dict[str, Any]:
        """What `napari_mtmri.networks.build` makes the network from."""
        recon = {
            "cascades": self.recon_cascades,
            "convolutions": self.recon_convs,
            "features": self.recon_features,
            "last_scale": self.recon_last_scale,
        }
        channels = 1 if self.n_classes == 1 else self.n_classes + 1
        seg = {"classes": channels, "features": self.seg_features, "depth": self.seg_depth}
        return {
            "reconstruction": None if self.method == "unet-full-sample" else recon,
            "segmentation": None if self.method == "d5c5" else seg,
            "window": None if self.method == "d5c5" or not self.crop else list(self.crop),
        }

    @property
    def best_by(self) -> str:
        """Name of the score that chooses the best checkpoint, as far as the method has it."""
        if self.select_by == "last" or self.method == "mtmri":
            return self.select_by
        return "val_psnr" if self.method == "d5c5" else "val_dice_truth"

    @property
    def is_joint(self) -> bool:
        """Whether both losses are there to be weighted."""
        return self.method == "mtmri"

    @property
    def tau(self) -> float:
        """Time constant of DRLC in epochs."""
        return self.epochs / 5 if self.time_constant == "auto" else self.time_constant
