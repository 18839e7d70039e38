# SPDX-License-Identifier: BSD-3-Clause
"""What was asked, and what it was made from: tables of facts of each result."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from napari_mtmri.batch.method_choice import cards_of
from napari_mtmri.compare import Cell, Comparison, Sweep
from napari_mtmri.compare.comparison import grid_text
from napari_mtmri.compare.figure_text import case_name
from napari_mtmri.errors import MtmriError
from napari_mtmri.methods.base import METHODS
from napari_mtmri.patterns.base import Pattern
from napari_mtmri.report.page import Items, Part, Table
from napari_mtmri.report.sweep_words import requested, sweep_limits
from napari_mtmri.result import Result
from napari_mtmri.weights import Card

NOT_KNOWN = "not recorded"
ASKED = ("Result", "Method", "Sampling", "Seed", "k-space", "Phase axis", "Run time", "Cases")
OTHERS = ("Name", "What it is", "Grid", "Cases")


def results_of(comparisons: Iterable[Comparison]) -> list[Result]:
    """Return the results of all comparisons, in their order."""
    cells = (cell for one in comparisons for cell in one.cells)
    return [cell.result for cell in cells if cell.result is not None]


def made_with(results: Sequence[Result], sweeps: Sequence[Sweep] = ()) -> dict[str, str]:
    """Return the method of all weights that results and sweeps were made with, by SHA-256."""
    found = {
        one["sha256"]: str(one.get("method", result.method))
        for result in results
        for one in _weights(result)
    }
    for sweep in sweeps:
        for name, one in requested(sweep).items():
            found |= dict.fromkeys(one["weights"], name)
    return found


def known_cards(used: Mapping[str, str]) -> dict[str, Card]:
    """Return the installed cards of the weights of `made_with`, by SHA-256."""
    found: dict[str, Card] = {}
    for name in METHODS.names() if used else ():
        try:
            found |= {card.sha256: card for card in cards_of(name, None)}
        except MtmriError:  # not installed here: the report says so
            continue
    return {sha256: card for sha256, card in found.items() if sha256 in used}


def _weights(result: Result) -> list[dict[str, Any]]:
    return list(result.provenance.get("weights") or ())


def asked_part(comparisons: Sequence[Comparison]) -> Part:
    """Return what was asked: method, sampling and realism of every result, equal ones once."""
    asked: dict[tuple[str, ...], list[str]] = {}
    seconds: dict[tuple[str, ...], list[float]] = {}
    others: dict[tuple[str, ...], list[str]] = {}
    for one in comparisons:
        for cell in one.cells:
            if cell.result is not None:
                facts = (cell.name, *_asked(cell.result))
                asked.setdefault(facts, []).append(cell.result.name)
                seconds.setdefault(facts, []).append(cell.result.timings.get("run_s", math.nan))
            else:
                facts = (cell.name, _kind_text(cell), grid_text(cell.grid))
                others.setdefault(facts, []).append(case_name(one))
    is_one = len(comparisons) == 1
    runs = [(*facts, _times(seconds[facts]), _shortened(cases)) for facts, cases in asked.items()]
    rest = [(*facts, _shortened(cases)) for facts, cases in others.items()]
    tables = [
        Table(title, heading[:-1] if is_one else heading, tuple(r[:-1] if is_one else r for r in rows),
              is_text=True)
        for title, heading, rows in (("", ASKED, runs), ("Compared with", OTHERS, rest))
        if rows
    ]  # fmt: skip
    return Part("What was asked", tuple(tables))


def _times(seconds: Sequence[float]) -> str:
    low, high = min(seconds), max(seconds)
    if math.isnan(low) or math.isnan(high):
        return "—"
    return f"{low:.1f} s" if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f}–{high:.1f} s"


def _kind_text(cell: Cell) -> str:
    if cell.kind == "reference":
        parts = ["fully sampled image"] if cell.image is not None else []
        return " and ".join([*parts, *(["its segmentation"] if cell.labels is not None else [])])
    words = {"image": "image", "mask": "segmentation", "date": "image of another date, not scored"}
    return ", ".join((words[cell.kind], *cell.remarks))


def _asked(result: Result) -> tuple[str, ...]:
    pattern, simulation = result.request.get("pattern") or {}, result.request.get("simulation")
    known = result.method in METHODS.names()
    title = METHODS.get(result.method).title if known else result.method
    letters = result.zero_filled.ends(result.axes.phase)
    return (
        title,
        f"{pattern.get('name', 'mask')}: {sampling_text(result)}",
        str(pattern.get("seed", "—")),
        realism_text(simulation),
        letters,
    )


def sampling_text(result: Result) -> str:
    """Return the counts of the mask: "64 of 256 lines, R 4.00, centre 20"."""
    mask, record = result.mask, result.request.get("pattern")
    try:
        pattern = Pattern.from_record(record or {})
        shape = (mask.shape[0], mask.shape[1])
        return pattern.describe(shape, mask).text
    except MtmriError:  # a mask from a file, or a pattern of a package that is not installed
        count = int(mask.sum())
        return f"{count} of {mask.size} samples, R {mask.size / max(count, 1):.2f}"


def realism_text(simulation: Any) -> str:
    """Return how the k-space came about: "simulated, smooth phase, SNR 20, 8 coils"."""
    if simulation is None:
        return "measured"
    snr, coils = simulation.get("snr"), simulation.get("n_coils", 1)
    parts = [
        "smooth random phase" if simulation.get("phase") else "no phase",
        "no noise" if snr is None else f"SNR {snr:g}",
        "1 coil" if coils == 1 else f"{coils} coils",
    ]
    return f"simulated from the magnitude image: {', '.join(parts)}"


def provenance_part(comparisons: Sequence[Comparison]) -> Part:
    """Return input, weights, versions, device and date of every result, equal ones together."""
    results = results_of(comparisons)
    cards = known_cards(made_with(results))
    made: dict[tuple[tuple[str, str], ...], list[str]] = {}
    inputs: dict[str, str] = {}
    for result in results:
        made_from = result.provenance.get("input") or {}
        file = f"{made_from['file']}, " if made_from.get("file") else ""
        inputs[result.name] = f"{file}SHA-256 {made_from.get('sha256') or NOT_KNOWN}"
        made.setdefault(_machine(result), []).append(f"{result.name} · {result.method}")
    for one in comparisons:
        inputs |= _opened(one)
    blocks = [Table("Input", (), tuple(inputs.items()))] if inputs else []
    weights = {
        (one["method"], f"SHA-256 {one['sha256']}", _card_text(cards.get(one["sha256"])))
        for result in results
        for one in _weights(result)
    }
    if weights:
        rows = tuple(sorted(weights))
        blocks.append(Table("Weights", ("Method", "File", "What they are"), rows, is_text=True))
    blocks += [Table(f"Made by: {_shortened(names)}", (), facts) for facts, names in made.items()]
    return Part("Where it comes from", tuple(blocks))


def _opened(comparison: Comparison) -> dict[str, str]:
    """Return the hashes of what was opened beside the results: images and segmentations."""
    found = {}
    for cell in comparison.cells:
        own = None if cell.result is None else cell.result.labels
        labels = None if cell.labels is own else cell.labels
        image = None if cell.result is not None else cell.image
        for what, volume in (("image", image), ("segmentation", labels)):
            if volume is not None and volume.sha256 is not None:
                name = f"{case_name(comparison)} · {cell.name}, {what}"
                found[name] = f"SHA-256 {volume.sha256}"
    return found


def _shortened(names: Sequence[str], most: int = 6) -> str:
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - most} more" if len(unique) > most else ""
    return ", ".join(unique[:most]) + more


def _card_text(card: Card | None) -> str:
    if card is None:
        return "not installed here, so that their description is not available"
    return f"{card.title} ({card.size}); licence: {card.licence}"


def _machine(result: Result) -> tuple[tuple[str, str], ...]:
    made = result.provenance
    versions = made.get("versions") or {}
    facts = {
        "Versions": ", ".join(f"{name} {number}" for name, number in versions.items()),
        "Python": f"{made.get('python', NOT_KNOWN)} on {made.get('system', NOT_KNOWN)}",
        "Device": str(made.get("device", NOT_KNOWN)),
        "Date": str(made.get("date", NOT_KNOWN))[:10],
    }
    return tuple(facts.items())


def limits_part(comparisons: Sequence[Comparison], sweeps: Sequence[Sweep] = ()) -> Part:
    """Return the limits: warnings of the results, and those that the cards of weights state."""
    results = results_of(comparisons)
    used = made_with(results, sweeps)
    cards = known_cards(used)
    warnings = [
        *(line for result in results for line in result.warnings),
        *(line for one in comparisons for line in one.warnings),
        *(line for sweep in sweeps for line in sweep_limits(sweep)),
    ]
    limits = [f"Weights of {card.method}: {card.limits}" for card in cards.values()]
    missing = sorted(
        f"Weights of {method} (SHA-256 {sha256[:8]}…): their limits are not known here, because they "
        "are not installed."
        for sha256, method in used.items()
        if sha256 not in cards
    )
    texts = [text for text in dict.fromkeys((*warnings, *_together(limits), *missing)) if text]
    return Part("Limits", (Items(tuple(texts)),))


def _together(limits: Sequence[str]) -> list[str]:
    """Return the limits, each text once with the names of all weights that it is said of."""
    owners: dict[str, list[str]] = {}
    for line in limits:
        owner, _, text = line.partition(": ")
        owners.setdefault(text, []).append(owner.removeprefix("Weights of "))
    return [f"Weights of {', '.join(names)}: {text}" for text, names in owners.items()]
