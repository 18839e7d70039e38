# SPDX-License-Identifier: BSD-3-Clause
"""The Methods paragraph of a paper: sampling, networks, training data, metrics, citations."""

from __future__ import annotations

from collections.abc import Sequence

from napari_mtmri import __version__
from napari_mtmri.compare import Comparison, Sweep, score_table
from napari_mtmri.methods.base import METHODS
from napari_mtmri.methods.citations import QI
from napari_mtmri.metrics.base import all_metrics
from napari_mtmri.patterns.base import PATTERNS
from napari_mtmri.report.case_part import notes_of
from napari_mtmri.report.page import Items, Part
from napari_mtmri.report.provenance import (
    known_cards,
    made_with,
    realism_text,
    results_of,
    sampling_text,
)
from napari_mtmri.report.sweep_words import requested, sweep_notes, sweep_sampling
from napari_mtmri.result import Result
from napari_mtmri.weights import Card

DATA_CRIMES = (
    "Shimron, Tamir, Wang, Lustig. Implicit data crimes: machine learning bias arising from misuse of "
    "public data. PNAS 119(13), 2022."
)


def methods_part(
    comparisons: Sequence[Comparison], sweeps: Sequence[Sweep], patients: Sequence[str]
) -> Part:
    """Return the paragraph to paste into a paper, and the works to cite."""
    results = results_of(comparisons)
    cards = known_cards(made_with(results, sweeps))
    names = [*(result.method for result in results), *(n for s in sweeps for n in requested(s))]
    depends = [note for one in comparisons for note in notes_of(one)]
    depends += [note for sweep in sweeps for note in sweep_notes(sweep)]
    text = " ".join(
        [
            *_sampling(results),
            *(line for sweep in sweeps for line in sweep_sampling(sweep)),
            *_methods(names, list(cards.values())),
            *(["Scores of the volume:", *dict.fromkeys(depends)] if depends else []),
            *_statistics(len(comparisons), len(set(patients))),
        ]
    )
    shown = [c.quantity.name for one in comparisons for c in score_table(one).columns]
    shown += [metric for sweep in sweeps for metric in sweep.metrics]
    simulated = bool(sweeps) or any(one.request.get("simulation") is not None for one in results)
    found = _citations(names, shown, list(cards.values()), simulated=simulated)
    works = Items(tuple(found))
    if not text:
        return Part("Methods", (works,))
    return Part("Methods", ("Text for a paper; check it against what was done.", text, works))


def _sampling(results: Sequence[Result]) -> list[str]:
    if not results:
        return []
    found = [f"Images were processed with napari-mtmri {_versions(results)}."]
    origins = dict.fromkeys(realism_text(result.request.get("simulation")) for result in results)
    found.append(f"K-space was {'; or '.join(origins)}.")
    lines: dict[str, None] = {}
    for result in results:
        pattern = result.request.get("pattern") or {}
        name = str(pattern.get("name") or "")
        known = name in PATTERNS.names()
        what = f" ({_lower(PATTERNS.get(name).summary)})" if known else ""
        seed = f", seed {pattern['seed']}" if "seed" in pattern else ""
        text = f"the pattern {name!r}{what}" if name else "a mask"
        lines[
            f"It was sampled with {text}: {sampling_text(result)}{seed}; one mask for all slices."
        ] = None
    return [*found, *lines]


def _versions(results: Sequence[Result]) -> str:
    versions = ((r.provenance.get("versions") or {}).get("napari-mtmri") for r in results)
    return ", ".join(dict.fromkeys(str(one or __version__) for one in versions))


def _lower(text: str) -> str:
    """Return a summary as part of a sentence; abbreviations keep their capitals."""
    text = text.rstrip(".")
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _methods(names: Sequence[str], cards: Sequence[Card]) -> list[str]:
    found = []
    for name in dict.fromkeys(names):
        known = name in METHODS.names()
        summary = f": {_lower(METHODS.get(name).summary)}" if known else ""
        found.append(f"Method {name!r}{summary}.")
    by_data: dict[tuple[str, ...], list[Card]] = {}
    for card in cards:
        how = f"{card.n_cases} cases in {card.n_updates} updates"
        by_data.setdefault((how, card.data, card.split), []).append(card)
    for (how, data, split), members in by_data.items():
        titles = ", ".join(f"{c.title} ({c.size}, SHA-256 {c.sha256[:12]}…)" for c in members)
        sampling = dict.fromkeys(card.sampling for card in members)
        found.append(
            f"Weights: {titles}; trained on {how}. Training data: {data}. Split: {split}. Sampling in "
            f"training: {' or '.join(sampling)}."
        )
    return found


def _statistics(n_cases: int, n_patients: int) -> list[str]:
    if n_cases < 2:
        return []
    who = f"{n_cases} cases"
    if n_patients < n_cases:
        who = f"{n_patients} patients, whose {n_cases} sessions were averaged first"
    unit = "cases" if n_patients == n_cases else "patients"
    return [
        f"Over {who}: mean, standard deviation and median; 95 % percentile bootstrap intervals of "
        f"the mean over {unit}; Wilcoxon signed-rank tests of paired differences, "
        "corrected by Holm's method."
    ]


def _citations(
    methods: Sequence[str], scores: Sequence[str], cards: Sequence[Card], *, simulated: bool
) -> list[str]:
    """Return the works to cite: of the program, the methods, the scores and the training data."""
    known = [name for name in dict.fromkeys(methods) if name in METHODS.names()]
    works = [QI, *(work for name in known for work in METHODS.get(name).citations)]
    works += [
        work
        for metric in all_metrics()
        if any(one.name in scores for one in metric.gives)
        for work in metric.citations
    ]
    works += [DATA_CRIMES] if simulated else []
    works += [f"Training data: {card.citation}." for card in cards if card.citation]
    return list(dict.fromkeys([f"napari-mtmri {__version__}, BSD-3-Clause.", *works]))
