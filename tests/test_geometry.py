# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.geometry import (
    Axes,
    axis_codes,
    check_affine,
    choose_axes,
    display_affine,
    display_order,
    from_stack,
    is_oblique,
    phase_letters,
    spacing,
    to_stack,
)
from tests.orders import ORDERS, SHAPE_RAS, Order, codes_of, marked_head
from tests.phantoms import marked_phantom, marker_mm


@pytest.mark.parametrize("order", ORDERS)
def test_letters_agree_with_nibabel(order: Order) -> None:
    import nibabel as nib

    volume = marked_head(order)
    assert volume.codes == codes_of(order) == "".join(nib.aff2axcodes(volume.affine))
    assert not volume.is_oblique


@pytest.mark.parametrize("order", ORDERS)
def test_slices_are_cut_along_the_coarsest_spacing(order: Order) -> None:
    volume = marked_head(order)
    world = [pair[0] for pair in order]
    assert world[volume.axes.slice] == 2
    # right-left has 12 voxels, anterior-posterior 10: the shorter is phase encoding
    assert world[volume.axes.phase] == 1
    assert phase_letters(volume.affine, volume.axes.phase) == "A–P"
    assert volume.axes.swapped().phase == volume.axes.readout
    assert volume.axes.swapped().swapped() == volume.axes


def test_ties_go_to_left_right_and_isotropic_volumes_are_cut_axially() -> None:
    axes = choose_axes((10, 10, 10), np.diag([1.0, 1, 1, 1]))
    assert axes == Axes(slice=2, readout=1, phase=0)
    for order in ORDERS:
        affine = marked_head(order).affine.copy()
        affine[:3, :3] = np.sign(affine[:3, :3])
        axes = choose_axes((9, 9, 9), affine)
        assert order[axes.slice][0] == 2
        assert order[axes.phase][0] == 0


def test_chosen_axes_are_kept_or_refused() -> None:
    affine = np.diag([1.0, 1, 3, 1])
    assert choose_axes((8, 9, 10), affine, slice_axis=0).slice == 0
    assert choose_axes((8, 9, 10), affine, phase_axis=1) == Axes(2, 0, 1)
    assert choose_axes((8, 9, 10), affine, phase_axis=2).phase == 2
    for wrong in ({"slice_axis": 3}, {"slice_axis": 1, "phase_axis": 1}):
        with pytest.raises(RequestError):
            choose_axes((8, 9, 10), affine, **wrong)
    with pytest.raises(RequestError):
        Axes(0, 0, 1)


@given(st.permutations([0, 1, 2]))
def test_from_stack_is_the_inverse_of_to_stack(order: list[int]) -> None:
    data = np.arange(60).reshape(3, 4, 5)
    axes = Axes(*order)
    stack = to_stack(data, axes)
    assert stack.shape == tuple(data.shape[i] for i in order)
    back = from_stack(stack, axes)
    assert np.shares_memory(back, data)
    np.testing.assert_array_equal(back, data)


@pytest.mark.parametrize("order", ORDERS)
def test_the_display_runs_along_superior_anterior_right(order: Order) -> None:
    volume = marked_head(order)
    view = display_order(volume.affine)
    assert tuple(volume.shape[axis] for axis in view) == SHAPE_RAS[::-1]
    shown, true = display_affine(volume.shape, volume.affine)
    np.testing.assert_allclose(shown, true)


@given(st.floats(2, 40), st.sampled_from(ORDERS))
def test_a_rotated_volume_is_oblique_and_displayed_about_its_centre(
    deg: float, order: Order
) -> None:
    volume = marked_head(order)
    turn, angle = np.eye(4), np.deg2rad(deg)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    affine = turn @ volume.affine
    assert is_oblique(affine)
    shown, true = display_affine(volume.shape, affine)
    assert np.count_nonzero(shown[:3, :3]) == 3
    centre = [(volume.shape[axis] - 1) / 2 for axis in display_order(affine)]
    np.testing.assert_allclose(shown @ [*centre, 1], true @ [*centre, 1], atol=1e-9)


