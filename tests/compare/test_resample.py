# SPDX-License-Identifier: BSD-3-Clause
"""Resampling: the same grid is left alone, other grids agree with SimpleITK."""

from __future__ import annotations

import numpy as np
import pytest

from napari_mtmri.compare import resampled
from napari_mtmri.volume import Volume

TURN = np.array([[0.94, -0.30, 0.17], [0.31, 0.95, -0.05], [-0.14, 0.10, 0.98]])


def grid_of(
    shape: tuple[int, int, int], spacing: tuple[float, ...], turned: bool, right_mm: float = 0
) -> Volume:
    """An empty volume about a point, turned or not."""
    affine = np.eye(4)
    axes, signs = np.linalg.qr(TURN if turned else np.eye(3))
    affine[:3, :3] = axes * np.sign(np.diag(signs)) @ np.diag(spacing)
    affine[:3, 3] = -affine[:3, :3] @ (np.array(shape) - 1) / 2 + (right_mm, 0, 0)
    return Volume(np.zeros(shape, np.float32), affine)


def test_a_volume_on_its_own_grid_is_itself() -> None:
    volume = grid_of((4, 5, 6), (1, 2, 3), turned=True)
    assert resampled(volume, volume) is volume


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("kind", ["image", "labels"])
def test_it_agrees_with_simpleitk(kind: str, turned: bool, rng: np.random.Generator) -> None:
    sitk = pytest.importorskip("SimpleITK")
    source = grid_of((16, 14, 12), (1.0, 1.3, 2.1), turned)
    if kind == "labels":
        source = source.like(rng.integers(0, 4, source.shape, np.uint8), kind="labels")
    else:
        source = source.like(rng.random(source.shape, np.float32))
    onto = grid_of((9, 10, 11), (1.7, 0.9, 1.1), turned=False)

    def itk(volume: Volume) -> object:
        """SimpleITK counts in LPS, and its arrays run k, j, i."""
        lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
        image = sitk.GetImageFromArray(np.ascontiguousarray(volume.data.transpose(2, 1, 0)))
        image.SetSpacing(volume.spacing)
        image.SetOrigin(lps[:3, 3].tolist())
        image.SetDirection((lps[:3, :3] / volume.spacing).ravel().tolist())
        return image

    how = sitk.sitkNearestNeighbor if kind == "labels" else sitk.sitkLinear
    expected = sitk.GetArrayFromImage(
        sitk.Resample(itk(source), itk(onto), sitk.Transform(), how, 0.0)
    )
    found = resampled(source, onto)
    assert found.same_grid(onto)
    assert found.kind == kind
    index = np.indices(onto.shape).reshape(3, -1)
    at = np.linalg.inv(source.affine) @ onto.affine @ np.vstack([index, np.ones(index.shape[1])])
    inner = np.all(
        [(x > 0.05) & (x < n - 1.05) for x, n in zip(at, source.shape, strict=False)], axis=0
    )
    # at half a voxel, either neighbor is the nearest
    clear = np.abs(at[:3] % 1 - 0.5).min(axis=0) > 1e-6
    chosen = (inner & clear).reshape(onto.shape)
    assert chosen.any()
    np.testing.assert_allclose(found.data[chosen], expected.transpose(2, 1, 0)[chosen], atol=1e-5)


def test_what_lies_outside_is_zero() -> None:
    here = grid_of((4, 4, 4), (1, 1, 1), turned=False)
    there = grid_of((4, 4, 4), (1, 1, 1), turned=False, right_mm=100)
    assert not resampled(here.like(np.ones((4, 4, 4), np.float32)), there).data.any()
