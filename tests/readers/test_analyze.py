# SPDX-License-Identifier: BSD-3-Clause
"""Pairs of header and image: Analyze 7.5 and the NIfTI pair."""

from __future__ import annotations

import hashlib
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.errors import InputError, RequestError
from tests.phantoms import marked_phantom

DATA = np.arange(60, dtype=np.int16).reshape(3, 4, 5)


@pytest.mark.parametrize("kind", ["AnalyzeImage", "Spm2AnalyzeImage"])
@pytest.mark.parametrize("ending", [".hdr", ".img"])
def test_either_file_of_a_pair_opens_it_with_a_warning_about_orientation(
    kind: str, ending: str, tmp_path: Path
) -> None:
    nib.save(getattr(nib, kind)(DATA, np.diag([-2.0, 2, 3, 1])), tmp_path / "a.img")
    volume = mt.open(tmp_path / f"a{ending}")
    np.testing.assert_array_equal(volume.data, DATA)
    assert volume.spacing == (2, 2, 3)
    assert "does not say where right and left are" in volume.warnings[0]
    assert not volume.directions_known
    assert volume.sha256 == hashlib.sha256((tmp_path / "a.img").read_bytes()).hexdigest()


def test_a_pair_of_nifti_files_keeps_its_affine(tmp_path: Path) -> None:
    volume = marked_phantom("LSA", oblique_deg=20)
    nib.save(nib.Nifti1Pair(volume.data, volume.affine), tmp_path / "a.hdr")
    again = mt.open(tmp_path / "a.hdr")
    np.testing.assert_array_equal(again.data, volume.data)
    np.testing.assert_allclose(again.affine, volume.affine, atol=1e-5)
    assert again.warnings == ()


@pytest.mark.parametrize("gone", [".hdr", ".img"])
def test_half_a_pair_is_refused_with_the_name_of_the_missing_file(
    gone: str, tmp_path: Path
) -> None:
    nib.save(nib.AnalyzeImage(DATA, np.eye(4)), tmp_path / "a.img")
    (tmp_path / f"a{gone}").unlink()
    (here,) = tmp_path.iterdir()
    with pytest.raises(InputError, match=rf"{here.name}: a\{gone} is not in the same folder"):
        mt.open(here)


def test_a_short_image_is_refused(tmp_path: Path) -> None:
    nib.save(nib.AnalyzeImage(DATA, np.eye(4)), tmp_path / "a.img")
    (tmp_path / "a.img").write_bytes((tmp_path / "a.img").read_bytes()[:-1])
    with pytest.raises(InputError, match=r"a\.img: has only 119 of 120 bytes"):
        mt.open(tmp_path / "a.hdr")


def test_analyze_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be written"):
        mt.save(marked_phantom(), tmp_path / "a.img")
    assert list(tmp_path.iterdir()) == []


def test_a_text_matrix_beside_a_pair_is_ignored(tmp_path: Path) -> None:
    # FSL's FLIRT writes its transform as text under the name that SPM uses for affines.
    nib.save(nib.AnalyzeImage(DATA, np.diag([-2.0, 2, 3, 1])), tmp_path / "a.img")
    (tmp_path / "a.mat").write_text("1 0 0 -3.5\n0 1 0 2\n0 0 1 0\n0 0 0 1\n")
    volume = mt.open(tmp_path / "a.img")
    np.testing.assert_array_equal(volume.data, DATA)
    assert volume.spacing == (2, 2, 3)
    (tmp_path / "a.mat").write_bytes(b"MATLAB 5.0 damaged")
    with pytest.raises(InputError):
        mt.open(tmp_path / "a.img")
