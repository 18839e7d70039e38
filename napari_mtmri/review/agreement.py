# SPDX-License-Identifier: BSD-3-Clause
"""Agreement between readers, and of a reader with his own second reading."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path

import numpy as np

from napari_mtmri.errors import InputError
from napari_mtmri.files import write_text
from napari_mtmri.readers.base import read_volume
from napari_mtmri.review.bland_altman import BlandAltman, bland_altman, save_bland_altman
from napari_mtmri.review.case_list import VERDICTS
from napari_mtmri.review.kappa import Kappa, cohen, fleiss
from napari_mtmri.review.mask_scores import PairScores, compare_masks
from napari_mtmri.review.opinions import Opinion, find_opinions, require_unblinded
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.stats.patients import sessions_note
from napari_mtmri.tables import csv_text, markdown_table

FEWEST_TO_PLOT = 3
REJECTED_NOTE = "Rejected masks count for the verdicts, not for overlap and volume."


@dataclass(frozen=True)
class CaseAgreement:
    """Disagreement on one case, to sort the queue by.

    Parameters
    ----------
    case : str
    disagreement : float
        1 minus the smallest Dice of any two masks, plus 1 if the verdicts differ: 0 to 2.
    dice : float
        Smallest Dice over pairs of readers and labels; NaN for fewer than two masks.
    verdicts : mapping
        Verdict of each reader.
    """

    case: str
    disagreement: float
    dice: float
    verdicts: Mapping[str, str]

    @property
    def is_disputed(self) -> bool:
        """Whether the verdicts differ."""
        return len(set(self.verdicts.values())) > 1


@dataclass(frozen=True)
class Agreement:
    """Agreement over the cases of a project.

    Parameters
    ----------
    pairs : tuple of PairScores
    cases : tuple of CaseAgreement
        The most disputed first.
    kappas : tuple of Kappa
    bland_altman : tuple of BlandAltman
        Of the total volume, for each pair of readers with at least three common cases.
    notes : tuple of str
    """

    pairs: tuple[PairScores, ...]
    cases: tuple[CaseAgreement, ...]
    kappas: tuple[Kappa, ...]
    bland_altman: tuple[BlandAltman, ...]
    notes: tuple[str, ...] = ()

    def to_csv(self) -> str:
        """Return one line per case, pair of readers and label as CSV text."""
        columns = (*_names(PairScores), "lesion_f1")
        rows = [{**_record(one), "lesion_f1": one.lesion_f1} for one in self.pairs]
        return csv_text(columns, rows)

    def cases_csv(self) -> str:
        """Return the cases as CSV text, the most disputed first."""
        readers = sorted({name for one in self.cases for name in one.verdicts})
        return csv_text(
            ("case", "disagreement", "smallest_dice", *readers),
            [
                (one.case, one.disagreement, one.dice, *(one.verdicts.get(r, "") for r in readers))
                for one in self.cases
            ],
        )

    def to_markdown(self) -> str:
        """Return kappas, overlaps and volumes of each pair of readers as Markdown text."""
        parts = [_overlap_table(self.pairs), _volume_table(self.bland_altman)]
        parts += [_kappa_table(self.kappas), "".join(f"- {note}\n" for note in self.notes)]
        return "\n\n".join(part for part in parts if part)

    def save(self, path: Path) -> list[Path]:
        """Write the tables and the plot next to each other; return their paths.

        Parameters
        ----------
        path : Path
            CSV file for the pairs; the others are named after it.
        """
        others = {"-cases.csv": self.cases_csv(), "-summary.md": self.to_markdown() + "\n"}
        written = [path]
        write_text(path, self.to_csv())
        for ending, text in others.items():
            written.append(path.with_name(path.stem + ending))
            write_text(written[-1], text)
        if self.bland_altman:
            written.append(path.with_name(f"{path.stem}-volumes.png"))
            save_bland_altman(self.bland_altman, written[-1])
        return written


def compare_project(
    project: ReviewProject,
    readers: Sequence[str] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Agreement:
    """Return the agreement of the readers of a project.

    Second readings by the same reader are compared with his first.

    Parameters
    ----------
    project : ReviewProject
    readers : sequence of str, optional
        By default all readers except a consensus of others.
    on_progress : callable
        Called with the number of finished cases and their total.

    Raises
    ------
    RequestError
        If a reader does not exist or is blind.
    InputError
        If no case was judged twice, or a file cannot be read.
    ResourceError
        If a library of the extra ``review`` is missing.
    """
    require_unblinded(project, readers)
    opinions = find_opinions(project, readers)
    shared = {name: found for name, found in opinions.items() if len(found) > 1}
    if not shared:
        raise InputError(
            f"{project.folder}: no case has verdicts of two readers, or two readings; finish the "
            "same case as another reader."
        )
    pairs: list[PairScores] = []
    cases = []
    for number, (name, found) in enumerate(shared.items()):
        scores = _compare_masks(found)
        pairs += scores
        cases.append(_case(name, found, scores))
        on_progress(number + 1, len(shared))
    cases.sort(key=lambda one: (-one.disagreement, one.case))
    verdicts = {
        name: {one.name: one.status.state for one in found} for name, found in shared.items()
    }
    rejected = any(not one.has_mask for found in shared.values() for one in found)
    repeated = sessions_note((found[0].case.patient, name) for name, found in shared.items())
    return Agreement(
        pairs=tuple(pairs),
        cases=tuple(cases),
        kappas=tuple(_kappas(verdicts)),
        bland_altman=tuple(_volumes(pairs)),
        notes=tuple(note for note in (REJECTED_NOTE if rejected else "", repeated) if note),
    )


def _compare_masks(opinions: Sequence[Opinion]) -> list[PairScores]:
    judged = [one for one in opinions if one.has_mask]
    if len(judged) < 2:
        return []
    image = read_volume(judged[0].case.image)
    masks = {one.name: one.read_mask(image).data for one in judged}
    return [
        score
        for first, second in combinations(masks, 2)
        for score in compare_masks(
            masks[first], masks[second], image, (first, second), judged[0].case.name
        )
    ]


def _case(name: str, opinions: Sequence[Opinion], scores: Sequence[PairScores]) -> CaseAgreement:
    verdicts = {one.name: one.status.state for one in opinions}
    dice = min((one.dice for one in scores), default=math.nan)
    differ = len(set(verdicts.values())) > 1
    return CaseAgreement(name, (0.0 if math.isnan(dice) else 1 - dice) + differ, dice, verdicts)


def _kappas(verdicts: Mapping[str, Mapping[str, str]]) -> Iterable[Kappa]:
    """Yield Cohen's kappa of each pair, and Fleiss' kappa of all readers' first readings."""
    names = sorted({name for one in verdicts.values() for name in one})
    categories = tuple(VERDICTS.values())
    for pair in combinations(names, 2):
        both = [one for one in verdicts.values() if {*pair} <= {*one}]
        if both:
            first, second = ([one[name] for one in both] for name in pair)
            yield cohen(first, second, pair, categories=categories)
    readers = [name for name in names if ", reading " not in name]
    if len(readers) > 2:
        by_all = [one for one in verdicts.values() if {*readers} <= {*one}]
        counts = [
            [sum(one[name] == category for name in readers) for category in categories]
            for one in by_all
        ]
        yield fleiss(np.array(counts, int).reshape(-1, len(categories)), readers)


