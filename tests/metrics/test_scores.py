# SPDX-License-Identifier: BSD-3-Clause
"""Scores as a table: write, read and look up."""

from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mtmri.metrics.scores import COLUMNS, Score, Scores, format_value
from napari_mtmri.tables import csv_text

words = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12)
rows = st.builds(
    Score,
    metric=words,
    value=st.floats(),
    unit=words,
    scope=st.sampled_from(["volume", "slice", "lesion"]),
    item=st.none() | st.integers(0, 999),
    region=words,
    depends=words,
    flag=words,
)
SOME = Scores(
    (
        Score("PSNR", 27.5, "dB", depends='a, "b"; c'),
        Score("PSNR", 25.25, "dB", region="object"),
        Score("PSNR", 30.0, "dB", "slice", 0),
        Score("PSNR", math.inf, "dB", "slice", 4, flag="perfect"),
        Score("Dice", 0.5, region="class 2"),
        Score("Dice", 0.25, region="class 3"),
    )
)


@given(st.lists(rows, max_size=5))
@settings(max_examples=25)
def test_a_table_read_again_is_the_same(given_rows: list[Score]) -> None:
    scores = Scores(tuple(given_rows))
    text = csv_text(COLUMNS, scores.records())
    again = Scores.from_records(csv.DictReader(io.StringIO(text, newline="")))
    assert repr(again) == repr(scores)


def test_the_columns_are_as_promised() -> None:
    first, second, *_ = csv_text(COLUMNS, SOME.records()).splitlines()
    assert first == "scope,item,metric,region,value,unit,flag,depends"
    assert second == 'volume,,PSNR,field of view,27.5,dB,,"a, ""b""; c"'


def test_records_can_be_read_back() -> None:
    assert Scores.from_records(SOME.records()) == SOME
    assert tuple(SOME.records()[0]) == COLUMNS


def test_values_are_looked_up() -> None:
    assert SOME.get("PSNR") == 27.5
    assert SOME.get("PSNR", "object") == 25.25
    assert SOME.get("PSNR", scope="slice", item=4) == math.inf
    assert SOME.get("Dice") == 0.5
    assert SOME.get("Dice", "class 3") == 0.25
    assert SOME.along("PSNR") == {0: 30.0, 4: math.inf}
    for missing in (("HD95",), ("Dice", "class 1"), ("Dice", "class 2", "slice")):
        assert math.isnan(SOME.get(*missing))
    assert math.isnan(SOME.get("PSNR", scope="slice", item=3))


@pytest.mark.parametrize(
    "text",
    [
        "scope,item,metric\nvolume,,PSNR\n",
        "scope,item,metric,region,value,unit,flag,depends\nplanet,,PSNR,x,1,,,\n",
        "scope,item,metric,region,value,unit,flag,depends\nvolume,,PSNR,x,much,,,\n",
        "scope,item,metric,region,value,unit,flag,depends\nvolume,first,PSNR,x,1,,,\n",
        "scope,item,metric,region,value,unit,flag,depends\nvolume,,PSNR\n",
    ],
)
def test_rows_of_another_table_are_refused(text: str) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Scores.from_records(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (27.314, "dB", "27.31"),
        (math.inf, "dB", "∞"),
        (-math.inf, "", "−∞"),
        (math.nan, "mm", "—"),
        (0.94321, "", "0.9432"),
        (0.00012345, "", "0.000123"),
        (0.0, "", "0.0000"),
        (3.0, "lesions", "3"),
        (2.5, "lesions", "2.5"),
        (12.0, "voxel", "12"),
    ],
)
def test_values_are_formatted_for_reading(value: float, unit: str, text: str) -> None:
    assert format_value(value, unit) == text


def test_the_declared_decimals_are_shown() -> None:
    assert format_value(27.314, "dB", 1) == "27.3"
    assert format_value(0.94321, "", 2) == "0.94"
    assert format_value(12.0, "voxel", 2) == "12"
    assert format_value(12.25, "voxel", 2) == "12.2"
    assert format_value(math.inf, "dB", 1) == "∞"
