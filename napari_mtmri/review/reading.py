# SPDX-License-Identifier: BSD-3-Clause
"""Reading of image quality: reconstructions of a case side by side, blinded and shuffled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from napari_mtmri.errors import RequestError
from napari_mtmri.files import write_text
from napari_mtmri.review.blind import shuffled
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.tables import csv_text

QUALITIES: Mapping[str, str] = {
    "sharpness": "Sharpness of edges and small structures",
    "artefacts": "Freedom from artefacts: ghosts, noise, streaks",
    "confidence": "Confidence in a diagnosis from this image",
    "lesion seen": "Visibility of the lesion",
}
SCALE: Mapping[int, str] = {1: "very poor", 2: "poor", 3: "acceptable", 4: "good", 5: "very good"}
LETTERS = "ABCD"
FEWEST = 2
SCORED, RANKED = "image scored", "images ranked"
COLUMNS = ("reader", "page", "image", *QUALITIES, "rank", "time", "plan")
KEY_COLUMNS = ("page", "image", "case", "title", "file", "plan")
Event = Mapping[str, Any]
How = Literal["scores", "ranking"]


@dataclass(frozen=True)
class Page:
    """The images of one case, under letters.

    Parameters
    ----------
    number : int
        From 1, in the order of reading.
    case : str
    titles, paths : mapping
        Title and file of each letter: the key, not to be shown.
    """

    number: int
    case: str
    titles: Mapping[str, str]
    paths: Mapping[str, Path]

    @property
    def letters(self) -> tuple[str, ...]:
        """Letters of the images, from left to right."""
        return tuple(self.paths)


@dataclass(frozen=True)
class ReadingPlan:
    """Order of the cases, and of the images of each case, drawn with a seed.

    Parameters
    ----------
    seed : int
    pages : tuple of Page
    """

    seed: int
    pages: tuple[Page, ...]

    @classmethod
    def of(cls, images: Mapping[str, Mapping[str, Path]], seed: int) -> ReadingPlan:
        """Return the plan of a reading.

        Parameters
        ----------
        images : mapping
            Files of each case by title, two to four; the order does not matter.
        seed : int

        Raises
        ------
        RequestError
            If there is no case, or one has fewer than two or more than four images.
        """
        if not images:
            raise RequestError(
                f"there is no case with {FEWEST} to {len(LETTERS)} images to read side by side; put "
                "the reconstructions of a case beside each other, or choose another folder."
            )
        for case, files in images.items():
            if not FEWEST <= len(files) <= len(LETTERS):
                raise RequestError(
                    f"{case}: {len(files)} images cannot be read side by side; choose {FEWEST} to "
                    f"{len(LETTERS)}."
                )
        cases = enumerate(shuffled(images, "reading", seed), start=1)
        return cls(seed, tuple(_page(number, case, images[case], seed) for number, case in cases))

    @classmethod
    def of_project(cls, project: ReviewProject, seed: int) -> ReadingPlan:
        """Return the plan of all cases of a project that have two to four images.

        Parameters
        ----------
        project : ReviewProject
        seed : int

        Raises
        ------
        RequestError
            If there is no such case.
        """
        images = {case.name: {"image": case.image, **case.sequences} for case in project.cases}
        fitting = {
            case: files for case, files in images.items() if FEWEST <= len(files) <= len(LETTERS)
        }
        return cls.of(fitting, seed)

    @property
    def hash(self) -> str:
        """SHA-256 of seed, order and titles: scores of another plan are not mixed with it."""
        facts = [self.seed, [(page.case, dict(page.titles)) for page in self.pages]]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def page(self, number: int) -> Page:
        """Return a page by its number.

        Raises
        ------
        RequestError
            If it does not exist.
        """
        if not 1 <= number <= len(self.pages):
            raise RequestError(f"page {number} does not exist; choose 1 to {len(self.pages)}.")
        return self.pages[number - 1]


def _page(number: int, case: str, files: Mapping[str, Path], seed: int) -> Page:
    titles = dict(zip(LETTERS, shuffled(files, "reading", seed, case), strict=False))
    return Page(number, case, titles, {name: files[title] for name, title in titles.items()})


def score_facts(plan: ReadingPlan, page: int, image: str, scores: Mapping[str, int]) -> Event:
    """Return the facts to journal as `SCORED`; they do not tell case or title.

    Parameters
    ----------
    plan : ReadingPlan
    page : int
    image : str
        Letter.
    scores : mapping
        1 to 5 for some or all of `QUALITIES`.

    Raises
    ------
    RequestError
        If page, letter, quality or score do not exist.
    """
    _check_image(plan, page, image)
    for quality, score in scores.items():
        if quality not in QUALITIES or score not in SCALE:
            raise RequestError(
                f"{quality!r} {score!r} is not a score; give 1 to 5 for {', '.join(QUALITIES)}."
            )
    return {"page": page, "image": image, "scores": dict(scores), "plan": plan.hash}


def ranking_facts(plan: ReadingPlan, page: int, ranking: Sequence[str]) -> Event:
    """Return the facts to journal as `RANKED`; they do not tell case or title.

    Parameters
    ----------
    plan : ReadingPlan
    page : int
    ranking : sequence of str
        All letters of the page, the best image first.

    Raises
    ------
    RequestError
        If a letter is missing or occurs twice.
    """
    letters = plan.page(page).letters
    if sorted(ranking) != sorted(letters):
        raise RequestError(
            f"the ranking {', '.join(ranking)} does not name each of {', '.join(letters)} once."
        )
    return {"page": page, "ranking": list(ranking), "plan": plan.hash}


def finished_pages(plan: ReadingPlan, events: Iterable[Event], how: How = "scores") -> set[int]:
    """Return the pages on which all qualities of all images were scored, or that were ranked.

    Parameters
    ----------
    plan : ReadingPlan
    events : iterable of mapping
        Of the journal of one reader.
    how : {"scores", "ranking"}
        A page may be scored and, in another reading, ranked.
    """
    rows = _rows(events, plan.hash)
    wanted = {*QUALITIES} if how == "scores" else {"rank"}
    return {
        page.number
        for page in plan.pages
        if all(wanted <= {*rows.get((page.number, letter), {})} for letter in page.letters)
    }


def readings_csv(events: Iterable[Event]) -> str:
    """Return the scores and ranks of journals as CSV text, under letters.

    An image that was scored again has its last scores.

    Parameters
    ----------
    events : iterable of mapping
        Of the journals of any readers, each oldest first.
    """
    found: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event["event"] in (SCORED, RANKED):
            found.setdefault((event["who"], event["plan"]), []).append(event)
    lines = []
    for (reader, plan), ours in sorted(found.items()):
        for (page, image), row in sorted(_rows(ours, plan).items()):
            lines.append({"reader": reader, "page": page, "image": image, "plan": plan, **row})
    return csv_text(COLUMNS, lines)


def key_csv(plan: ReadingPlan) -> str:
    """Return which letter was which image as CSV text."""
    return csv_text(
        KEY_COLUMNS,
        [
            (page.number, letter, page.case, page.titles[letter], str(path), plan.hash)
            for page in plan.pages
            for letter, path in page.paths.items()
        ],
    )


def write_key(path: Path, plan: ReadingPlan) -> None:
    """Write the key of a reading; keep it where the readers do not look.

    Raises
    ------
    ResourceError
        If it cannot be written.
    """
    write_text(path, key_csv(plan))


def _rows(events: Iterable[Event], plan: str) -> dict[tuple[int, str], dict[str, Any]]:
    """Return scores, rank and time of each image by page and letter; the last ones count."""
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for event in events:
        if event.get("plan") != plan:
            continue
        page = int(event["page"])
        if event["event"] == SCORED:
            row = rows.setdefault((page, event["image"]), {})
            row.update(event["scores"], time=event["time"])
        elif event["event"] == RANKED:
            for rank, letter in enumerate(event["ranking"], start=1):
                rows.setdefault((page, letter), {}).update(rank=rank, time=event["time"])
    return rows


def _check_image(plan: ReadingPlan, page: int, image: str) -> None:
    letters = plan.page(page).letters
    if image not in letters:
        raise RequestError(
            f"page {page} has no image {image!r}; choose one of {', '.join(letters)}."
        )
