# SPDX-License-Identifier: BSD-3-Clause
"""Keys of the Review panel; bare letters but N and H belong to napari."""

from __future__ import annotations

from napari_mtmri.gui.app import review_commands as commands

KEYS = {
    "Alt-O": commands.open_folder,
    "Alt-1": commands.approve,
    "Alt-2": commands.flag,
    "Alt-3": commands.reject,
    "Alt-PageDown": commands.next_case,
    "Alt-PageUp": commands.previous_case,
    "Alt-Y": commands.next_difficulty,
    "Alt-M": commands.write_comment,
    "Alt-U": commands.reopen_case,
    "Alt-Shift-U": commands.read_again,
    "Alt-K": commands.save_mask,
    "N": commands.next_lesion,
    "Shift-N": commands.previous_lesion,
    "H": commands.hold_to_hide,
    "Alt-Q": commands.next_sequence,
    "Alt-C": commands.next_window,
    "Alt-Shift-O": commands.toggle_planes,
    "Alt-4": commands.interpolate_slices,
    "Alt-5": commands.copy_to_next_slice,
    "Alt-6": commands.fill_holes,
    "Alt-7": commands.remove_small,
    "Alt-,": commands.keep_largest,
    "Alt-8": commands.smooth,
    "Alt-9": commands.grow_from_seed,
    "Alt-0": commands.threshold,
    "Alt-=": commands.grow,
    "Alt--": commands.shrink,
    "Alt-D": commands.delete_lesion,
    "Alt-B": commands.relabel_lesion,
    "Alt-J": commands.suggest,
    "Alt-A": commands.accept_lesion,
    "Alt-Z": commands.reject_lesion,
    "Alt-Shift-H": commands.toggle_blind,
    "Control-Z": commands.undo,
    "Control-Shift-Z": commands.redo,
}
# A labels layer has its own undo, which comes first and would know nothing of our tools.
LAYER_KEYS = ("Control-Z", "Control-Shift-Z")
