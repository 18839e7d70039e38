# SPDX-License-Identifier: BSD-3-Clause
"""Tables as they are written: what is read back is what was given."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.errors import InputError
from napari_mtmri.tables import csv_text, json_text, markdown_table, read_rows

words = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8)


@given(st.lists(st.tuples(words, st.floats(allow_nan=False)), max_size=4))
def test_csv_gives_words_and_numbers_back(rows: list[tuple[str, float]]) -> None:
    text = csv_text(("word", "number"), [{"word": one, "number": two} for one, two in rows])
    assert text == csv_text(("word", "number"), rows)
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["word"], float(row["number"])) for row in found] == rows


def test_csv_leaves_out_what_is_not_there_and_ends_lines_as_unix_does() -> None:
    assert csv_text(("a", "b"), [{"a": 1}, {"b": None, "c": 3}]) == "a,b\n1,\n,\n"


def test_markdown_escapes_bars() -> None:
    assert markdown_table(("x", "y"), [("a|b", "c")]) == "| x | y |\n| --- | --- |\n| a\\|b | c |"


def test_json_has_no_number_that_json_does_not_have() -> None:
    thing = {"a": [1.5, math.nan, (math.inf, {"b": -math.inf})], 2: "ä", "c": {Path("p")}}
    text = json_text(thing)
    assert "NaN" not in text
    assert "Infinity" not in text
    assert json.loads(text) == {"a": [1.5, None, [None, {"b": None}]], "2": "ä", "c": ["p"]}
    assert "ä" in text


@pytest.mark.parametrize(
    "text",
    [
        "case,image\na,x.nii\n",
        "Case;Image\na;x.nii\n;\n",
        "case\timage\na\tx.nii\n",
        "sep=;\nCASE ; IMAGE\n a ; x.nii \n",
        "\ufeffcase,image,,\na,x.nii,,\n,,,\n\n",
    ],
)
def test_tables_of_spreadsheets_are_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(text, encoding="utf-8")
    (row,) = read_rows(path)
    assert (row["case"], row["image"]) == ("a", "x.nii")


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("case,image,Image\na,x.nii,x_mask.nii\n")
    with pytest.raises(InputError, match="two columns are named 'image'"):
        read_rows(path)
