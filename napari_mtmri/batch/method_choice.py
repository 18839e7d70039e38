# SPDX-License-Identifier: BSD-3-Clause
"""Method with its parameters, weights and device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_mtmri.errors import RequestError, WeightsError
from napari_mtmri.methods.base import DEFAULT_METHOD, METHODS
from napari_mtmri.parameters import check_options
from napari_mtmri.weights import Card, find_weights, own_weights, read_card


@dataclass(frozen=True)
class MethodChoice:
    """A method with the settings to load it.

    Parameters
    ----------
    name : str
        Name of a registered method.
    parameters : mapping
        Parameters of the method.
    device, precision : str
        See `napari_mtmri.device.choose_device`.
    weights : Path, optional
        Weights file, name of exported weights, or folder of weights files named by method.
    keep_phase : bool
        Keep the complex images in the result.
    """

    name: str = DEFAULT_METHOD
    parameters: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    precision: str = "auto"
    weights: Path | None = None
    keep_phase: bool = False

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "weights", own_weights(self.weights))

    def record(self) -> dict[str, Any]:
        """Return the settings that a result depends on as plain data, weights by their SHA-256.

        Raises
        ------
        RequestError
            If the method or a parameter does not exist.
        WeightsError
            If weights are missing or made for another method.
        ResourceError
            If a package that the method needs is not installed.
        """
        method = METHODS.get(self.name)
        return {
            "method": self.name,
            "parameters": check_options(self.parameters, method.parameters, self.name),
            "device": self.device,
            "precision": self.precision,
            "weights": [card.sha256 for card in cards_of(self.name, self.weights)],
            **({"keep_phase": True} if self.keep_phase else {}),
        }


def as_choices(methods: Sequence[str | MethodChoice]) -> list[MethodChoice]:
    """Return a choice for each method, without duplicates.

    Raises
    ------
    RequestError
        If there is none, or a method is given twice with different settings.
    """
    choices = [MethodChoice(one) if isinstance(one, str) else one for one in methods]
    found = {choice.name: choice for choice in choices}
    if not found:
        raise RequestError("`methods` is empty; see `napari-mtmri methods` for the names.")
    for choice in choices:
        if choice != found[choice.name]:
            raise RequestError(f"{choice.name}: given twice with different settings; give one.")
    return list(found.values())


def cards_of(name: str, weights: Path | None) -> list[Card]:
    """Return the model cards of a method's weights, without reading the weights.

    Raises
    ------
    WeightsError
        If weights are missing or made for another method.
    ResourceError
        If a package that the method needs is not installed.
    """
    cards = []
    member = METHODS.get(name)
    member.require_extra()
    for part in member.weights_at(weights):
        file = find_weights(part, weights)
        card = read_card(file)
        if card.method != part:
            raise WeightsError(
                f"{file}: was made for {card.method!r}, not for {part!r}; choose another file."
            )
        cards.append(card)
    return cards
