# SPDX-License-Identifier: BSD-3-Clause
"""MINC 1 and 2 volumes, read only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def with_virtual(file: Any) -> None:
    import h5py

    image = file["minc-2.0/image/0"]
    shape, dtype = image["image"].shape, image["image"].dtype
    del image["image"]
    layout = h5py.VirtualLayout(shape, dtype)
    layout[:] = h5py.VirtualSource(".", "/minc-2.0/image/0/image", shape)
    image.create_virtual_dataset("image", layout)


def with_external(file: Any) -> None:
    image = file["minc-2.0/image/0"]
    shape, dtype = image["image"].shape, image["image"].dtype
    del image["image"]
    image.create_dataset("image", shape, dtype, external=[("secret.bin", 0, 10**6)])


def with_link(name: str, *, outside: bool) -> Callable[[Any], None]:
    def edit(file: Any) -> None:
        import h5py

        del file[name]
        link = h5py.ExternalLink("other.mnc", name) if outside else h5py.SoftLink("/elsewhere")
        file[name] = link

    return edit


def with_circle(file: Any) -> None:
    file["minc-2.0/image/0/again"] = file["minc-2.0"]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (with_virtual, "a virtual dataset"),
        (with_external, "stored in another file"),
        (with_link("minc-2.0/image/0/image", outside=True), "a link to another file"),
        (with_link("minc-2.0/image/0/image-max", outside=True), "a link to another file"),
        (with_link("minc-2.0/dimensions", outside=True), "a link to another file"),
        (with_link("minc-2.0/image/0/image", outside=False), "a link"),
        (with_circle, "too many objects"),
    ],
)
def test_voxels_that_lie_elsewhere_are_refused(
    edit: Callable[[Any], None], said: str, tmp_path: Path
) -> None:
    import h5py

    path = tmp_path / "a.mnc"
    path.write_bytes((NIBABEL_DATA / "small.mnc").read_bytes())
    with h5py.File(path, "r+") as file:
        edit(file)
    with pytest.raises(InputError, match=rf"a\.mnc: /minc-2\.0.* {said}"):
        mt.open(path)
