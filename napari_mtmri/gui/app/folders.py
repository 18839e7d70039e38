# SPDX-License-Identifier: BSD-3-Clause
"""What opens in a panel when it is dropped on the window: folders of cases, saved comparisons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_mtmri.errors import MtmriError

NO_LAYERS: list[Any] = [(None,)]  # napari's way to say that a reader has done its work


def get_folder_reader(path: str | list[str]) -> Callable[[Any], list[Any]] | None:
    """Return a reader for a folder of cases, else None."""
    from napari_mtmri.readers.base import find_reader
    from napari_mtmri.review.cases import find_cases

    one = Path(path if isinstance(path, str) else path[0])
    if not one.is_dir():
        return None
    try:
        find_reader(one)
    except MtmriError:
        pass
    else:
        return None  # a result folder or a series: its layers are what is wanted
    try:
        find_cases(one)
    except MtmriError:
        return None
    return open_as_review


def take_folder(viewer: Any, folder: Path) -> bool:
    """Open a dropped folder as a review, if it has cases or the panel is open to say why not.

    Returns
    -------
    bool
        False for other folders: napari and its readers get them.
    """
    from napari_mtmri.gui.app.panels import panel_of
    from napari_mtmri.gui.app.review_commands import REVIEW, open_cases

    if panel_of(viewer, REVIEW) is None and get_folder_reader(str(folder)) is None:
        return False
    open_cases(viewer, folder)
    return True


def open_as_review(path: str | list[str]) -> list[Any]:
    """Open a folder of cases in the Review panel; adds no layers by itself."""
    import napari

    from napari_mtmri.gui.app.review_commands import open_cases

    viewer = napari.current_viewer()
    if viewer is not None:
        open_cases(viewer, Path(path if isinstance(path, str) else path[0]))
    return NO_LAYERS


def get_comparison_reader(path: str | list[str]) -> Callable[[Any], list[Any]] | None:
    """Return a reader for a saved comparison, else None."""
    from napari_mtmri.compare import is_comparison

    one = Path(path if isinstance(path, str) else path[0])
    return open_as_comparison if is_comparison(one) else None


def open_as_comparison(path: str | list[str]) -> list[Any]:
    """Open a saved comparison in the Compare panel; adds no layers by itself."""
    import napari

    from napari_mtmri.gui.app.commands import open_compare

    viewer = napari.current_viewer()
    if viewer is not None:
        panel = open_compare(viewer)
        panel.collection.add_paths([path if isinstance(path, str) else path[0]])
    return NO_LAYERS
