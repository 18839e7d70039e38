# SPDX-License-Identifier: BSD-3-Clause
"""``run``: result folders, requests that are refused before work, output and errors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.batch.cases_table import case_names
from napari_mtmri.errors import RequestError
from napari_mtmri.geometry import to_stack
from napari_mtmri.samples import phantom
from tests.cli.conftest import SHAPE, Shell

ZF = ("--method", "zero-filled")


def stamps(folder: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in folder.rglob("*")}


def test_each_method_has_its_own_folder(sh: Shell, head: tuple[Path, Path], here: Path) -> None:
    answer = sh("run", head[0], "--out", "runs", "-m", "zero-filled,mtmri", "-m", "d5c5")
    assert answer.status == 0
    folders = {folder.name for folder in (here / "runs" / "head").iterdir()}
    assert folders == {"zero-filled", "mtmri", "d5c5"}
    assert mt.open(here / "runs" / "head" / "mtmri").method == "mtmri"


def test_results_are_on_stdout_and_all_else_on_stderr(sh: Shell, head: tuple[Path, Path]) -> None:
    answer = sh("run", head[0], "gone.nii", "--out", "runs", *ZF)
    assert "6 of 24 lines, R 4.00" in answer.out
    assert "PSNR" in answer.out
    assert "gone" not in answer.out
    assert "note" not in answer.out
    assert "done in" in answer.err
    assert "flatters" in answer.err
    assert "PSNR" not in answer.err


def test_json_is_complete_even_if_a_volume_fails(sh: Shell, head: tuple[Path, Path]) -> None:
    answer = sh("run", "gone.nii", head[0], "--out", "runs", *ZF, "--json")
    assert answer.status == 1
    jobs = {job["state"]: job for job in json.loads(answer.out)}
    assert "gone.nii" in jobs["failed"]["error"]
    assert jobs["done"]["scores"]["zero-filled"]["PSNR"] > 5
    assert jobs["done"]["folder"].endswith("head")


def test_other_settings_do_not_replace_a_result_unless_asked(
    sh: Shell, head: tuple[Path, Path], here: Path
) -> None:
    assert sh("run", head[0], "--out", "runs", *ZF).status == 0
    before = stamps(here / "runs")
    answer = sh("run", head[0], "--out", "runs", *ZF, "--acceleration", 2)
    assert answer.status == 2
    assert "other settings" in answer.err
    assert stamps(here / "runs") == before
    assert sh("run", head[0], "--out", "runs", *ZF, "--acceleration", 2, "--again").status == 0
    assert mt.open(here / "runs" / "head").acceleration == 2


def test_another_input_of_the_same_name_never_replaces_a_result(
    sh: Shell, head: tuple[Path, Path], here: Path
) -> None:
    assert sh("run", head[0], "--out", "runs", *ZF).status == 0
    before = stamps(here / "runs")
    (here / "b").mkdir()
    other = mt.save(phantom(SHAPE, seed=1)[0], here / "b" / "head.nii.gz")
    answer = sh("run", other, "--out", "runs", *ZF, "--again")
    assert answer.status == 2
    assert "another input" in answer.err
    assert stamps(here / "runs") == before


def test_a_moved_input_is_recognised_and_a_changed_input_is_not(
    sh: Shell, head: tuple[Path, Path], here: Path
) -> None:
    assert sh("run", head[0], "--out", "runs", *ZF).status == 0
    (here / "b").mkdir()
    moved = Path(shutil.move(head[0], here / "b" / "head.nii.gz"))
    assert "already done" in sh("run", moved, "--out", "runs", *ZF).err
    mt.save(phantom(SHAPE, seed=1)[0], moved)
    assert "another input" in sh("run", moved, "--out", "runs", *ZF).err


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/x.nii.gz", "a/y.nii"], ["x", "y"]),
        (["p1/flair.nii.gz", "p2/flair.nii.gz", "p2/t1.nii"], ["p1-flair", "p2-flair", "t1"]),
        (["s1/anat/x.nii", "s2/anat/x.nii"], ["s1-anat-x", "s2-anat-x"]),
        (["a/x.nii", "a/x.mgz"], ["001-x.nii", "002-x.mgz"]),
        (["b-x.nii", "b/x.nii", "c/x.nii"], ["001-b-x.nii", "002-x.nii", "003-x.nii"]),
    ],
)
def test_no_two_cases_share_a_name(paths: list[str], names: list[str], tmp_path: Path) -> None:
    found = case_names([tmp_path / path for path in paths])
    assert found == names
    with pytest.raises(RequestError, match="given twice"):
        case_names([Path("a/x.nii"), Path("a/../a/x.nii")])


def test_links_into_a_store_have_the_names_of_the_links(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "MD5E-s1--00aa").write_bytes(b"")
    links = [tmp_path / name for name in ("sub-01_FLAIR.nii.gz", "sub-03_FLAIR.nii.gz")]
    for link in links:
        link.symlink_to(tmp_path / "store" / "MD5E-s1--00aa")
    assert case_names(links) == ["sub-01_FLAIR", "sub-03_FLAIR"]


def test_an_unusable_output_folder_is_refused_before_reading(
    sh: Shell, head: tuple[Path, Path], here: Path
) -> None:
    assert sh("run", head[0], "--out", "runs", *ZF).status == 0
    for out, status, said in (
        ("head.nii.gz", 2, "is a file"),
        ("runs/head", 2, "is a result folder"),
        ("head.nii.gz/deep/er", 1, "is not writable"),
    ):
        answer = sh("run", "gone.nii", "--out", out, *ZF)
        assert answer.status == status
        assert said in answer.err
        assert "gone" not in answer.err
    answer = sh("run", head[0], "--out", "runs", "-m", "zero-filled,mtmri")
    assert answer.status == 2
    assert "is a result folder" in answer.err


def test_labels_belong_to_their_volume(sh: Shell, head: tuple[Path, Path], here: Path) -> None:
    other, drawn = phantom(SHAPE, seed=1)
    second, third = mt.save(other, here / "other.nii"), mt.save(drawn, here / "drawn.nii")
    answer = sh("run", head[0], second, "--out", "runs", "-l", head[1])
    assert answer.status == 2
    assert "1 --labels for 2 volumes" in answer.err
    assert sh("run", head[0], second, "--out", "r", "-l", head[1], "-l", third).status == 0
    for name, labels in (("head", head[1]), ("other", third)):
        result = mt.open(here / "r" / name)
        assert result.scores["mtmri"].get("Dice") >= 0
        truth = mt.open(labels, kind="labels")
        found = mt.evaluate(result, labels=truth).scores["mtmri"]
        assert found.get("Dice") == result.scores["mtmri"].get("Dice")


def damaged(kind: str, head: Path, here: Path) -> Path:
    data = np.asarray(nib.load(head).dataobj)
    place = here / "odd.nii.gz"
    if kind == "truncated":
        place.write_bytes(head.read_bytes()[:-400])
    elif kind == "a series":
        nib.save(nib.Nifti1Image(np.stack([data, data], -1), np.eye(4)), place)
    elif kind == "NaN":
        spoilt = data.astype(np.float32)
        spoilt[3, 4, 1] = np.nan
        nib.save(nib.Nifti1Image(spoilt, np.eye(4)), place)
    elif kind == "text":
        place.write_text("no volume")
    return place


@pytest.mark.parametrize(
    ("kind", "said"),
    [("truncated", "odd.nii.gz"), ("a series", "2"), ("NaN", "1 of"), ("text", "odd.nii.gz"),
     ("missing", "no such file")],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_named_in_one_sentence(
    kind: str, said: str, sh: Shell, head: tuple[Path, Path], here: Path
) -> None:
    answer = sh("run", damaged(kind, head[0], here), "--out", "runs", *ZF)
    assert answer.status == 1
    assert answer.out == ""
    lines = [line for line in answer.err.splitlines() if "failed" in line]
    assert len(lines) == 1
    assert said in lines[0]
    assert "odd" in lines[0]
    assert not (here / "runs").exists()


@pytest.mark.parametrize("fault", ["truncated", "renamed", "missing", "no card"])
def test_weights_that_cannot_be_used_end_the_call_once(
    fault: str, sh: Shell, head: tuple[Path, Path], here: Path, tiny_weights: Path
) -> None:
    folder = Path(shutil.copytree(tiny_weights, here / "w"))
    file = folder / "mtmri.safetensors"
    if fault == "truncated":
        file.write_bytes(file.read_bytes()[:-9])
    elif fault == "renamed":
        for ending in (".safetensors", ".json"):
            shutil.copy(folder / f"d5c5{ending}", folder / f"mtmri{ending}")
    elif fault == "missing":
        file.unlink()
    else:
        (folder / "mtmri.json").unlink()
    second = mt.save(phantom(SHAPE, seed=1)[0], here / "other.nii")
    answer = sh("run", head[0], second, "--out", "runs", "--weights", folder)
    assert answer.status == 1
    assert answer.err.count("mtmri.safetensors") == 1
    assert not (here / "runs").exists()
    listed = {
        row["name"]: row for row in json.loads(sh("methods", "--json", "--weights", folder).out)
    }
    assert listed["d5c5"]["runs"]
    assert listed["mtmri"]["runs"] == (
        fault == "truncated"
    )  # the list of methods does not read whole weights files


def test_a_preview_shows_the_phase_encoding_direction(
    sh: Shell, head: tuple[Path, Path], here: Path
) -> None:
    first = sh("run", head[0], "--out", "p", "--preview", "--json")
    second = sh("run", head[0], "--out", "p", "--preview", "--swap-phase", "--json")
    ours, theirs = (json.loads(answer.out)[0] for answer in (first, second))
    assert (ours["phase_encoding"], theirs["phase_encoding"]) == ("L–R", "A–P")
    assert ours["sampling"].startswith("6 of 24 lines")
    assert theirs["sampling"].startswith("7 of 28 lines")
    assert sh("run", head[0], "--out", "p", "--preview", "--center-fraction", 0.9).status == 2
    assert sh("run", "gone.nii", "--out", "p", "--preview").status == 1
    assert not (here / "p" / "head").exists()


def test_a_full_sampling_is_the_image_itself(
    sh: Shell, head: tuple[Path, Path], here: Path
) -> None:
    assert sh("run", head[0], "--out", "runs", *ZF, "--pattern", "full").status == 0
    result = mt.open(here / "runs" / "head")
    np.testing.assert_allclose(
        result.reconstruction.data, mt.open(head[0]).magnitude(), rtol=1e-4, atol=0.1
    )


def test_several_processes_write_the_same_bytes(
    sh: Shell, head: tuple[Path, Path], here: Path
) -> None:
    mt.save(phantom(SHAPE, seed=1)[0], here / "other.nii.gz")
    words = ("run", "head.nii.gz", "other.nii.gz", "--out")
    assert sh(*words, "one").status == 0
    assert sh(*words, "two", "--jobs", 2).status == 0
    for name in ("head", "other"):
        for file in (here / "one" / name).glob("*.nii.gz"):
            assert file.read_bytes() == (here / "two" / name / file.name).read_bytes()


def test_real_volumes_can_be_run(sh: Shell, shared_data: Path, here: Path) -> None:
    folder = shared_data / "lgg-flair"
    case = "TCGA_CS_4944_20010208"
    answer = sh(
        "run", folder / f"{case}_flair.nii.gz", "--labels", folder / f"{case}_mask.nii.gz",
        "--out", "runs", *ZF,
    )  # fmt: skip
    assert answer.status == 0
    assert "64 of 256 lines, R 4.00, centre 20" in answer.out


@pytest.mark.parametrize("method", ["zero-filled", "mtmri"])
def test_complex_images_show_that_measured_samples_are_kept(
    method: str, sh: Shell, head: tuple[Path, Path], here: Path
) -> None:
    image, _ = head
    words = ("run", image, "--out", "r", "--method", method, "--phase", "--precision", "float32")
    assert sh(*words).status == 0
    folder = next(Path(here, "r").glob("*/run.json")).parent
    assert not list(folder.glob("*complex*"))
    assert sh(*words, "--keep-phase").status == 2  # another request than the stored result
    assert sh(*words, "--keep-phase", "--again").status == 0
    result = mt.open(folder)
    assert isinstance(result, mt.Result)
    whole, floor = (
        to_stack(np.asarray(nib.load(folder / f"{name}_complex.nii.gz").dataobj), result.axes)
        for name in ("reconstruction", "zero_filled")
    )
    measured, own = (
        np.fft.fftshift(
            np.fft.fft2(np.fft.ifftshift(stack, axes=(1, 2)), norm="ortho"), axes=(1, 2)
        )
        for stack in (floor, whole)
    )
    top = np.abs(measured).max()
    assert np.abs(np.where(result.mask, own - measured, 0)).max() < 1e-5 * top
    assert result.reconstruction is not None
    assert result.complex_reconstruction is not None
    np.testing.assert_allclose(
        np.abs(result.complex_reconstruction.data), result.reconstruction.data, rtol=1e-4
    )
