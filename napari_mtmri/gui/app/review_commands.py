# SPDX-License-Identifier: BSD-3-Clause
"""Commands of the Review panel for the palette and keys; each calls one action of the panel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from napari.viewer import Viewer

from napari_mtmri.gui.app.panels import open_panel, panel_of

REVIEW = "Review"


def open_review(viewer: Viewer) -> Any:
    """Show the Review panel and return it."""
    return open_panel(viewer, REVIEW)


def open_cases(viewer: Viewer, folder: Path) -> None:
    """Open a folder of cases in the Review panel."""
    open_review(viewer).open_folder(folder)


def _panel(viewer: Viewer) -> Any:
    return panel_of(viewer, REVIEW) or open_review(viewer)


def open_folder(viewer: Viewer) -> None:
    """Choose a folder of cases to review."""
    _panel(viewer).ask_for_folder()


def approve(viewer: Viewer) -> None:
    """Approve the case and open the next."""
    _panel(viewer).verdict.give("approve")


def flag(viewer: Viewer) -> None:
    """Flag the case and open the next."""
    _panel(viewer).verdict.give("flag")


def reject(viewer: Viewer) -> None:
    """Reject the case and open the next."""
    _panel(viewer).verdict.give("reject")


def next_case(viewer: Viewer) -> None:
    """Open the next case of the list."""
    _panel(viewer).step(1)


def previous_case(viewer: Viewer) -> None:
    """Open the previous case of the list."""
    _panel(viewer).step(-1)


def next_difficulty(viewer: Viewer) -> None:
    """Choose the next difficulty for the verdict."""
    _panel(viewer).verdict.next_difficulty()


def write_comment(viewer: Viewer) -> None:
    """Go to the comment field; Return leaves it."""
    _panel(viewer).verdict.comment.setFocus()


def reopen_case(viewer: Viewer) -> None:
    """Work again on a case that has a verdict."""
    _panel(viewer).desk.reopen()


def read_again(viewer: Viewer) -> None:
    """Read a case with a verdict a second time, kept apart."""
    _panel(viewer).desk.read_again()


def save_mask(viewer: Viewer) -> None:
    """Save a version of the mask now."""
    _panel(viewer).save()


def undo(viewer: Viewer) -> None:
    """Undo the last stroke or tool of the review."""
    _panel(viewer).editing.undo()


def redo(viewer: Viewer) -> None:
    """Make the stroke or tool again that was undone."""
    _panel(viewer).editing.redo()


def hold_to_hide(viewer: Viewer) -> Iterator[None]:
    """Hide the masks as long as the key is held."""
    panel = _panel(viewer)
    panel.desk.layers.hide_masks(True)
    yield
    panel.desk.layers.hide_masks(False)


def toggle_masks(viewer: Viewer) -> None:
    """Hide or show the masks."""
    _panel(viewer).desk.layers.toggle_masks()


def next_lesion(viewer: Viewer) -> None:
    """Go to the next lesion."""
    _panel(viewer).lesions.step(1)


def previous_lesion(viewer: Viewer) -> None:
    """Go to the previous lesion."""
    _panel(viewer).lesions.step(-1)


def next_sequence(viewer: Viewer) -> None:
    """Show the next sequence of the case."""
    _panel(viewer).case.next_sequence()


def next_window(viewer: Viewer) -> None:
    """Use the next preset of the display window."""
    _panel(viewer).case.next_window()


def toggle_planes(viewer: Viewer) -> None:
    """Show or hide the other two planes of the case."""
    _panel(viewer).case.planes.toggle()


def interpolate_slices(viewer: Viewer) -> None:
    """Interpolate the mask between drawn slices."""
    _panel(viewer).use_tool("interpolate")


def copy_to_next_slice(viewer: Viewer) -> None:
    """Copy the mask of this slice to the next."""
    _panel(viewer).use_tool("copy")


def fill_holes(viewer: Viewer) -> None:
    """Fill the holes of the mask."""
    _panel(viewer).use_tool("fill holes")


def remove_small(viewer: Viewer) -> None:
    """Remove small lesions from the mask."""
    _panel(viewer).use_tool("remove small")


def keep_largest(viewer: Viewer) -> None:
    """Keep only the largest lesion."""
    _panel(viewer).use_tool("largest")


def smooth(viewer: Viewer) -> None:
    """Smooth the mask."""
    _panel(viewer).use_tool("smooth")


def grow(viewer: Viewer) -> None:
    """Grow the mask on all sides."""
    _panel(viewer).use_tool("grow")


def shrink(viewer: Viewer) -> None:
    """Shrink the mask on all sides."""
    _panel(viewer).use_tool("shrink")


def grow_from_seed(viewer: Viewer) -> None:
    """Grow a region from the voxel under the mouse."""
    _panel(viewer).use_tool("seed")


def threshold(viewer: Viewer) -> None:
    """Keep of the mask what lies in the intensity range."""
    _panel(viewer).use_tool("threshold")


def delete_lesion(viewer: Viewer) -> None:
    """Delete the chosen lesion."""
    _panel(viewer).use_tool("delete")


def relabel_lesion(viewer: Viewer) -> None:
    """Give the chosen lesion the selected label."""
    _panel(viewer).use_tool("relabel")


def suggest(viewer: Viewer) -> None:
    """Let a model suggest a mask for the case."""
    _panel(viewer).suggesting.ask()


def accept_lesion(viewer: Viewer) -> None:
    """Accept the chosen lesion of the suggestion."""
    _panel(viewer).suggest.accept_one()


def reject_lesion(viewer: Viewer) -> None:
    """Reject the chosen lesion of the suggestion."""
    _panel(viewer).suggest.reject_one()


def toggle_blind(viewer: Viewer) -> None:
    """Switch blind mode on or off."""
    _panel(viewer).project.blind.click()