def _volumes(pairs: Sequence[PairScores]) -> Iterable[BlandAltman]:
    """Yield the limits of agreement of the total volume for each pair of readers."""
    for names in dict.fromkeys((one.first, one.second, one.volume_unit) for one in pairs):
        ours = [one for one in pairs if (one.first, one.second, one.volume_unit) == names]
        cases = list(dict.fromkeys(one.case for one in ours))
        if len(cases) >= FEWEST_TO_PLOT:
            totals = [
                [sum(getattr(one, side) for one in ours if one.case == case) for case in cases]
                for side in ("volume_first", "volume_second")
            ]
            yield bland_altman(totals[0], totals[1], names[:2], names[2])


def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def _record(one: PairScores) -> dict[str, object]:
    return {name: getattr(one, name) for name in _names(PairScores)}


def _overlap_table(pairs: Sequence[PairScores]) -> str:
    rows = []
    for first, second, label in dict.fromkeys((one.first, one.second, one.label) for one in pairs):
        ours = [
            one for one in pairs if (one.first, one.second, one.label) == (first, second, label)
        ]
        finite = [one.hd95 for one in ours if math.isfinite(one.hd95)]
        hits = sum(one.found_by_first + one.found_by_second for one in ours)
        total = sum(one.lesions_first + one.lesions_second for one in ours)
        rows.append((
            f"{first} – {second}", str(label), str(len(ours)),
            f"{np.mean([one.dice for one in ours]):.3f}",
            f"{np.mean(finite):.1f}" if finite else "—", f"{hits} of {total}",
        ))  # fmt: skip
    heading = ("Readers", "Label", "Cases", "Mean Dice", "Mean HD95", "Lesions found by the other")
    return markdown_table(heading, rows) if rows else ""


def _volume_table(found: Sequence[BlandAltman]) -> str:
    rows = [
        (
            f"{one.first} − {one.second}", str(one.n), _number(one.bias), _range(*one.bias_interval),
            f"{_number(one.low)} ({_range(*one.low_interval)})",
            f"{_number(one.high)} ({_range(*one.high_interval)})", one.unit,
        )
        for one in found
    ]  # fmt: skip
    heading = (
        "Volume difference",
        "n",
        "Bias",
        "95 % interval",
        "Lower limit",
        "Upper limit",
        "Unit",
    )
    return markdown_table(heading, rows) if rows else ""


def _kappa_table(found: Sequence[Kappa]) -> str:
    rows = [
        (
            f"{one.name}: {', '.join(one.raters)}", str(one.n),
            "—" if math.isnan(one.observed) else f"{one.observed:.0%}",
            "—" if math.isnan(one.value) else f"{one.value:.2f}",
            one.note or _range(one.low, one.high),
        )
        for one in found
    ]  # fmt: skip
    heading = ("Kappa of the verdicts", "n", "Agreeing", "Kappa", "95 % interval")
    return markdown_table(heading, rows) if rows else ""


def _range(low: float, high: float) -> str:
    return f"{_number(low)} to {_number(high)}" if math.isfinite(low) else "—"


def _number(value: float) -> str:
    """Return a number with three digits and without an exponent."""
    return f"{float(f'{value:.3g}'):.10g}"
