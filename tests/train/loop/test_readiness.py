# SPDX-License-Identifier: BSD-3-Clause
"""What cannot be trained is refused before anything is written; what looks wrong is said."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from napari_mtmri.errors import InputError, MtmriError, RequestError
from napari_mtmri.train.data.cases import Case
from napari_mtmri.train.folder.checkpoint import has_checkpoint
from napari_mtmri.train.folder.layout import read_events
from napari_mtmri.train.recipe import Recipe
from tests.train.heads import TINY, changed, write_cases

pytest.importorskip("lightning_fabric", reason="training needs the extra [train]")
from napari_mtmri.train.loop.readiness import ready_data
from napari_mtmri.train.loop.training import Training
from napari_mtmri.train.loop.validation import Validator


def relabelled(folder: Path, number: int, of: dict[int, int]) -> None:
    path = folder / f"{number}_mask.nii.gz"
    data = np.asarray(nib.load(path).dataobj)
    for old, new in of.items():
        data = np.where(data == old, new, data)
    nib.save(nib.Nifti1Image(data.astype(np.uint8), nib.load(path).affine), path)


def with_affine(folder: Path, number: int, affine: np.ndarray) -> None:
    for kind in ("image", "mask"):
        path = folder / f"{number}_{kind}.nii.gz"
        nib.save(nib.Nifti1Image(np.asarray(nib.load(path).dataobj), affine), path)


def remarks(recipe: Recipe, folder: Path) -> str:
    return "\n".join(ready_data(recipe, folder).remarks)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"center_fraction": 0.6, "accelerations": {2.0: 1.0}}, "center_fraction"),
        # Fits the crop of 16 x 16, but no validation slice of 20 x 18.
        ({"center_fraction": 0.14, "accelerations": {8.0: 1.0}}, "20 x 18"),
        ({"accelerations": {4.0: 1.0, 16.0: 0.01}, "center_fraction": 0.2}, "R = 16"),
        ({"crop": (3, 16)}, "too small"),
        ({"crop": (6, 6), "half_matrix_share": 0.5, "method": "d5c5"}, "too small"),
    ],
)
def test_a_mask_that_cannot_be_drawn_is_refused_before_the_first_update(
    keys: dict[str, Any], said: str, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(MtmriError, match=said):
        Training(changed(**keys), folder, tmp_path / "run").run()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "keys",
    [
        {"pattern": "full", "accelerations": {1.0: 1.0}},
        {"center_fraction": 0.3, "accelerations": {2.0: 1.0}},
        {"accelerations": {8.0: 1.0}},
    ],
)
def test_what_is_trained_can_be_validated(
    keys: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    Training(changed(**keys, epochs=1), folder, tmp_path / "run").run()
    assert any(event["kind"] == "validation" for event in read_events(tmp_path / "run"))


@pytest.mark.parametrize(
    ("accelerations", "expected"),
    [({8.0: 1.0}, 8.0), ({4.0: 0.6, 2.0: 0.1, 8.0: 0.3}, 4.0), ({2.0: 0.5, 6.0: 0.5}, 6.0)],
)
def test_validation_uses_the_acceleration_trained_most(
    accelerations: dict[float, float], expected: float, cases: list[Case]
) -> None:
    recipe = changed(accelerations=accelerations, center_fraction=0.1)
    validator = Validator(cases, recipe)
    found = {validator.pattern(index).acceleration for index in range(len(cases))}
    assert found == {expected}
    assert {validator.pattern(index).center_fraction for index in range(len(cases))} == {0.1}


@pytest.mark.parametrize(("numbers", "most"), [((1, 100), 100), ((1, 255), 255), ((65, 2), 65)])
def test_labels_far_apart_are_refused_before_the_first_update(
    numbers: tuple[int, int], most: int, folder: Path, tmp_path: Path
) -> None:
    for case, number in enumerate(numbers):
        relabelled(folder, case, {1: number})
    with pytest.raises(InputError, match=rf"labels.* {most}.*`classes`"):
        Training(TINY, folder, tmp_path / "run").run()
    assert not (tmp_path / "run").exists()
    Training(changed(classes=1, epochs=1), folder, tmp_path / "run").run()


@pytest.mark.parametrize("pattern", ["nope", "file"])
def test_a_pattern_that_does_not_exist_is_refused_in_the_recipe(pattern: str) -> None:
    from napari_mtmri.train.presets import make_recipe

    with pytest.raises(RequestError, match=f"{pattern}"):
        make_recipe(None, {"pattern": pattern})


def test_a_pattern_of_another_acceleration_is_refused_in_the_recipe() -> None:
    from napari_mtmri.train.presets import make_recipe

    with pytest.raises(RequestError, match="full, R = 4"):
        make_recipe(None, {"pattern": "full"})


def test_a_failed_start_does_not_block_the_corrected_command(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(MtmriError):
        Training(changed(start_from="nowhere"), folder, run).run()
    assert not run.exists()
    # A failure in the first update leaves the reason, and no checkpoint.
    with pytest.raises(MtmriError, match="grad_clip"):
        Training(changed(learning_rate=1e30, epochs=5), folder, run).run()
    assert read_events(run)[-1]["kind"] == "failed"
    if not has_checkpoint(run):
        Training(changed(epochs=1), folder, run).run()
        assert [event["kind"] for event in read_events(run)].count("start") == 1
        assert read_events(run)[-1]["kind"] == "end"


def test_no_lesion_and_no_validation_case_are_said(tmp_path: Path) -> None:
    folder = write_cases(tmp_path / "cases", ["train", "train"])
    for number in range(2):
        relabelled(folder, number, {1: 0})
    said = remarks(TINY, folder)
    assert "no training case has a lesion" in said
    assert "no validation case" in said


def test_mixed_orientation_is_said(folder: Path) -> None:
    assert "orientation" not in remarks(TINY, folder)
    with_affine(folder, 1, np.diag([-1.0, -1, 1, 1]))
    said = remarks(TINY, folder)
    assert "orientation" in said
    assert "p1" in said


def test_mixed_pixel_size_is_said_unless_images_are_resized(folder: Path) -> None:
    with_affine(folder, 1, np.diag([1.4, 1.4, 3, 1]))
    with_affine(folder, 0, np.diag([1.0, 1.0, 3, 1]))
    said = remarks(TINY, folder)
    assert "1 to 1.4 mm" in said
    with_affine(folder, 1, np.diag([1.02, 1.0, 2, 1]))
    assert "mm" not in remarks(TINY, folder)


def test_a_warm_up_longer_than_the_training_is_said(folder: Path) -> None:
    said = remarks(changed(warmup_updates=1000), folder)
    assert "warmup_updates" in said
    assert "1000" in said
    assert "warmup" not in remarks(changed(warmup_updates=3), folder)


def test_no_slice_to_train_on_is_refused(folder: Path, tmp_path: Path) -> None:
    # Half of the drawn slices have no lesion, but there are none without.
    for number in range(3):
        path = folder / f"{number}_image.nii.gz"
        data = np.zeros((18, 20, 5), np.uint8)
        data[9, 10] = 200 + number
        nib.save(nib.Nifti1Image(data, np.eye(4)), path)
    with pytest.raises(InputError, match="slice"):
        Training(changed(slice_filter="object"), folder, tmp_path / "run").run()
    assert not (tmp_path / "run").exists()


def test_split_table_keeps_all_cases(folder: Path, tmp_path: Path) -> None:
    Training(TINY, folder, tmp_path / "run").run(most_updates=1)
    with (tmp_path / "run" / "split.csv").open() as file:
        assert [row["case"] for row in csv.DictReader(file)] == ["p0", "p1", "p2"]
