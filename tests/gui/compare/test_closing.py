# SPDX-License-Identifier: BSD-3-Clause
"""The end of a comparison: the viewer is as before, and what the user painted stays."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget

from napari_mtmri.gui.app import commands
from napari_mtmri.gui.compare.below import NAME
from tests.gui.compare.conftest import Case, fill, settle
from tests.gui.conftest import WAIT_MS


def docks(viewer: Any) -> set[str]:
    """Return the names of the docks of the window."""
    return {dock.objectName() for dock in viewer.window._qt_window.findChildren(QDockWidget)}


def state(viewer: Any) -> Any:
    """Return what a user would notice of a viewer."""
    grid, camera = viewer.canvas.grid, viewer.scene.camera
    return {
        "layers": [
            (
                layer.name, layer.visible, layer.opacity, layer.data,
                getattr(layer, "contrast_limits", None), getattr(layer, "contour", None),
            )
            for layer in viewer.layers
        ],
        "selection": {layer.name for layer in viewer.layers.selection},
        "grid": (grid.enabled, grid.stride, grid.shape, grid.spacing),
        "dims": tuple(viewer.dims.order),
        "camera": (tuple(camera.center), camera.zoom, tuple(camera.angles), camera.orientation),
        "callbacks": (list(viewer.mouse_move_callbacks), list(viewer.mouse_drag_callbacks)),
        "keys": set(viewer.keymap),
        "scene": set(viewer.scene.overlays),
        "canvas": {key: one.visible for key, one in viewer.canvas.overlays.items()},
        "docks": docks(viewer) - {"Compare (napari-mtmri)"},
    }  # fmt: skip


def same(before: Any, after: Any) -> None:
    for key, value in before.items():
        if key == "layers":
            assert [one[:3] + one[4:] for one in after[key]] == [one[:3] + one[4:] for one in value]
            assert all(new[3] is old[3] for new, old in zip(after[key], value, strict=True))
        else:
            assert after[key] == value, key


def test_the_viewer_is_as_before_when_cleared_hidden_or_removed(full: Any, qtbot: Any) -> None:
    full.window.show()  # a hidden window hides nothing
    qtbot.wait(50)
    full.layers[1].visible = False
    full.layers.selection = {full.layers[2]}
    full.layers[0].contrast_limits = (3, 77)
    full.dims.order = (1, 0, 2)
    full.scene.camera.zoom = 3.5
    before = state(full)
    panel = commands.open_compare(full)
    with_keys = {**before, "keys": state(full)["keys"]}
    for way in ("cleared", "hidden", "removed"):
        if panel.collection.comparison is None:
            panel.cells.compare.click()
        settle(panel, qtbot)
        for mode in ("grid", "swipe", "grid", "blink"):
            # napari raises if the colour bar is shown again in another grid
            panel.looking.content, panel.looking.mode = "image", mode
            settle(panel, qtbot)
            panel.looking.content = "error"
            settle(panel, qtbot)
        panel.screen.cursor.go((0.0, 0.0, 0.0))
        assert NAME in docks(full)
        dock = panel.parentWidget()
        if way == "cleared":
            qtbot.mouseClick(panel.cells.clear, Qt.MouseButton.LeftButton)
        elif way == "hidden":
            dock.hide()
        else:
            full.window.remove_dock_widget(dock)
            panel.deleteLater()
            qtbot.waitUntil(lambda: not isalive(panel), timeout=WAIT_MS)
        qtbot.wait(50)
        same(before if way == "removed" else with_keys, state(full))
        if way == "hidden":
            dock.show()


def check_a_hidden_panel_shows_its_cells_again(compare: Any, full: Any, qtbot: Any) -> None:
    full.window.show()
    qtbot.wait(50)
    names = [layer.name for layer in full.layers]
    compare.hide()
    assert not full.canvas.grid.enabled
    compare.show()
    settle(compare, qtbot)
    assert [layer.name for layer in full.layers] == names


def check_a_painted_mask_is_the_user_s_own_and_one_undo_step(
    compare: Any, full: Any, qtbot: Any
) -> None:
    compare.cells.list.setCurrentRow(2)
    qtbot.mouseClick(compare.cells.paint, Qt.MouseButton.LeftButton)
    settle(compare, qtbot)
    mine = full.layers.selection.active
    assert mine.name == "my mask · zero-filled R4"
    assert mine in [slot.labels for slot in compare.screen.stage.slots]
    before = mine.data.copy()
    mine.brush_size = 5
    mine.selected_label = 1
    with mine.block_history():
        for column in range(10, 16):
            mine.paint((3, 12, column), 1)
    painted = mine.data.copy()
    assert (painted != before).any()
    qtbot.waitUntil(
        lambda: (
            bool(compare.collection.comparison.cell(mine.name).labels.data.any())
            and not compare.collection._painting.isActive()
        ),
        timeout=WAIT_MS,
    )
    settle(compare, qtbot)
    shown = compare.collection.comparison.cell(mine.name).labels.data
    np.testing.assert_array_equal(shown, compare.places.placement.back(painted))
    mine.undo()
    np.testing.assert_array_equal(mine.data, before)
    mine.redo()
    compare.looking.content = "error"
    settle(compare, qtbot)
    compare.close_down()
    assert mine in full.layers
    np.testing.assert_array_equal(mine.data, painted)
    assert [layer.name for layer in full.layers][-1] == mine.name


def check_a_mask_of_the_user_goes_back_to_its_place(compare: Any, full: Any, qtbot: Any) -> None:
    order = [layer.name for layer in full.layers][:4]
    drawn = full.layers[1]
    full.layers.selection = {drawn}
    compare.add_selected()
    settle(compare, qtbot)
    assert compare.screen.stage.slots[-1].labels is drawn
    assert full.layers.index(drawn) != 1
    compare.close_down()
    assert [layer.name for layer in full.layers] == order
    assert full.layers[1] is drawn


def check_a_layer_added_meanwhile_leaves_the_cells_in_their_order(
    compare: Any, full: Any, qtbot: Any
) -> None:
    image = full.layers[0]
    new = full.add_image(
        np.zeros((8, 44, 40), np.float32), name="new", contrast_limits=(0, 1),
        affine=image.affine, units=("mm",) * 3, axis_labels=("S", "A", "R"),
    )  # fmt: skip
    settle(compare, qtbot)
    top = compare.screen.stage.slots[0]
    assert list(full.layers[-2:]) == [top.image, top.labels]
    assert new.visible
    full.layers.selection = {new}
    compare.add_selected()
    settle(compare, qtbot)
    assert not new.visible  # a cell shows it now
    assert compare.screen.stage.slots[-1].image.name.startswith("new")  # napari may number it
    compare.close_down()
    assert full.layers[-1] is new
    assert new.visible


def test_the_users_layers_in_one_window(full: Any, case: Case, qtbot: Any) -> None:
    """A window takes seconds to open, so checks share one; each opens its own panel."""
    for check in (
        check_a_hidden_panel_shows_its_cells_again,
        check_a_mask_of_the_user_goes_back_to_its_place,
        check_a_layer_added_meanwhile_leaves_the_cells_in_their_order,
        check_a_painted_mask_is_the_user_s_own_and_one_undo_step,
    ):
        panel = commands.open_compare(full)
        panel.cells.compare.click()
        settle(panel, qtbot)
        check(panel, full, qtbot)
        panel.close_down()
        full.window.remove_dock_widget(panel.parentWidget())
        panel.deleteLater()
        qtbot.waitUntil(lambda gone=panel: not isalive(gone), timeout=WAIT_MS)
        fill(full, case)
