# SPDX-License-Identifier: BSD-3-Clause
"""Axial, coronal and sagittal plane at once: what is drawn, and that one cross links them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Image, Labels
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

import napari_mtmri as mt
from napari_mtmri.gui.review.plane_drawings import Plane, drawings, head_area
from napari_mtmri.gui.viewer.layers import label_style, placement_of
from tests.gui.review.conftest import WAIT_MS, canvas_of, open_cases, paint, press

ALT_SHIFT = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
RADIOLOGICAL = (-1, -1)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR", "ASL"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_marked_side_lies_at_its_letter(codes: str, axis: int) -> None:
    """A voxel at the patient's right, anterior and superior end lies near R, A and S."""
    ways = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
    affine, shape, voxel = np.eye(4), [0, 0, 0], [0, 0, 0]
    for index, code in enumerate(codes):
        world, sign = ways[code]
        affine[:3, index] = 0
        affine[world, index] = sign * (1.0, 2.0, 3.0)[world]
        shape[index] = (8, 7, 6)[world]
        voxel[index] = shape[index] - 1 if sign > 0 else 0
    data = np.zeros(shape, np.int16)
    data[tuple(voxel)] = 100
    volume = mt.Volume(data, affine)
    placement = placement_of(volume)
    layer = Image(placement.view(data), contrast_limits=(0, 100), **placement.arguments())
    plane = Plane(axis, RADIOLOGICAL)
    (drawn,) = drawings([layer], plane, placement.point(voxel))
    row, column = np.argwhere(drawn.pixels == 255)[0]
    left, _, top, _ = plane.letters
    assert (row == 0) == (top in "RAS")
    assert (column == 0) == (left in "RAS")
    x, y = plane.on_screen(placement.point(voxel))
    height, width = drawn.pixels.shape
    pixel = (drawn.box[2] - drawn.box[0]) / width, (drawn.box[3] - drawn.box[1]) / height
    assert x == pytest.approx(drawn.box[0] + (column + 0.5) * pixel[0])
    assert y == pytest.approx(drawn.box[1] + (row + 0.5) * pixel[1])
    assert plane.moved_to(placement.point(voxel), x, y) == pytest.approx(placement.point(voxel))
    head = head_area(layer, plane)
    assert drawn.box[0] <= head[0] <= x <= head[2] <= drawn.box[2]


def test_labels_are_drawn_filled_or_as_an_outline() -> None:
    data = np.zeros((5, 9, 9), np.uint8)
    data[2, 2:7, 2:7] = 1
    layer = Labels(data, **label_style())
    plane = Plane(0, (1, 1))
    (filled,) = drawings([layer], plane, (2, 4, 4))
    assert np.array_equal(filled.pixels[..., 3] > 0, data[2] > 0)
    layer.contour = 1
    (outline,) = drawings([layer], plane, (2, 4, 4))
    assert outline.pixels[2, 2, 3]
    assert not outline.pixels[4, 4, 3]
    assert drawings([layer], plane, (9, 4, 4)) == []


def test_one_cross_links_the_planes(review: Any, viewer: Any, cases: Path, qtbot: Any) -> None:
    docks = set(viewer.window.dock_widgets)
    viewer.window.show()
    dragged = list(viewer.mouse_drag_callbacks)
    open_cases(review, cases, qtbot)
    with_canvas = list(viewer.mouse_drag_callbacks)
    press(viewer, Qt.Key.Key_O, ALT_SHIFT)
    assert review.case.planes.isChecked()
    coronal, sagittal = review.planes.views.views
    captions = review.planes.views.captions
    qtbot.waitUntil(lambda: coronal.width() > 100, timeout=WAIT_MS)
    voxel = review.desk.layers.placement.voxel
    assert [one.text().split()[0] for one in captions] == ["coronal", "sagittal"]
    assert review.desk.current.data[voxel(viewer.dims.point)], "the cross begins in the lesion"

    # A click in a side plane moves the canvas.
    before = voxel(viewer.dims.point)
    place = QPoint(coronal.width() // 2 + 9, 5)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(coronal, left, none, place)
    assert viewer.dims.current_step[0] == 5, "the top of the coronal plane is superior"
    after = voxel(viewer.dims.point)
    assert after[0] < before[0] or after[0] < 12, "to the right of the screen is the left side"
    assert after[1] == before[1], "it stays in its own plane"
    qtbot.waitUntil(lambda: f"{after[0] + 1} of 24" in captions[1].text(), timeout=WAIT_MS)

    # A click on the canvas moves the side planes; dragging the image does not.
    canvas = canvas_of(viewer)
    QTest.mouseClick(canvas, left, none, canvas.rect().center())
    middle = voxel(viewer.dims.point)
    assert middle == review.desk.layers.cursor_voxel()
    assert middle != after
    qtbot.waitUntil(lambda: f"{middle[0] + 1} of 24" in captions[1].text(), timeout=WAIT_MS)

    # The cross lies in a plane: in 3-D there is none.
    assert "mtmri_cross" in viewer.scene.overlays
    viewer.dims.ndisplay = 3
    qtbot.waitUntil(lambda: "mtmri_cross" not in viewer.scene.overlays, timeout=WAIT_MS)
    viewer.dims.ndisplay = 2
    qtbot.waitUntil(lambda: "mtmri_cross" in viewer.scene.overlays, timeout=WAIT_MS)

    # What is painted shows in the side planes, and the mask remains editable.
    def coloured() -> int:
        image, _ = sagittal._images[-1]
        return sum(
            image.pixelColor(x, y).alpha() > 0
            for x in range(image.width())
            for y in range(image.height())
        )

    count = coloured()
    paint(review, middle, size=5)
    qtbot.waitUntil(lambda: coloured() > count, timeout=WAIT_MS)
    assert review.desk.current.history.can_undo

    # Closing the dock gives everything back, and it can be shown again.
    viewer.window.remove_dock_widget(review.planes.views)
    qtbot.waitUntil(lambda: not review.case.planes.isChecked(), timeout=WAIT_MS)
    assert viewer.mouse_drag_callbacks == with_canvas
    assert "mtmri_cross" not in viewer.scene.overlays
    review.case.planes.setChecked(True)
    assert review.planes.is_shown
    review.desk.leave_case()
    qtbot.waitUntil(lambda: captions_of(review) == ["", ""], timeout=WAIT_MS)
    review.close_down()
    assert set(viewer.window.dock_widgets) == docks
    assert viewer.mouse_drag_callbacks == dragged


def captions_of(review: Any) -> list[str]:
    return [one.text() for one in review.planes.views.captions]
