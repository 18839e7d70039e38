# SPDX-License-Identifier: BSD-3-Clause
"""Which method, and how it is loaded, as the shell's options give it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.errors import RequestError

if TYPE_CHECKING:
    from napari_mtmri.weights import Card

DEFAULT_METHOD = "mtmri"


@dataclass(frozen=True)
class MethodChoice:
    """A method and how it is loaded, as the shell's options give it.

    Parameters
    ----------
    name : str
    parameters : mapping
    device, precision : str
    weights : Path, optional
    """

    name: str
    parameters: Mapping[str, Any]
    device: str = "auto"
    precision: str = "auto"
    weights: Path | None = None

    def record(self) -> dict[str, Any]:
        """Return what a result depends on, the weights by their SHA-256.

        Raises
        ------
        RequestError
            If the method or a parameter does not exist.
        WeightsError
            If weights are missing or made for another method.
        """
        from napari_mtmri.methods.base import METHODS
        from napari_mtmri.parameters import check_options

        method = METHODS.get(self.name)
        return {
            "method": self.name,
            "parameters": check_options(self.parameters, method.parameters, self.name),
            "device": self.device,
            "precision": self.precision,
            "weights": [card.sha256 for card in cards_of(self.name, self.weights)],
        }


def split_methods(words: Sequence[str] | None) -> list[str]:
    """Return the names of ``["mtmri,d5c5"]``, each once; the joint method by default.

    Raises
    ------
    RequestError
        If there is none.
    """
    given = ",".join(words) if words else DEFAULT_METHOD
    names = list(dict.fromkeys(word.strip() for word in given.split(",") if word.strip()))
    if not names:
        raise RequestError(f"--method {given!r} names no method; see `napari-mtmri methods`.")
    return names


def cards_of(name: str, weights: Path | None) -> list[Card]:
    """Return the cards of a method's weights; without torch.

    Raises
    ------
    WeightsError
        If weights are missing or made for another method.
    """
    from napari_mtmri.errors import WeightsError
    from napari_mtmri.methods.base import METHODS
    from napari_mtmri.weights import find_weights, read_card

    cards = []
    for part in METHODS.get(name).weights:
        file = find_weights(part, weights)
        card = read_card(file)
        if card.method != part:
            raise WeightsError(f"{file}: made for {card.method!r}, not for {part!r}; name another.")
        cards.append(card)
    return cards
