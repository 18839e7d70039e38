# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri open``: the window; and whether there can be one."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from napari_mtmri.errors import ResourceError

BINDINGS = ("PySide6", "PyQt6", "PyQt5")


def why_no_window() -> str | None:
    """Return why no window can be opened here, or None if it should work."""
    if find_spec("napari") is None or not any(find_spec(name) for name in BINDINGS):
        return "no Qt is installed (pip install 'napari-mtmri[gui]')"
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return "there is no screen (DISPLAY is not set)"
    return None


def open_(
    volumes: Annotated[list[Path] | None, typer.Argument(help="Volumes or run folders.")] = None,
) -> None:
    """Open the window with the Reconstruct panel.

    Example: napari-mtmri open patient.nii.gz
    """
    reason = why_no_window()
    if reason is not None:
        raise ResourceError(f"no window can be opened: {reason}; use the shell commands instead.")
    from napari_mtmri.gui.window import open_window

    open_window(tuple(volumes or ()))
