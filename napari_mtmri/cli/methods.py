# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri methods``: list the methods, or print the card of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_mtmri.cli import options
from napari_mtmri.cli.output import columns, write_json, write_result
from napari_mtmri.errors import MtmriError

if TYPE_CHECKING:
    from napari_mtmri.weights import Card


def methods(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Method whose card is printed.")
    ] = None,
    weights: options.Weights = None,
    json: options.Json = False,
) -> None:
    """List the methods, or print the card of one.

    Example: napari-mtmri methods
             napari-mtmri methods mtmri
    """
    from napari_mtmri.methods.base import METHODS

    if name is not None:
        METHODS.get(name)  # raises for an unknown name
        facts = facts_of(name, weights)
        if json:
            write_json({**facts, "cards": [card.model_dump() for card in facts["cards"]]})
        else:
            write_result(_card_text(facts))
        return
    found = [facts_of(one, weights) for one in METHODS.names()]
    if json:
        write_json([{key: one[key] for key in one if key != "cards"} for one in found])
        return
    rows = [["NAME", "GIVES", "NEEDS", "RUNS", "SIZE", "GFLOP", "DESCRIPTION"]]
    for one in found:
        size, gflop = one["n_parameters"], one["gflop_per_slice"]
        rows.append([
            one["name"], ", ".join(one["gives"]), ", ".join(one["needs"]),
            "yes" if one["runs"] else "no", "–" if size is None else f"{size / 1e6:.2f} M",
            "–" if gflop is None else f"{gflop:.1f}", one["summary"],
        ])  # fmt: skip
    write_result(columns(rows))
    reasons = [[one["name"], f"cannot run: {one['why']}"] for one in found if not one["runs"]]
    if reasons:
        write_result("\n" + columns(reasons))


def facts_of(name: str, weights: Path | None = None) -> dict[str, Any]:
    """Return the description of a method, whether it can run, and if not, why."""
    from napari_mtmri.batch.method_choice import cards_of
    from napari_mtmri.methods.base import METHODS
    from napari_mtmri.weights import list_weights

    facts: dict[str, Any] = {
        "name": name, "title": name, "summary": "", "gives": [], "needs": [], "parameters": {},
        "runs": False, "why": "", "n_parameters": None, "gflop_per_slice": None, "cards": [],
        "own_weights": [],
    }  # fmt: skip
    try:
        method = METHODS.get(name)
        facts.update(
            title=method.title,
            summary=method.summary,
            gives=sorted(method.gives),
            needs=sorted(method.needs),
            parameters={option.name: option.help for option in method.parameters},
        )
        if weights is None:
            facts["own_weights"] = [path.stem for path in list_weights(name)]
        cards = cards_of(name, weights)
        return {**facts, "runs": True, "cards": cards, **_cost_of(cards)}
    except MtmriError as why:
        return {**facts, "why": str(why)}


def _cost_of(cards: Sequence[Card]) -> dict[str, Any]:
    """Return parameters and GFLOP per slice of all cards together; nothing if one lacks them."""
    found = [(card.n_parameters, card.gflop_per_slice) for card in cards]
    sizes = [size for size, _ in found if size is not None]
    gflops = [gflop for _, gflop in found if gflop is not None]
    if not cards or min(len(sizes), len(gflops)) < len(cards):
        return {}
    return {"n_parameters": sum(sizes), "gflop_per_slice": sum(gflops)}


def _card_text(facts: dict[str, Any]) -> str:
    lines = [f"{facts['title']}: {facts['summary']}"]
    lines += [f"  --param {name}=…  {text}" for name, text in facts["parameters"].items()]
    lines += [f"  --weights {name}" for name in facts["own_weights"]]
    if facts["why"]:
        lines.append(f"It cannot run: {facts['why']}")
    return "\n\n".join(["\n".join(lines), *(card.text() for card in facts["cards"])])
