# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri zoo``: the methods and their weights at a glance, and making the weights again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_mtmri.cli import options
from napari_mtmri.cli.methods import facts_of
from napari_mtmri.cli.output import columns, write_json, write_note, write_result
from napari_mtmri.cli.train import config_of, require_lightning, run_training
from napari_mtmri.errors import InputError, RequestError, WeightsError
from napari_mtmri.train.data.training_data import start_parts

if TYPE_CHECKING:
    from napari_mtmri.train.folder.layout import Config
    from napari_mtmri.weights import Card

TRAIN = "train"
NONE = "—"
OWN_WORDS = ("--data", "-d", "--out", "-o")  # of a card's command; zoo has its own


def zoo(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[train NAME...]", help="Make the weights of these methods again."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="With train: all weights that are installed.")
    ] = False,
    data: Annotated[
        str | None,
        typer.Option("--data", "-d", metavar="FOLDER", help="With train: the training cases."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="With train: folder for the weights."),
    ] = None,
    checkpoint: Annotated[
        Literal["best", "last"], typer.Option(help="With train: checkpoint to keep.")
    ] = "last",
    json: options.Json = False,
) -> None:
    """List methods with weights, size, scores and licence; or make their weights again.

    zoo train runs the command on the card of each weights file. After a stop the same command
    continues; finished weights are kept. Weights that start from others start from those in
    --out, if they are there. The new cards contain no scores: evaluate the weights first.

    Example: napari-mtmri zoo
             napari-mtmri zoo train d5c5 --data lgg-flair --out weights
             napari-mtmri zoo train --all --data lgg-flair --out weights
    """
    if not words and not every:
        _list(as_json=json)
        return
    action, *names = words or [""]
    if action != TRAIN or (bool(names) == every):
        raise RequestError(
            f"zoo {' '.join(words or ())}: write `zoo train NAME...` or `zoo train --all`."
        )
    if data is None or out is None:
        raise RequestError("zoo train needs `data`, the training cases, and `out`, a folder.")
    require_lightning()
    made = [
        _train(card, data, out, checkpoint)
        for card in _in_order(_installed() if every else _cards(names))
    ]
    if json:
        write_json([str(path) for path in made])


def _list(*, as_json: bool) -> None:
    from napari_mtmri.methods.base import METHODS

    found = [_entry(name) for name in METHODS.names()]
    if as_json:
        write_json(found)
        return
    rows = [["NAME", "GIVES", "WEIGHTS", "PARAMETERS", "MB", "SIZE", "SCORES AT R 4", "LICENCE"]]
    for one in found:
        megabytes, parameters = one["megabytes"], one["n_parameters"]
        rows.append([
            one["name"], ", ".join(one["gives"]), one["weights"],
            NONE if parameters is None else f"{parameters:,}",
            NONE if megabytes is None else f"{megabytes:.1f}",
            " + ".join(one["sizes"]) or NONE, _scores(one["scores"]),
            "; ".join(text.partition(":")[0] for text in one["licences"]) or NONE,
        ])  # fmt: skip
    write_result(columns(rows))
    if len({size for one in found for size in one["sizes"]}) > 1:
        write_note(
            "note: weights of different size, and perhaps of different training: their scores do "
            "not tell which method is better."
        )


def _entry(name: str) -> dict[str, Any]:
    """Return what the zoo says about a method."""
    from napari_mtmri.methods.base import METHODS
    from napari_mtmri.weights import find_weights, user_folder

    facts = facts_of(name)
    needed = () if name in METHODS.broken() else METHODS.get(name).weights_at()
    paths = [find_weights(part) for part in needed] if facts["runs"] else []
    if not facts["runs"]:
        state = "none" if needed else "cannot run"
    elif not needed:
        state = "needs none"
    else:
        state = "yours" if any(path.parent == user_folder() for path in paths) else "shipped"
    cards = facts["cards"]
    own = [card for card in cards if card.method == name]
    return {
        "name": name,
        "gives": facts["gives"],
        "weights": state if len(cards) < 2 else f"{state}: {' + '.join(c.method for c in cards)}",
        "n_parameters": facts["n_parameters"],
        "gflop_per_slice": facts["gflop_per_slice"],
        "sizes": list(dict.fromkeys(card.size for card in cards)),
        "megabytes": sum(path.stat().st_size for path in paths) / 1e6 if paths else None,
        "scores": [score.model_dump() for card in own for score in card.scores],
        "licences": sorted({card.licence for card in cards}),
        "why": facts["why"],
    }


