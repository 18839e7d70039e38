# SPDX-License-Identifier: BSD-3-Clause
"""A result folder is read or refused, also with damaged files."""

from __future__ import annotations

import json
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import napari_mtmri as mt
from napari_mtmri.errors import InputError
from napari_mtmri.result import Result
from napari_mtmri.samples import phantom


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    image, lesion = phantom((16, 18, 3))
    result = mt.run(mt.simulate(image, mt.Pattern("random", 2)), "zero-filled")
    folder = tmp_path_factory.mktemp("results") / "run"
    return mt.save(mt.evaluate(result, labels=lesion), folder)


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def change(name: str, value: Any) -> Callable[[Path], None]:
    def edit(run: Path) -> None:
        record = json.loads((run / "run.json").read_text())
        record[name] = value
        (run / "run.json").write_text(json.dumps(record))

    return edit


def put(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda run: (run / name).write_bytes(content) and None


def zipped(run: Path) -> None:
    with zipfile.ZipFile(run / "mask.npy", "w") as file:
        file.writestr("mask.npy", b"x")


def huge(run: Path) -> None:
    np.save(run / "mask.npy", np.ones((16, 18), bool))
    raw = (run / "mask.npy").read_bytes()
    (run / "mask.npy").write_bytes(raw.replace(b"(16, 18)", b"(96000, 100000)"[:8].ljust(8)))
    with (run / "mask.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|b1", "fortran_order": False, "shape": (96_000, 100_000)}
        )


def other_grid(run: Path) -> None:
    path = run / "reconstruction.nii.gz"
    data = np.asarray(nib.load(path).dataobj)
    affine = nib.load(path).affine + np.array([[0, 0, 0, 5], *[[0] * 4] * 3])
    nib.save(nib.Nifti1Image(data, affine), path)


def other_shape(run: Path) -> None:
    nib.save(nib.Nifti1Image(np.ones((16, 18, 4), np.float32), np.eye(4)), run / "error.nii.gz")


def complex_image(run: Path) -> None:
    path = run / "reconstruction.nii.gz"
    data = np.asarray(nib.load(path).dataobj).astype(np.complex64)
    nib.save(nib.Nifti1Image(data, nib.load(path).affine), path)


def other_mask(run: Path) -> None:
    np.save(run / "mask.npy", np.ones((18, 18), bool))


@pytest.mark.parametrize(
    "damage",
    [
        put("scores.csv", b"of,metric\n\xff\xfe,\x80\n"),
        put("scores.csv", b"of,metric\n" + b"a" * 200_000 + b",b\n"),
        put("scores.csv", b"of\nx,y,z\n"),
        put("scores.csv", b'of,metric,region,scope,item,value,unit,flag,depends\na,b,c,"\n'),
        put("run.json", b"[" * 100_000),
        put("run.json", b'{"axes": []}'),
        put("run.json", b"\xff\xfe"),
        put("mask.npy", b""),
        put("mask.npy", b"\x93NUMPY\x01\x00"),
        change("axes", {"slice": 0, "readout": 0, "phase": 1}),
        change("axes", {"slice": 0, "readout": "a", "phase": 1}),
        change("axes", {"slice": 2, "readout": 1, "phase": 0, "more": 1}),
        change("timings", {"run_s": "long"}),
        change("request", {"pattern": 5}),
        change("request", {"pattern": {"acceleration": []}}),
        change("request", {"classes": 7}),
        change("request", {"simulation": [1]}),
        change("warnings", 3),
        zipped,
        huge,
        other_grid,
        other_shape,
        other_mask,
        complex_image,
    ],
)
def test_damage_is_told_in_one_sentence(run: Path, damage: Callable[[Path], None]) -> None:
    damage(run)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="run") as told:
            mt.open(run)
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()
    assert "\n" not in str(told.value)


def test_the_whole_folder_is_read(run: Path) -> None:
    result = mt.open(run)
    assert isinstance(result, Result)
    assert result.scores


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["run.json", "scores.csv", "mask.npy"]),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6),
    st.one_of(st.just(1.0), st.floats(0, 1)),
)
def test_any_change_is_read_or_refused(
    whole: Path,
    tmp_path: Path,
    name: str,
    changes: list[tuple[int, int]],
    kept: float,
) -> None:
    run = tmp_path / "run"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(whole, run)
    raw = bytearray((run / name).read_bytes())
    for place, value in changes:
        raw[place % len(raw)] = value
    (run / name).write_bytes(bytes(raw[: round(kept * len(raw))]))
    try:
        result = mt.open(run)
    except InputError:
        return
    assert isinstance(result, Result)
    assert result.title
    assert result.n_classes >= 1
