# SPDX-License-Identifier: BSD-3-Clause
"""Reading of image quality: blinded, shuffled, and put together again with the key."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.errors import RequestError
from napari_mtmri.review.reading import (
    QUALITIES,
    RANKED,
    SCORED,
    ReadingPlan,
    finished_pages,
    key_csv,
    ranking_facts,
    readings_csv,
    score_facts,
    write_key,
)

TITLES = ("mtmri R4", "zero-filled R4", "d5c5 R8")
IMAGES = {
    f"patient{n:02d}": {title: Path(f"runs/{n}/{title}.nii.gz") for title in TITLES}
    for n in range(12)
}
FULL = dict.fromkeys(QUALITIES, 4)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def event(kind: str, facts: Any, who: str = "ann") -> dict[str, Any]:
    return {"event": kind, "who": who, "time": "2026-01-02T03:04:05+00:00", **facts}


@given(st.integers(0, 1000))
def test_every_image_is_read_once_and_the_order_depends_on_the_seed_alone(seed: int) -> None:
    plan = ReadingPlan.of(IMAGES, seed)
    again = ReadingPlan.of(dict(reversed(IMAGES.items())), seed)
    assert plan == again
    assert sorted(page.case for page in plan.pages) == sorted(IMAGES)
    for page in plan.pages:
        assert sorted(page.titles.values()) == sorted(TITLES)
        assert page.letters == ("A", "B", "C")
        assert {page.titles[x]: page.paths[x] for x in page.letters} == IMAGES[page.case]


def test_cases_and_letters_are_shuffled() -> None:
    plan = ReadingPlan.of(IMAGES, 1)
    assert [page.case for page in plan.pages] != sorted(IMAGES)
    assert {page.titles["A"] for page in plan.pages} == set(TITLES)
    assert plan != ReadingPlan.of(IMAGES, 2)
    assert plan.hash != ReadingPlan.of(IMAGES, 2).hash


def test_journal_and_csv_hide_what_the_key_tells() -> None:
    plan = ReadingPlan.of(IMAGES, 3)
    events = [
        event(SCORED, score_facts(plan, page.number, letter, FULL))
        for page in plan.pages
        for letter in page.letters
    ] + [event(RANKED, ranking_facts(plan, 1, "BAC"))]
    shown = readings_csv(events) + json.dumps(events)
    for word in (*IMAGES, *TITLES, "nii"):
        assert word not in shown
    key = {(row["page"], row["image"]): row for row in rows(key_csv(plan))}
    found = rows(readings_csv(events))
    assert len(found) == len(key) == 36
    for row in found:
        told = key[row["page"], row["image"]]
        assert plan.pages[int(row["page"]) - 1].titles[row["image"]] == told["title"]
        assert row["plan"] == told["plan"] == plan.hash
    assert [row["rank"] for row in found[:3]] == ["2", "1", "3"]


def test_the_last_score_counts_and_other_plans_are_kept_apart() -> None:
    plan, other = ReadingPlan.of(IMAGES, 3), ReadingPlan.of(IMAGES, 4)
    events = [
        event(SCORED, score_facts(plan, 1, "A", {"sharpness": 1})),
        event(SCORED, score_facts(plan, 1, "A", {"sharpness": 5})),
        event(SCORED, score_facts(other, 1, "A", {"sharpness": 2})),
        event(SCORED, score_facts(plan, 1, "A", {"sharpness": 3}), who="bob"),
        {"event": "opened", "who": "ann", "case": "x"},
    ]
    found = {(row["reader"], row["plan"]): row["sharpness"] for row in rows(readings_csv(events))}
    assert found == {("ann", plan.hash): "5", ("ann", other.hash): "2", ("bob", plan.hash): "3"}


def test_a_page_is_finished_when_all_is_scored_or_ranked() -> None:
    plan = ReadingPlan.of(IMAGES, 3)
    events = [event(SCORED, score_facts(plan, 2, letter, FULL)) for letter in "AB"]
    events += [event(SCORED, score_facts(plan, 2, "C", {"sharpness": 2}))]
    assert finished_pages(plan, events) == set()
    rest = {name: 1 for name in QUALITIES if name != "sharpness"}
    events += [event(SCORED, score_facts(plan, 2, "C", rest))]
    events += [event(RANKED, ranking_facts(plan, 5, ["C", "A", "B"]))]
    assert finished_pages(plan, events) == {2}
    assert finished_pages(plan, events, "ranking") == {5}
    assert finished_pages(ReadingPlan.of(IMAGES, 9), events) == set()


@pytest.mark.parametrize(
    ("page", "letter", "scores"),
    [(13, "A", FULL), (1, "D", FULL), (1, "A", {"beauty": 1}), (1, "A", {"sharpness": 6})],
)
def test_scores_that_do_not_exist_are_refused(page: int, letter: str, scores: Any) -> None:
    with pytest.raises(RequestError):
        score_facts(ReadingPlan.of(IMAGES, 0), page, letter, scores)


@pytest.mark.parametrize("ranking", ["AB", "AAB", "ABD", "ABCA"])
def test_a_ranking_names_each_image_once(ranking: str) -> None:
    with pytest.raises(RequestError, match="each of A, B, C once"):
        ranking_facts(ReadingPlan.of(IMAGES, 0), 1, ranking)


def test_one_or_five_images_cannot_be_read_side_by_side() -> None:
    with pytest.raises(RequestError, match="no case"):
        ReadingPlan.of({}, 0)
    for count in (1, 5):
        files = {str(n): Path(str(n)) for n in range(count)}
        with pytest.raises(RequestError, match=f"{count} images"):
            ReadingPlan.of({"a": files}, 0)


def test_the_key_is_a_file_of_its_own(tmp_path: Path) -> None:
    plan = ReadingPlan.of(IMAGES, 0)
    write_key(tmp_path / "key.csv", plan)
    assert (tmp_path / "key.csv").read_text() == key_csv(plan)
