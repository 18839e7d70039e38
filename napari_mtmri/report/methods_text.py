# SPDX-License-Identifier: BSD-3-Clause
"""The Methods paragraph of a paper: sampling, networks, training data, metrics, citations."""

from __future__ import annotations

from collections.abc import Sequence

from napari_mtmri import __version__
from napari_mtmri.compare import Comparison, score_table
from napari_mtmri.methods.base import METHODS
from napari_mtmri.patterns.base import PATTERNS
from napari_mtmri.report.case_part import notes_of
from napari_mtmri.report.page import Items, Part
from napari_mtmri.report.provenance import (
    known_cards,
    realism_text,
    results_of,
    sampling_text,
)
from napari_mtmri.result import Result
from napari_mtmri.weights import Card

QI = (
    "Qi, Gong, Liu, Liu, Zheng, Wang. Multi-task MR imaging with iterative teacher forcing and "
    "re-weighted deep learning. arXiv, 2020."
)
SCHLEMPER = (
    "Schlemper, Caballero, Hajnal, Price, Rueckert. A deep cascade of convolutional neural networks "
    "for dynamic MR image reconstruction. IEEE Trans. Med. Imaging 37(2), 2018."
)
RONNEBERGER = (
    "Ronneberger, Fischer, Brox. U-Net: convolutional networks for biomedical image segmentation. "
    "MICCAI, 2015."
)
PAPERS = {
    "mtmri": (QI, SCHLEMPER, RONNEBERGER),
    "d5c5": (SCHLEMPER,),
    "two-stage": (SCHLEMPER, RONNEBERGER),
    "unet-full-sample": (RONNEBERGER,),
    "PSNR": ("Zbontar et al. fastMRI: an open dataset and benchmarks for accelerated MRI. arXiv "
             "1811.08839, 2018 (definition of the peak).",),
    "SSIM": ("Wang, Bovik, Sheikh, Simoncelli. Image quality assessment: from error visibility to "
             "structural similarity. IEEE Trans. Image Process. 13(4), 2004.",),
    "Dice": ("Dice. Measures of the amount of ecologic association between species. Ecology 26(3), "
             "1945.",),
    "simulated": ("Shimron, Tamir, Wang, Lustig. Implicit data crimes: machine learning bias arising "
                  "from misuse of public data. PNAS 119(13), 2022.",),
}  # fmt: skip


def methods_part(comparisons: Sequence[Comparison], n_cases: int) -> Part:
    """Return the paragraph to paste into a paper, and the works to cite."""
    results = results_of(comparisons)
    cards = known_cards(results)
    text = " ".join(
        [
            *_sampling(results),
            *_methods(results, cards),
            *_metrics(comparisons),
            *_statistics(n_cases),
        ]
    )
    works = Items(tuple(_citations(comparisons, results, list(cards.values()))))
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


def _methods(results: Sequence[Result], cards: dict[str, Card]) -> list[str]:
    found = []
    for name in dict.fromkeys(result.method for result in results):
        known = name in METHODS.names()
        summary = f": {_lower(METHODS.get(name).summary)}" if known else ""
        found.append(f"Method {name!r}{summary}.")
    by_data: dict[tuple[str, ...], list[Card]] = {}
    for card in cards.values():
        how = f"{card.n_cases} cases in {card.n_updates} updates"
        by_data.setdefault((how, card.data, card.split), []).append(card)
    for (how, data, split), members in by_data.items():
        names = ", ".join(f"{c.title} ({c.size}, SHA-256 {c.sha256[:12]}…)" for c in members)
        sampling = dict.fromkeys(card.sampling for card in members)
        found.append(
            f"Weights: {names}; trained on {how}. Training data: {data}. Split: {split}. Sampling in "
            f"training: {' or '.join(sampling)}."
        )
    return found


def _metrics(comparisons: Sequence[Comparison]) -> list[str]:
    found = dict.fromkeys(note for one in comparisons for note in notes_of(one))
    return ["Scores of the volume:", *found] if found else []


def _statistics(n_cases: int) -> list[str]:
    if n_cases < 2:
        return []
    return [
        f"Over {n_cases} cases: mean, standard deviation and median; 95 % percentile bootstrap "
        "intervals of the mean over cases; Wilcoxon signed-rank tests of paired differences, "
        "corrected by Holm's method."
    ]


def _citations(
    comparisons: Sequence[Comparison], results: Sequence[Result], cards: Sequence[Card]
) -> list[str]:
    names = [
        *(result.method for result in results),
        *(column.quantity.name for one in comparisons for column in score_table(one).columns),
    ]
    if any(result.request.get("simulation") is not None for result in results):
        names.append("simulated")
    works = [QI, *(work for name in names for work in PAPERS.get(name, ()))]
    works += [f"Training data: {card.citation}." for card in cards if card.citation]
    return list(dict.fromkeys([f"napari-mtmri {__version__}, BSD-3-Clause.", *works]))
