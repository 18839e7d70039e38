# SPDX-License-Identifier: BSD-3-Clause
"""Every layout of cases, from a small generated folder."""

from __future__ import annotations

import gzip
import json
from importlib.util import find_spec
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_mtmri.errors import InputError, ResourceError
from napari_mtmri.train.data.cases import find_cases, load_case
from napari_mtmri.train.data.sources.brainweb import FUZZY
from napari_mtmri.train.recipe import Recipe
from napari_mtmri.volume import image_hash

SHAPE = (12, 14, 5)


def save(path: Path, data: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(data, np.diag([1, 1, 3, 1])), path)


def image(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(1, 100, SHAPE).astype(np.int16)


def mask(*corner: int) -> np.ndarray:
    data = np.zeros(SHAPE, np.uint8)
    data[corner] = 1
    return data


def test_atlas_1_unites_the_lesions_of_a_scan(tmp_path: Path, rng: np.random.Generator) -> None:
    for patient, visits in (("c0001s0001", 2), ("c0001s0002", 1)):
        for visit in range(1, visits + 1):
            place = tmp_path / "Site1" / patient / f"t{visit:02d}"
            stem = f"{patient}t{visit:02d}"
            save(place / f"{stem}_t1w_deface_stx.nii.gz", image(rng))
            save(place / f"{stem}_LesionSmooth_stx.nii.gz", 255 * mask(1, 2, 3))
            save(place / f"{stem}_LesionSmooth_1_stx.nii.gz", 255 * mask(4, 5, 1))
    files = find_cases(tmp_path, Recipe())
    assert len(files) == 3
    assert len({f.patient for f in files}) == 2
    case = load_case(files[0], Recipe())
    assert case.labels.sum() == 2
    assert case.labels.max() == 1


def test_atlas_2_is_a_bids_derivative(tmp_path: Path, rng: np.random.Generator) -> None:
    for site, patient in (("R001", "sub-r001s001"), ("R002", "sub-r002s001")):
        place = tmp_path / "Training" / site / patient / "ses-1" / "anat"
        stem = f"{patient}_ses-1_space-MNI152NLin2009aSym"
        save(place / f"{stem}_T1w.nii.gz", image(rng))
        save(place / f"{stem}_label-L_desc-T1lesion_mask.nii.gz", mask(1, 2, 3))
    hidden = tmp_path / "Testing" / "R003" / "sub-r003s001" / "ses-1" / "anat"
    save(hidden / "sub-r003s001_ses-1_space-MNI152NLin2009aSym_T1w.nii.gz", image(rng))
    files = find_cases(tmp_path, Recipe())
    assert [f.patient for f in files] == ["sub-r001s001", "sub-r002s001"]
    assert load_case(files[0], Recipe()).labels.sum() == 1


def test_kaggle_has_one_folder_per_patient(tmp_path: Path, rng: np.random.Generator) -> None:
    from tifffile import imwrite

    names = ["TCGA_CS_4941_19960909", "TCGA_CS_4941_19970101", "TCGA_DU_5849_19950405"]
    for name in names:
        (tmp_path / name).mkdir()
        for number in range(1, 4):
            plane = rng.integers(1, 255, (14, 12, 3)).astype(np.uint8)
            imwrite(tmp_path / name / f"{name}_{number}.tif", plane)
            drawn = np.zeros((14, 12), np.uint8)
            drawn[3:5, 4:6] = 255 * (number == 2)
            imwrite(tmp_path / name / f"{name}_{number}_mask.tif", drawn)
    files = find_cases(tmp_path, Recipe())
    assert [f.name for f in files] == names
    assert files[0].patient == files[1].patient != files[2].patient
    case = load_case(files[0], Recipe())
    assert case.labels.sum() == 4
    assert case.image.dtype == np.uint8


def head_map() -> np.ndarray:
    x, y, z = np.ogrid[-1:1:16j, -1:1:18j, -1:1:10j]
    radius = x**2 + y**2 + z**2
    return np.select([radius < 0.2, radius < 0.4, radius < 0.6, radius < 0.8], [3, 2, 1, 7]).astype(
        np.uint8
    )


def test_brainweb_models_become_images_and_three_classes(tmp_path: Path) -> None:
    for number in (4, 5, 6):
        nib.save(
            nib.Nifti1Image(head_map(), np.eye(4)), tmp_path / f"subject{number:02d}_tissues.nii.gz"
        )
    files = find_cases(tmp_path, Recipe(sequence="t1-spgr"))
    assert [f.name for f in files] == ["subject04", "subject05", "subject06"]
    one = load_case(files[0], Recipe(classes=3))
    assert set(np.unique(one.labels)) == {0, 1, 2, 3}
    csf, white, grey = (one.image[one.labels == label].mean() for label in (1, 2, 3))
    assert white > grey > csf
    flair = load_case(find_cases(tmp_path, Recipe(sequence="flair"))[0], Recipe())
    assert flair.image[flair.labels == 1].mean() < flair.image[flair.labels == 2].mean()


def fuzzy_maps(crisp: np.ndarray) -> list[np.ndarray]:
    """Fraction of each of BrainWeb's 12 tissues per voxel: a blurred crisp map."""
    return [gaussian_filter((crisp == number).astype(np.float32), 0.6) for number in range(12)]


def test_fuzzy_and_smoothed_crisp_brainweb_models_give_the_same_image(tmp_path: Path) -> None:
    for part, model in zip(fuzzy_maps(head_map()), FUZZY, strict=True):
        save(tmp_path / "fuzzy" / f"subject04_{model}.nii.gz", part)
    save(tmp_path / "crisp" / "subject04_crisp_v.nii", head_map())
    recipe = Recipe(sequence="t2-se", classes=3)
    fuzzy, crisp = (
        load_case(find_cases(tmp_path / kind, recipe)[0], recipe) for kind in ("fuzzy", "crisp")
    )
    np.testing.assert_allclose(fuzzy.image, crisp.image, atol=0.5)  # of 1000
    assert (fuzzy.labels == crisp.labels).mean() > 0.99
    (tmp_path / "fuzzy" / "subject04_skull_v.nii.gz").unlink()
    with pytest.raises(InputError, match="subject04 lacks skull_v"):
        find_cases(tmp_path / "fuzzy", recipe)


def test_spots_outside_the_head_give_no_signal(tmp_path: Path) -> None:
    crisp = np.pad(head_map(), 8)
    crisp[1:3, 1:3, 1:3] = 8
    for part, model in zip(fuzzy_maps(crisp), FUZZY, strict=True):
        save(tmp_path / "fuzzy" / f"subject04_{model}.nii.gz", part)
    save(tmp_path / "crisp" / "subject04_tissues.nii.gz", crisp)
    for kind in ("fuzzy", "crisp"):
        image, _ = find_cases(tmp_path / kind, Recipe())[0].open()
        assert not image.data[:5, :5, :5].any()
        assert image.data[8:-8, 8:-8, 8:-8].any()


def test_packed_minc_models_are_read(tmp_path: Path) -> None:
    from nibabel.testing import data_path

    tiny = Path(data_path) / "tiny.mnc"
    for model in FUZZY[1:]:
        (tmp_path / f"subject04_{model}.mnc.gz").write_bytes(gzip.compress(tiny.read_bytes()))
    grid = nib.load(tiny)
    air = np.zeros(grid.shape, np.float32)
    air[0] = 1e6
    nib.save(nib.Nifti1Image(air, grid.affine), tmp_path / "subject04_bck_v.nii.gz")
    image, labels = find_cases(tmp_path, Recipe())[0].open()
    assert image.shape == grid.shape
    np.testing.assert_array_equal(labels.data > 0, air == 0)


def test_a_table_next_to_label_maps_gives_patient_and_split(tmp_path: Path) -> None:
    for number in (4, 5, 6):
        save(tmp_path / f"subject{number:02d}_tissues.nii.gz", head_map())
    table = (
        "case,labels,patient,split\nsubject04,x,a,train\nsubject05,x,a,train\nsubject06,x,b,val\n"
    )
    (tmp_path / "cases.csv").write_text(table)
    files = find_cases(tmp_path, Recipe())
    assert [(f.patient, f.split) for f in files] == [("a", "train"), ("a", "train"), ("b", "val")]
    save(tmp_path / "subject18_tissues.nii.gz", head_map())
    with pytest.raises(InputError, match="no row for case 'subject18'"):
        find_cases(tmp_path, Recipe())


@pytest.mark.parametrize("numbers", [[0, 0], [0, -3], [0, 70000], [4, 4]])
def test_numbers_that_are_not_tissues_are_refused(numbers: list[int], tmp_path: Path) -> None:
    save(tmp_path / "subject04_tissues.nii.gz", np.resize(numbers, SHAPE).astype(np.int32))
    with pytest.raises(InputError, match="not a map of tissues"):
        load_case(find_cases(tmp_path, Recipe())[0], Recipe())


def test_brainweb_needs_its_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRAINWEB_DIR", str(tmp_path))
    if find_spec("brainweb_dl") is None:
        with pytest.raises(ResourceError, match="brainweb-dl"):
            find_cases("brainweb", Recipe())
        return
    # Its own cache: axes reversed, regardless of the affine.
    crisp = nib.Nifti1Image(head_map().transpose(2, 1, 0), np.eye(4))
    nib.save(crisp, tmp_path / "brainweb_s04_crisp.nii.gz")
    files = find_cases("brainweb", Recipe())
    assert len(files) == 20
    image, labels = files[0].open()
    assert image.codes == "RAS"
    np.testing.assert_array_equal(labels.data == 2, head_map() == 3)
    (tmp_path / "brainweb_s05_crisp.nii.gz").write_bytes(b"damaged")
    with pytest.raises(InputError, match="subject05: brainweb-dl"):
        files[1].open()


def test_simulated_images_depend_on_seed_and_case_only(tmp_path: Path) -> None:
    for number in (4, 5):
        nib.save(
            nib.Nifti1Image(head_map(), np.eye(4)), tmp_path / f"subject{number:02d}_tissues.nii.gz"
        )

    def images(seed: int) -> list[str]:
        recipe = Recipe(seed=seed, sequence="t2-se", bias_percent=30)
        return [image_hash(load_case(f, recipe).image) for f in find_cases(tmp_path, recipe)]

    assert images(0) == images(0)
    assert not set(images(0)) & set(images(1))
    assert len(set(images(0))) == 2


def test_label_maps_need_a_list_of_tissues(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(head_map(), np.eye(4)), tmp_path / "a.nii.gz")
    meaning = {
        "1": {"tissue": "csf"},
        "2": {"tissue": "grey matter", "class": 1},
        "3": {"tissue": "lesion", "class": 2},
    }
    (tmp_path / "tissues.json").write_text(json.dumps(meaning))
    case = load_case(find_cases(tmp_path, Recipe(sequence="flair"))[0], Recipe())
    assert set(np.unique(case.labels)) == {0, 1, 2}
    assert case.image[case.labels == 2].mean() > 1.5 * case.image[case.labels == 1].mean()
    (tmp_path / "tissues.json").write_text(json.dumps({"1": {"tissue": "bone marrow edema"}}))
    with pytest.raises(InputError, match="bone marrow edema"):
        find_cases(tmp_path, Recipe())


def test_simulated_heads_differ_have_lesions_and_need_no_data() -> None:
    recipe = Recipe(n_simulated=(3, 2, 1), simulated_size=(48, 40))
    files = find_cases("simulated", recipe)
    assert [f.split for f in files] == ["train"] * 3 + ["val"] * 2 + ["test"]
    cases = [load_case(f, recipe) for f in files]
    assert len({image_hash(case.image) for case in cases}) == 6
    for case in cases:
        assert case.image.shape[1:] == (48, 40)
        assert case.labels.any()
        lesion = case.image[case.labels > 0].mean()
        assert lesion > 1.3 * np.median(case.image[case.image > 100])
    again = load_case(files[0], recipe)
    assert image_hash(again.image) == image_hash(cases[0].image)


def test_simulated_heads_have_the_requested_contrast() -> None:
    def contrast(sequence: str) -> float:
        recipe = Recipe(sequence=sequence, n_simulated=(1, 0, 0))
        case = load_case(find_cases("simulated", recipe)[0], recipe)
        head = case.image > 0.1 * case.image.max()
        return float(case.image[case.labels > 0].mean() / np.median(case.image[head]))

    assert contrast("as-is") == contrast("flair") > 1.3
    assert contrast("t1-se") < 1


def test_real_brainweb_models_look_like_heads(shared_data: Path) -> None:
    recipe = Recipe(sequence="t1-spgr", classes=3)
    files = find_cases(shared_data / "brainweb", recipe)
    assert [sum(f.split == side for f in files) for side in ("train", "val", "test")] == [15, 2, 3]
    case = load_case(next(f for f in files if f.name == "subject41"), recipe)
    means = [case.image[case.labels == label].mean() for label in (1, 2, 3)]
    assert means[1] > means[2] > means[0]
