# SPDX-License-Identifier: BSD-3-Clause
"""FreeSurfer volumes."""

from __future__ import annotations

import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import napari_mtmri as mt
from napari_mtmri.errors import InputError
from tests.orders import ORDERS, Order, codes_of
from tests.phantoms import marked_phantom

NIBABEL_DATA = Path(nib.__file__).parent / "tests" / "data"


@pytest.mark.parametrize("order", ORDERS[::3])
@pytest.mark.parametrize("ending", [".mgh", ".mgz"])
def test_a_rotated_volume_is_read_back_in_place(order: Order, ending: str, tmp_path: Path) -> None:
    for dtype in ("uint8", "int16", "float32"):
        volume = marked_phantom(codes_of(order), dtype=dtype, oblique_deg=20)
        again = mt.open(mt.save(volume, tmp_path / f"a{ending}"))
        np.testing.assert_array_equal(again.data, volume.data)
        np.testing.assert_allclose(again.affine, volume.affine, atol=1e-4)
        assert again.codes == codes_of(order)
        assert again.spacing_known


def test_a_volume_of_freesurfer_is_read_and_a_series_refused(tmp_path: Path) -> None:
    path = NIBABEL_DATA / "test.mgz"
    with pytest.raises(InputError, match=r"series of shape \(3, 4, 5, 2\)"):
        mt.open(path)
    image = nib.load(path)
    first = nib.MGHImage(np.asarray(image.dataobj)[..., 0], image.affine, image.header)
    nib.save(first, tmp_path / "a.mgz")
    volume = mt.open(tmp_path / "a.mgz")
    np.testing.assert_array_equal(volume.data, np.asarray(image.dataobj)[..., 0])
    np.testing.assert_allclose(volume.affine, image.affine)


def test_a_file_that_ends_in_its_header_is_refused(tmp_path: Path) -> None:
    path = mt.save(marked_phantom(), tmp_path / "a.mgh")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match=r"a\.mgh: has only 100 bytes"):
        mt.open(path)


def test_a_wrong_shape_in_the_header_is_refused_before_decompression(tmp_path: Path) -> None:
    path = mt.save(marked_phantom(), tmp_path / "a.mgh")
    raw = bytearray(path.read_bytes())
    for sides, said in (
        ((30_000, 30_000, 30_000, 1), "GiB"),
        ((2**31 - 1, 2**31 - 1, 2**31 - 1, 1), "GiB"),
        ((-4, 4, 4, 1), "header has the shape"),
        ((12, 10, 80, 1), "has only"),
        ((0, 4, 4, 1), "empty shape"),
    ):
        raw[4:20] = struct.pack(">4i", *sides)
        path.write_bytes(raw)
        with pytest.raises(InputError, match=rf"a\.mgh.*{said}"):
            mt.open(path)
