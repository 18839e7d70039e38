# SPDX-License-Identifier: BSD-3-Clause
"""compare.json: written and read again the same; changed, missing and damaged files are named."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import napari_mtmri as mt
from napari_mtmri.compare import (
    Cell,
    Comparison,
    Zoom,
    compare_paths,
    compare_results,
    is_comparison,
    load_comparison,
    save_comparison,
)
from napari_mtmri.errors import InputError, RequestError
from tests.compare.cases import drawn, head, result_of


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Result folders of two methods, a segmentation, and an image on another grid."""
    folder = tmp_path_factory.mktemp("home")
    image = head()
    for method in ("d5c5", "mtmri"):
        labels = drawn().data if method == "mtmri" else None
        mt.save(result_of(image, method, labels=labels), folder / "runs" / method)
    mt.save(drawn(), folder / "lesion.nii.gz")
    small = mt.Volume(np.ones((6, 5, 3), np.float32), np.diag([-4.0, -6.0, 8.0, 1.0]), name="small")
    mt.save(small, folder / "small.nii.gz")
    return folder


@pytest.fixture
def seen(home: Path) -> Comparison:
    runs = [home / "runs" / name for name in ("d5c5", "mtmri")]
    return compare_paths(runs, labels=home / "lesion.nii.gz", zero_filled=True)


def facts(comparison: Comparison) -> list[Any]:
    return [
        (c.name, c.kind, c.is_resampled, c.window, c.image is None, c.labels is None)
        for c in comparison.cells
    ]


def test_folders_and_files_become_cells(home: Path, seen: Comparison) -> None:
    names = [cell.name for cell in seen.cells]
    assert names == ["reference", "zero-filled R4", "d5c5 R4", "mtmri R4"]
    assert seen.cells[2].path == home / "runs" / "d5c5"
    assert seen.reference is not None
    np.testing.assert_allclose(seen.reference.data, head().data, atol=1e-3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6)
@given(
    st.fixed_dictionaries(
        {
            "mode": st.sampled_from(["grid", "swipe", "blink", "checkerboard", "difference"]),
            "slice": st.integers(0, 5),
            "window": st.none() | st.just((1.5, 99.0)),
            "zoom": st.none() | st.just(Zoom(10, 11.5, 6)),
            "masks": st.sampled_from(["none", "outline", "fill", "disagreement"]),
            "errors": st.booleans(),
            "gain": st.sampled_from([1, 5, 10]),
            "neurological": st.booleans(),
        }
    )
)
def test_what_is_saved_is_opened_again(seen: Comparison, home: Path, view: dict[str, Any]) -> None:
    shown = seen.with_view(**view)
    path = save_comparison(shown, home / "compare.json")
    assert is_comparison(path)
    again = load_comparison(path)
    assert again.view == replace(shown.view, axis=2)
    assert facts(again) == facts(shown)
    assert again.warnings == ()
    for cell, other in zip(again.cells, shown.cells, strict=True):
        np.testing.assert_array_equal(cell.grid.data, other.grid.data)


def test_a_folder_that_was_moved_as_a_whole_is_found(
    home: Path, seen: Comparison, tmp_path: Path
) -> None:
    save_comparison(seen, home / "compare.json")
    moved = tmp_path / "elsewhere"
    shutil.copytree(home, moved)
    again = load_comparison(moved / "compare.json")
    assert again.cells[2].path == moved / "runs" / "d5c5"
    assert str(home) not in (moved / "compare.json").read_text(encoding="utf-8")


def test_a_changed_file_is_named_and_a_missing_one_refused(
    home: Path, seen: Comparison, tmp_path: Path
) -> None:
    save_comparison(seen, home / "compare.json")
    shutil.copytree(home, tmp_path / "copy")
    path = tmp_path / "copy" / "compare.json"
    (tmp_path / "copy" / "runs" / "d5c5" / "note.txt").write_text("new", encoding="utf-8")
    warnings = load_comparison(path).warnings
    assert warnings
    assert all("d5c5 was changed after the comparison was saved" in line for line in warnings)
    shutil.rmtree(tmp_path / "copy" / "runs" / "mtmri")
    with pytest.raises(InputError, match=r"mtmri R4 needs .*mtmri, which does not exist"):
        load_comparison(path)


def test_a_resampled_cell_is_resampled_again(home: Path, tmp_path: Path) -> None:
    paths = [home / "runs" / "mtmri", home / "small.nii.gz"]
    with pytest.raises(InputError, match="resample it"):
        compare_paths(paths)
    seen = compare_paths(paths, resample=True)
    assert [cell.is_resampled for cell in seen.cells] == [False, False, True]
    again = load_comparison(save_comparison(seen, tmp_path / "c.json"))
    assert facts(again) == facts(seen)
    np.testing.assert_array_equal(again.cells[2].magnitude, seen.cells[2].magnitude)


def test_what_is_in_memory_only_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="reference: is in memory only"):
        save_comparison(compare_results([result_of(head())]), tmp_path / "c.json")
    with pytest.raises(RequestError, match=r"saved as \.json"):
        save_comparison(compare_results([result_of(head())]), tmp_path / "c.txt")
    mask = Comparison((Cell("mask", "mask", labels=drawn()),))
    with pytest.raises(RequestError, match="mask: its labels are in memory only"):
        save_comparison(mask, tmp_path / "c.json")
    assert not list(tmp_path.iterdir())


def test_a_newer_or_another_file_is_refused(home: Path, seen: Comparison, tmp_path: Path) -> None:
    record = json.loads(save_comparison(seen, home / "compare.json").read_text(encoding="utf-8"))
    path = tmp_path / "c.json"
    for change, said in (
        ({"format": 2}, "has format 2, and this version reads up to 1; update"),
        ({"what": "something else"}, "is not a comparison of napari-mtmri"),
        ({"cells": []}, "cannot be shown"),
        ({"view": {**record["view"], "gain": 3}}, "`gain` 3"),
        ({"view": {**record["view"], "mode": "fade"}}, r"is damaged \(view\.mode"),
        ({"surprise": 1}, r"is damaged \(surprise"),
    ):
        path.write_text(json.dumps({**record, **change}), encoding="utf-8")
        with pytest.raises(InputError, match=said):
            load_comparison(path)
    path.write_text("{}", encoding="utf-8")
    assert not is_comparison(path)
    assert not is_comparison(tmp_path / "none.json")
    with pytest.raises(InputError, match="is not a comparison"):
        load_comparison(tmp_path / "none.json")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(data=st.data())
def test_damaged_bytes_never_crash(seen: Comparison, home: Path, data: st.DataObject) -> None:
    whole = save_comparison(seen, home / "compare.json").read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(0, 40))
    new = data.draw(st.binary(max_size=10))
    damaged = home / "damaged.json"
    damaged.write_bytes(whole[:at] + new + whole[at + length :])
    try:
        load_comparison(damaged)
    except InputError as why:
        assert "\n" not in str(why)
