# SPDX-License-Identifier: BSD-3-Clause
"""The shipped sample agrees with its description and can be made from its source."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import binary_fill_holes, distance_transform_edt, label

from napari_mtmri.errors import RequestError
from napari_mtmri.samples import open_sample, phantom, sample_text
from napari_mtmri.volume import Volume
from sample_data.make_sample import SLICES, insert_lesion, main

FOLDER = files("napari_mtmri.sample_data")
MADE = ("flair.nii.gz", "lesion.nii.gz", "sample.json")
Pair = tuple[Volume, Volume]


@pytest.fixture(scope="module")
def sample() -> Pair:
    return open_sample()


@pytest.fixture(scope="module")
def source(shared_data: Path) -> Path:
    return shared_data / "open-ms" / "raw_patient20_flair.nii.gz"


@pytest.fixture(scope="module")
def remade(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("remade")
    main(source, folder)
    return folder


def head(image: Volume) -> np.ndarray:
    """Head with scalp, slice by slice."""
    inside = image.data > 15
    return np.stack([binary_fill_holes(inside[..., k]) for k in range(image.shape[2])], axis=-1)


def test_image_and_labels_have_the_same_oblique_grid(sample: Pair) -> None:
    image, labels = sample
    assert image.same_grid(labels)
    assert image.is_oblique
    assert image.shape[image.axes.slice] <= 24
    assert (image.kind, labels.kind) == ("image", "labels")
    assert set(np.unique(labels.data)) == {0, 1}


def test_sample_is_small() -> None:
    assert sum(len((FOLDER / name).read_bytes()) for name in MADE) <= 3e6


def test_attribution_travels_with_the_sample() -> None:
    text = (FOLDER / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for word in ("Lesjak", "Neuroinformatics, 2016", "University of Ljubljana", "CC BY", "Changes"):
        assert word in text
    assert "never used in training" in text


def test_the_description_states_what_is_real_and_what_is_not() -> None:
    text = sample_text()
    for word in ("Real:", "Not real:", "simulated", "Never used in training", "CC BY", "Lesjak"):
        assert word in text


def test_the_lesion_has_the_stated_volume(sample: Pair) -> None:
    labels = sample[1]
    volume_ml = labels.data.sum() * np.prod(labels.spacing) / 1000
    facts = json.loads((FOLDER / "sample.json").read_text(encoding="utf-8"))
    assert facts["lesion_ml"] == pytest.approx(volume_ml, abs=0.01)
    assert f"{volume_ml:.1f} ml" in facts["not_real"]
    assert f"{volume_ml:.1f} ml" in (FOLDER / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert 15 <= volume_ml <= 40


def test_the_lesion_is_connected_and_in_one_hemisphere(sample: Pair) -> None:
    image, labels = sample
    lesion = labels.data > 0
    assert label(lesion, np.ones((3, 3, 3)))[1] == 1
    depth_mm = distance_transform_edt(head(image), sampling=image.spacing)
    assert depth_mm[lesion].min() > 10  # clear of scalp and skull
    middle = np.argwhere(head(image))[:, 0].mean()
    assert np.argwhere(lesion)[:, 0].max() < middle - 3  # axis 0 runs to the patient's left


def test_lesion_is_as_bright_as_gliomas_in_flair(sample: Pair) -> None:
    image, labels = sample
    lesion = labels.data > 0
    away_mm = distance_transform_edt(~lesion, sampling=image.spacing)
    depth_mm = distance_transform_edt(lesion, sampling=image.spacing)
    around = np.median(image.data[(away_mm > 5) & (away_mm < 12) & (image.data > 40)])
    core, border = (
        np.median(image.data[part]) for part in (depth_mm > 5, depth_mm == depth_mm[lesion].min())
    )
    assert 1.4 < core / around < 2
    assert 1.1 < border / around < 1.4  # oedema fades


def test_files_have_the_stated_checksums() -> None:
    stated = json.loads((FOLDER / "sample.json").read_text(encoding="utf-8"))["sha256"]
    for name in MADE[:2]:
        packed = (FOLDER / name).read_bytes()
        assert packed[4:8] == bytes(4)  # no time stamp
        found = hashlib.sha256(gzip.decompress(packed)).hexdigest()
        assert stated[f"{name.removesuffix('.gz')}, unpacked"] == found


@pytest.mark.parametrize("name", MADE)
def test_the_script_reproduces_the_files_byte_for_byte(remade: Path, name: str) -> None:
    made, shipped = (remade / name).read_bytes(), (FOLDER / name).read_bytes()
    if name.endswith(".gz"):
        assert gzip.decompress(made) == gzip.decompress(shipped)
    if "ng" not in zlib.ZLIB_RUNTIME_VERSION:  # zlib-ng packs otherwise
        assert made == shipped


def test_every_voxel_outside_the_lesion_is_unchanged(sample: Pair, source: Path) -> None:
    from napari_mtmri.readers.nifti import read_nifti

    image, labels = sample
    whole = read_nifti(source)
    share = insert_lesion(whole.data[..., SLICES].astype(float), np.array(whole.spacing))[1]
    outside = share == 0
    assert np.array_equal(image.data[outside], whole.data[..., SLICES][outside])
    assert np.array_equal(labels.data > 0, share >= 0.5)


def test_slices_keep_their_position_in_space(sample: Pair, source: Path) -> None:
    from napari_mtmri.readers.nifti import read_nifti

    whole, image = read_nifti(source), sample[0]
    for corner in ((0, 0, 0), (255, 255, 23), (255, 0, 12)):
        before = whole.affine @ (*corner[:2], corner[2] + SLICES.start, 1)
        assert image.affine @ (*corner, 1) == pytest.approx(before, abs=1e-4)


def test_an_unknown_sample_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(RequestError, match=r"'liver' does not exist.*flair-lesion"):
        open_sample("liver")


def test_the_phantom_depends_on_its_seed_only() -> None:
    one, again, other = (phantom((24, 28, 8), seed)[0].data for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("seed", range(6))
def test_phantom_has_one_bright_lesion_inside_its_brain(seed: int) -> None:
    image, labels = phantom((48, 56, 12), seed)
    lesion = labels.data > 0
    bare, empty = phantom((48, 56, 12), seed, lesion=False)
    assert image.same_grid(labels)
    assert label(lesion)[1] == 1
    assert not empty.data.any()
    assert np.array_equal(image.data[~lesion], bare.data[~lesion])
    brain = np.median(bare.data[lesion])
    assert abs(bare.data[lesion] - brain).max() < 0.3 * brain  # neither skull nor ventricle
    assert np.median(image.data[lesion]) > 1.5 * brain