@pytest.mark.parametrize(
    ("affine", "said"),
    [
        (np.eye(3), "not 4 x 4"),
        (np.diag([1.0, 0, 1, 1]), "singular"),
        (np.diag([1.0, np.nan, 1, 1]), "NaN"),
    ],
)
def test_an_invalid_affine_is_refused_with_the_name_of_its_file(
    affine: np.ndarray, said: str
) -> None:
    with pytest.raises(InputError, match=rf"brain\.nii.*{said}"):
        check_affine(affine, "brain.nii")


def test_voxels_of_any_size_are_accepted_and_flat_ones_of_any_size_refused() -> None:
    for size in (1e-5, 1.0, 1e5):
        assert check_affine(np.diag([size, size, size, 1]), "a").shape == (4, 4)
        flat = np.eye(4)
        flat[:3, :3] = size * np.array([[1, 2, 0], [1, 2, 0], [1, 2, 1]])
        with pytest.raises(InputError, match="singular"):
            check_affine(flat, "a")


@pytest.mark.parametrize(
    "affine", ["abc", [[1, 2], [3]], np.diag([1e300, 1, 1, 1]), np.diag([1.0, 1, 1, 2]), None]
)
def test_an_object_that_is_not_an_affine_is_an_input_error(affine: object) -> None:
    with pytest.raises(InputError, match="brain"):
        check_affine(affine, "brain")


def test_an_affine_is_a_copy() -> None:
    affine = np.eye(4)
    check_affine(affine, "a")[0, 0] = 7
    assert affine[0, 0] == 1


@pytest.mark.parametrize("order", ORDERS)
def test_a_single_slice_is_kept_whole(order: Order) -> None:
    affine = marked_head(order).affine.copy()
    affine[:3, :3] = np.sign(affine[:3, :3])
    for flat in range(3):
        shape = tuple(1 if axis == flat else 8 for axis in range(3))
        assert choose_axes(shape, affine).slice == flat


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("deg", [0, 15, 35])
def test_a_marker_is_displayed_at_right_front_and_top(order: Order, deg: float) -> None:
    volume = marked_phantom(codes_of(order), oblique_deg=deg)
    assert volume.codes == codes_of(order)
    shown, true = display_affine(volume.shape, volume.affine)
    view = volume.data.transpose(display_order(volume.affine))
    index = np.argwhere(view == view.max()).mean(0)
    np.testing.assert_allclose((true @ [*index, 1])[:3], marker_mm(volume)[::-1], atol=1e-9)
    centre = (np.array(view.shape) - 1) / 2
    # superior, anterior and right of the centre, for any order of the axes
    assert ((shown @ [*index, 1])[:3] > (shown @ [*centre, 1])[:3]).all()
    if not deg:
        np.testing.assert_allclose(shown, true)


@given(st.sampled_from(ORDERS), st.floats(0, 44), st.tuples(*[st.floats(0.3, 6)] * 3))
def test_letters_and_position_agree_with_nibabel(
    order: Order, deg: float, sizes: tuple[float, float, float]
) -> None:
    import nibabel as nib

    turned = marked_phantom(codes_of(order), oblique_deg=deg).affine
    affine = turned @ np.diag([*sizes, 1])
    assert axis_codes(affine) == "".join(nib.aff2axcodes(affine))
    np.testing.assert_allclose(spacing(affine), nib.affines.voxel_sizes(affine))
    which = nib.io_orientation(affine)[:, 0]
    assert display_order(affine) == tuple(int(np.flatnonzero(which == w)[0]) for w in (2, 1, 0))


@pytest.mark.parametrize("size", [1e-41, 1e-9, 1e8, 1e38])
def test_voxels_of_impossible_size_are_refused(size: float) -> None:
    for axis in range(3):
        affine = np.eye(4)
        affine[axis, axis] = size
        with pytest.raises(InputError, match=r"not possible|singular"):
            check_affine(affine, "a.nii")
    far = np.eye(4)
    far[1, 3] = 1e30
    with pytest.raises(InputError, match="not possible"):
        check_affine(far, "a.nii")
