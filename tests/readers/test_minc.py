# SPDX-License-Identifier: BSD-3-Clause
"""MINC 1 and 2 volumes, read only."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.errors import InputError, RequestError
from tests.phantoms import marked_phantom

NIBABEL_DATA = Path(nib.__file__).parent / "tests" / "data"


@pytest.mark.parametrize(
    "name", ["tiny.mnc", "minc1_1_scale.mnc", "small.mnc", "minc2_1_scale.mnc"]
)
def test_files_of_other_programs_are_read_as_by_nibabel(name: str) -> None:
    image, volume = nib.load(NIBABEL_DATA / name), mt.open(NIBABEL_DATA / name)
    wanted = np.asarray(image.dataobj)
    np.testing.assert_allclose(volume.data, wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max())
    np.testing.assert_array_equal(volume.affine, image.affine)
    assert volume.name == name.removesuffix(".mnc")
    assert len(volume.sha256 or "") == 64


@pytest.mark.parametrize("name", ["minc1_4d.mnc", "minc2_4d.mnc"])
def test_a_series_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: is a series"):
        mt.open(NIBABEL_DATA / name)


@pytest.mark.parametrize("name", ["tiny.mnc", "small.mnc"])
@pytest.mark.parametrize("kept", [0, 4, 100, 0.5])
def test_a_truncated_file_is_refused(name: str, kept: float, tmp_path: Path) -> None:
    raw = (NIBABEL_DATA / name).read_bytes()
    path = tmp_path / "a.mnc"
    path.write_bytes(raw[: int(kept if kept >= 1 or not kept else kept * len(raw))])
    with pytest.raises(InputError, match=r"a\.mnc"):
        mt.open(path)


def test_minc_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"\.mnc: this extension cannot be written"):
        mt.save(marked_phantom(), tmp_path / "a.mnc")
