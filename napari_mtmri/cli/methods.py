# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri methods``: what there is, and the card of one."""

from __future__ import annotations

from typing import Annotated

import typer

from napari_mtmri.cli import words


def methods(
    name: Annotated[str | None, typer.Argument(help="Print this method's card.")] = None,
    weights: words.Weights = None,
    json: words.Json = False,
) -> None:
    """List the methods, or print the card of one.

    Example: napari-mtmri methods mtmri
    """
    from napari_mtmri.methods.base import METHODS

    if name is not None:
        _card(name, weights, json)
        return
    rows = [_row(one, weights) for one in METHODS.names()]
    if json:
        words.print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['name']:<18} gives {row['gives']:<20} {row['state']}")
        typer.echo(f"{'':<18} {row['summary']}")


def _row(name: str, weights: words.Weights) -> dict[str, str]:
    from napari_mtmri.errors import MtmriError
    from napari_mtmri.methods.base import METHODS
    from napari_mtmri.weights import find_weights, read_card

    try:
        member = METHODS.get(name)
    except MtmriError as why:
        return {"name": name, "gives": "-", "state": "cannot be loaded", "summary": str(why)}
    try:
        cards = [read_card(find_weights(one, weights)) for one in member.weights]
        state = "ready" if not cards else f"ready, {cards[-1].size}"
    except MtmriError as why:
        state = f"cannot run: {why}"
    if member.is_full_sample:
        state += "; is shown the fully sampled image"
    gives = " and ".join(sorted(member.gives))
    return {"name": name, "gives": gives, "state": state, "summary": member.summary}


def _card(name: str, weights: words.Weights, json: bool) -> None:
    from napari_mtmri.methods.base import METHODS
    from napari_mtmri.weights import find_weights, read_card

    member = METHODS.get(name)
    cards = [read_card(find_weights(one, weights)) for one in member.weights]
    if json:
        words.print_json([card.model_dump() for card in cards])
        return
    typer.echo(f"{member.title}: {member.summary}")
    for card in cards:
        typer.echo("")
        typer.echo(card.text())
