# SPDX-License-Identifier: BSD-3-Clause
"""The verbs: what Python and the shell make of one request is the same, byte for byte."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.cli.app import main
from napari_mtmri.errors import InputError, RequestError, Stopped
from napari_mtmri.methods.base import METHODS
from napari_mtmri.samples import phantom
from tests.tiny import save_tiny_weights

SHAPE = (24, 28, 4)


@pytest.fixture(autouse=True, scope="module")
def _weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = save_tiny_weights(tmp_path_factory.mktemp("weights"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTMRI_WEIGHTS", str(folder))
        yield


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    image, lesion = phantom(SHAPE)
    return mt.save(image, tmp_path / "head.nii.gz"), mt.save(lesion, tmp_path / "lesion.nii.gz")


def shell(*words: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return int(left.value.code or 0)


def volumes_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix != ".json"}


@pytest.mark.parametrize("method", METHODS.names())
def test_shell_and_python_give_the_same_bytes(
    method: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    pattern = mt.Pattern("random", acceleration=3, seed=5)
    volume = mt.open(files[0])
    scan = mt.simulate(
        volume, pattern, phase=True, snr=30, n_coils=2, axes=volume.axes.swapped(), seed=5
    )
    result = mt.evaluate(mt.run(scan, method))
    mt.save(result, tmp_path / "python")
    status = shell(
        "run", files[0], "--out", tmp_path / "shell", "--method", method, "--acceleration", 3,
        "--seed", 5, "--phase", "--snr", 30, "--coils", 2, "--swap-phase",
    )  # fmt: skip
    assert status == 0
    ours, theirs = volumes_of(tmp_path / "python"), volumes_of(tmp_path / "shell" / "head")
    assert sorted(ours) == sorted(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_a_run_folder_opens_as_the_result_it_was(files: tuple[Path, Path], tmp_path: Path) -> None:
    scan = mt.simulate(mt.open(files[0]), mt.Pattern())
    result = mt.evaluate(mt.run(scan), labels=mt.open(files[1], kind="labels"))
    again = mt.open(mt.save(result, tmp_path / "run"))
    for name in ("zero_filled", "reconstruction", "probability", "labels", "error"):
        np.testing.assert_array_equal(getattr(again, name).data, getattr(result, name).data)
        assert getattr(again, name).same_grid(result.zero_filled)
    np.testing.assert_array_equal(again.mask, result.mask)
    assert repr(again.scores) == repr(result.scores)  # NaN does not equal itself
    assert again.request["pattern"] == result.request["pattern"]
    assert again.warnings == result.warnings


def test_slices_are_told_as_they_are_done_and_make_up_the_volume(files: tuple[Path, Path]) -> None:
    scan = mt.simulate(mt.open(files[0]), mt.Pattern())
    told: list[int] = []
    result = mt.run(scan, first_slice=2, on_progress=lambda progress: told.extend(progress.slices))
    assert told[0] == 2
    assert sorted(told) == list(range(SHAPE[2]))
    whole = mt.run(scan)
    np.testing.assert_array_equal(result.reconstruction.data, whole.reconstruction.data)


def test_a_stop_is_heard_after_the_slice_in_hand(files: tuple[Path, Path]) -> None:
    stop = threading.Event()
    scan = mt.simulate(mt.open(files[0]), mt.Pattern())
    with pytest.raises(Stopped, match="after 1 of 4 slices"):
        mt.run(scan, "zero-filled", on_progress=lambda progress: stop.set(), stop=stop)


def test_a_method_is_shown_the_truth_only_where_it_says_so(files: tuple[Path, Path]) -> None:
    scan = mt.simulate(mt.open(files[0]), mt.Pattern())
    bare = replace(scan, reference=None, simulation=None)
    with pytest.raises(RequestError, match="needs the fully sampled image"):
        mt.run(bare, "unet-full-sample")
    result = mt.run(bare)
    assert result.error is None
    np.testing.assert_array_equal(result.reconstruction.data, mt.run(scan).reconstruction.data)


def test_another_grid_is_refused_by_name(files: tuple[Path, Path]) -> None:
    volume = mt.open(files[0])
    result = mt.run(mt.simulate(volume, mt.Pattern()), "zero-filled")
    affine = volume.affine.copy()
    affine[0, 3] += 5
    moved = replace(volume, affine=affine)
    with pytest.raises(InputError, match=r"corners lie up to .* voxels from those of the result"):
        mt.evaluate(result, reference=moved)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"method": "magic"}, "mtmri"),
        ({"device": "abacus"}, "cpu"),
        ({"precision": "float7"}, "float32"),
        ({"depth": 3}, "depth"),
    ],
)
def test_a_wrong_word_is_refused_and_says_what_exists(
    choice: dict[str, object], said: str, files: tuple[Path, Path]
) -> None:
    scan = mt.simulate(mt.open(files[0]), mt.Pattern())
    with pytest.raises(RequestError, match=said):
        mt.run(scan, **choice)
