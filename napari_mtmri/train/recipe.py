# SPDX-License-Identifier: BSD-3-Clause
"""Recipe: all settings of a training in one frozen, validated model with sections.

Key names are unique over all sections, so that a key can be given without its section
(``crop``) or with it (``data.crop``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo

from napari_mtmri.errors import RequestError
from napari_mtmri.methods.base import DEFAULT_METHOD, METHODS, training_of
from napari_mtmri.parameters import plain_reason
from napari_mtmri.train.sections import (
    Data,
    Loss,
    Network,
    Optimizer,
    Sampling,
    Section,
    TeacherForcing,
    Validation,
    Weighting,
)

SIMULATED = "simulated"  # name of the data source that generates simulated heads


class Recipe(Section):
    """Settings of a training.

    All random numbers depend on ``seed``, the epoch and the case only, not on the time or
    the number of workers or processes. Keys may be given without their section:
    ``Recipe(crop=(224, 192))``.
    """

    method: str = Field(DEFAULT_METHOD, description="method to train")
    seed: int = Field(0, description="random seed of the training")
    start_from: str | None = Field(
        None,
        description="initial weights: a file, or the name of a method; parts of several are "
        "joined by +",
    )
    data: Data = Data()
    sampling: Sampling = Sampling()
    network: Network = Network()
    loss: Loss = Loss()
    drlc: Weighting = Weighting()
    itfs: TeacherForcing = TeacherForcing()
    optimizer: Optimizer = Optimizer()
    validation: Validation = Validation()
    options: dict[str, Any] = Field(default={}, description="options of the method itself")

    @field_validator("method")
    @classmethod
    def _can_be_trained(cls, value: str) -> str:
        try:
            training_of(value)
        except RequestError as why:
            raise ValueError(str(why).removesuffix(".")) from why
        return value

    @model_validator(mode="before")
    @classmethod
    def _into_sections(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        own = option_keys(given.get("method", DEFAULT_METHOD))
        sections: dict[str, Any] = {}
        for key, value in given.items():
            section = SECTION_OF.get(key, "options" if key in own else None)
            if section is None:
                part = value.model_dump() if isinstance(value, Section) else value
                is_section = key in (*SECTIONS, "options") and isinstance(part, Mapping)
                sections[key] = {**part, **sections.get(key, {})} if is_section else part
            else:
                sections.setdefault(section, {})[key] = value
        return sections

    @model_validator(mode="after")
    def _checks_options(self) -> Recipe:
        model = training_of(self.method).options
        try:
            found = model(**self.options).model_dump()
        except ValidationError as why:
            raise ValueError(reason_of(why.errors()[0], (*KEYS, *model.model_fields))) from why
        object.__setattr__(self, "options", found)
        return self

    @model_validator(mode="after")
    def _halves_images_only(self) -> Recipe:
        # Labels are not binned: a U-Net would be trained on lesions of half their size.
        if self.data.half_matrix_share and "segmentation" in METHODS.get(self.method).gives:
            raise ValueError(
                f"half_matrix_share is for methods that only reconstruct, not for {self.method}"
            )
        return self

    def __getitem__(self, key: str) -> Any:
        """Return the value of a key, given without its section."""
        if key in self.options:
            return self.options[key]
        section = SECTION_OF.get(key)
        return getattr(self if section is None else getattr(self, section), key)

    def changed(self, keys: Mapping[str, Any]) -> Recipe:
        """Return the recipe with other values of some keys, validated."""
        return Recipe(**{**self.flat(mode="python"), **keys})

    def flat(
        self, *, mode: Literal["json", "python"] = "json", exclude_defaults: bool = False
    ) -> dict[str, Any]:
        """Return the values by key, without sections."""
        return flatten(self.model_dump(mode=mode, exclude_defaults=exclude_defaults))

    @property
    def n_classes(self) -> int:
        """Number of label classes; 1 until "auto" is resolved from the data."""
        return 1 if self.data.classes == "auto" else self.data.classes

    @property
    def schedules(self) -> frozenset[str]:
        """Which of the sections "drlc" and "itfs" the method uses."""
        return training_of(self.method).schedules(self)

    @property
    def tau(self) -> float:
        """Time constant of DRLC in epochs."""
        given = self.drlc.time_constant
        return self.optimizer.epochs / 5 if given == "auto" else given


def _fields_of(section: str) -> Mapping[str, FieldInfo]:
    model = Recipe.model_fields[section].annotation
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    return model.model_fields


SECTIONS = (
    "data", "sampling", "network", "loss", "drlc", "itfs", "optimizer", "validation",
)  # fmt: skip
SECTION_OF = {key: section for section in SECTIONS for key in _fields_of(section)}
# Declaration (type, default, description) of every key that all methods share, by section.
KEYS: Mapping[str, FieldInfo] = {
    **{
        key: field
        for key, field in Recipe.model_fields.items()
        if key not in (*SECTIONS, "options")
    },
    **{key: field for section in SECTIONS for key, field in _fields_of(section).items()},
}


def option_keys(method: object) -> Mapping[str, FieldInfo]:
    """Return the declarations of a method's own options; empty for unknown methods."""
    try:
        return training_of(str(method)).options.model_fields
    except RequestError:
        return {}


def flatten(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys without their sections."""
    found: dict[str, Any] = {}
    for key, value in keys.items():
        found.update(value if key in SECTIONS and isinstance(value, Mapping) else {key: value})
    return found


def reason_of(first: Mapping[str, Any], known: Sequence[str]) -> str:
    """Return the reason why a recipe is not valid, with the known keys."""
    reason = "it has too few numbers" if first["type"] == "missing" else plain_reason(first)
    names = [str(place) for place in first["loc"] if place not in (*SECTIONS, "options")]
    if not names:
        return reason
    key = names[0]
    if first["type"] == "extra_forbidden":
        close = get_close_matches(key, known)
        return f"there is no key {key!r}; {'the nearest' if close else 'keys'} are: " + ", ".join(
            close or known
        )
    return f"{key} = {first['input']!r}: {reason}"