def _scores(scores: Sequence[dict[str, Any]]) -> str:
    """Return the mean of each main score, of the split evaluated last."""
    from napari_mtmri.metrics.base import MAIN_REGION, decimals, main_quantity

    kinds: tuple[Literal["image", "labels"], ...] = ("image", "labels")
    wanted = {main_quantity(kind).name: MAIN_REGION[kind] for kind in kinds}
    parts = [
        f"{one['split']} {one['metric']} {one['mean']:.{decimals(one['metric'], 'line')}f}"
        for one in scores
        if wanted.get(one["metric"]) == one["region"] and round(one["acceleration"]) == 4
    ]
    return ", ".join(parts) or NONE


def _cards(names: Sequence[str]) -> list[Card]:
    """Return the cards of the weights that the methods need, each once."""
    from napari_mtmri.batch.method_choice import cards_of
    from napari_mtmri.methods.base import METHODS

    for name in names:
        if not METHODS.get(name).weights:
            raise RequestError(f"{name} needs no weights; leave it out.")
    return list({card.method: card for name in names for card in cards_of(name, None)}.values())


def _installed() -> list[Card]:
    """Return the cards of all weights that are installed."""
    from napari_mtmri.methods.base import all_methods
    from napari_mtmri.weights import find_weights, read_card

    found = {}
    for part in dict.fromkeys(part for one in all_methods() for part in one.weights):
        try:
            found[part] = read_card(find_weights(part))
        except WeightsError:  # not every method ships weights
            continue
    return list(found.values())


def _in_order(cards: Sequence[Card]) -> list[Card]:
    """Return the cards so that weights come after those that they start from."""
    known = {card.method: card for card in cards}
    before = {name: (_starts(card) & known.keys()) - {name} for name, card in known.items()}
    return [known[name] for name in TopologicalSorter(before).static_order()]


def _starts(card: Card) -> set[str]:
    """Return the names of the weights that the command of a card starts from."""
    pairs = (word.partition("=") for word in shlex.split(card.command))
    return {name for key, _, value in pairs if key == "start_from" for name in start_parts(value)}


def command_config(card: Card, data: str, out: Path) -> Config:
    """Return the configuration of a training from the command on a card.

    Parameters
    ----------
    card : Card
    data : str
        Folder of the training cases, instead of that in the command.
    out : Path
        Folder whose weights replace those of the same name as initial weights.

    Raises
    ------
    InputError
        If the command is not one of ``napari-mtmri train``, or uses a file.
    """
    words = shlex.split(card.command)
    if words[:2] != ["napari-mtmri", "train"]:
        raise InputError(
            f"{card.method}: the command on its card, {card.command!r}, is not `napari-mtmri train`; "
            "train it with a recipe of your own."
        )
    preset, keys, rest = None, [], iter(words[2:])
    for word in rest:
        if word == "--preset":
            preset = next(rest, None)
        elif word in OWN_WORDS:
            next(rest, None)
        elif "=" in word and not word.startswith("-"):
            keys += [] if word.startswith("method=") else [_with_own(word, out)]
        else:
            raise InputError(
                f"{card.method}: the command on its card has {word!r}, which is not at hand; "
                "train it with a recipe of your own."
            )
    return config_of([f"method={card.method}", *keys], preset, data, None)


def _with_own(word: str, out: Path) -> str:
    """Return ``start_from=NAME+...`` with the new weights of these names, where there are any."""
    key, _, value = word.partition("=")
    if key != "start_from":
        return word
    made = {name: out / f"{name}.safetensors" for name in start_parts(value)}
    return f"{key}={'+'.join(str(p) if p.is_file() else name for name, p in made.items())}"


def _train(card: Card, data: str, out: Path, checkpoint: Literal["best", "last"]) -> Path:
    """Train and export one weights file, or what is left of it; return its path."""
    from napari_mtmri.study.state import is_trained
    from napari_mtmri.train.export.weights import About, export
    from napari_mtmri.train.folder.layout import is_run, read_events
    from napari_mtmri.train.loop.hardware import Machine

    place, run = out / f"{card.method}.safetensors", out / "trainings" / card.method
    if place.is_file():
        write_note(f"{card.method}: kept, {place} exists.")
        return place
    if not (is_run(run) and is_trained(read_events(run))):
        write_note(f"{card.method}: {card.command}")
        run.parent.mkdir(parents=True, exist_ok=True)
        run_training(command_config(card, data, out), run, Machine(), as_json=False)
    facts = {key: getattr(card, key) for key in About.model_fields}
    export(
        run, place, checkpoint=checkpoint, about=About(**facts), command=card.command,
        calibrated=card.temperature != 1, smallest_part=card.smallest_part, report=write_note,
    )  # fmt: skip
    write_note(f"{card.method}: written to {place}")
    return place
