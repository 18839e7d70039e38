# SPDX-License-Identifier: BSD-3-Clause
"""Open the napari window with a panel, for the shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.errors import ResourceError

if TYPE_CHECKING:
    from napari.viewer import Viewer

REVIEW = "Review"
ADVICE = "run 'napari-mtmri doctor' for the cause"


def open_window(
    paths: Sequence[Path] = (),
    sample: str | None = None,
    run: bool = False,
    panel: str = "Reconstruct",
    reader: str | None = None,
    review_folder: Path | None = None,
) -> None:
    """Open the window with a panel; return when it is closed.

    Parameters
    ----------
    paths : sequence of Path
        Volumes, result folders, or a saved comparison to open; for a review, one folder of
        cases.
    sample : str, optional
        Name of a shipped sample to open.
    run : bool
        Start reconstructing the opened volume, with the panel's settings.
    panel : {"Reconstruct", "Compare", "Review", "Train"}
    reader : str, optional
        Name of the reader, for a review.
    review_folder : Path, optional
        Folder for the state of the review; by default ``review`` in the folder of cases.

    Raises
    ------
    ResourceError
        If screen, Qt or OpenGL is missing.
    InputError
        If a path cannot be read.
    """
    _check()
    import napari

    build_window(paths, sample, run, panel, reader, review_folder)
    napari.run()


def _check() -> None:
    """Check that a window can be opened."""
    _check_screen()
    try:
        import napari.viewer  # noqa: F401 - the error names what is missing

        _check_opengl()
    except (ImportError, RuntimeError) as why:
        raise ResourceError(f"the window cannot be opened ({why}); {ADVICE}.") from why


def build_window(
    paths: Sequence[Path] = (),
    sample: str | None = None,
    run: bool = False,
    panel: str = "Reconstruct",
    reader: str | None = None,
    review_folder: Path | None = None,
) -> tuple[Viewer, Any]:
    """Return a viewer with the opened files or sample, and its panel."""
    import napari

    from napari_mtmri.compare import is_comparison
    from napari_mtmri.gui.app.panels import PLUGIN, open_panel
    from napari_mtmri.gui.viewer.contributions import activate

    comparisons = [path for path in paths if is_comparison(Path(path))]
    volumes = () if panel == REVIEW else [path for path in paths if path not in comparisons]
    for path in volumes:
        _check_readable(path)
    viewer = napari.Viewer(title="napari-mtmri")
    activate()  # before the first file: napari filters by file name before it calls our reader
    if sample is not None:
        viewer.open_sample(PLUGIN, sample)
    for path in volumes:
        viewer.open(str(path), plugin=PLUGIN)
    opened = open_panel(viewer, "Compare" if comparisons else panel)
    if panel == REVIEW:
        for path in paths:
            opened.open_folder(path, reader, review_folder)
        return viewer, opened
    for path in comparisons[-1:]:
        opened.collection.add_paths([path])
    _to_lesion(viewer)
    if run and not comparisons:
        opened.run_volume()
    return viewer, opened


def _check_readable(path: Path) -> None:
    """Check that a path can be read, before the window opens."""
    from napari_mtmri.readers.base import find_reader

    find_reader(Path(path))


def _check_screen() -> None:
    """Check for a screen: without one, Qt aborts the program instead of raising an error."""
    named = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform.startswith("linux") and not named:
        raise ResourceError(
            "no window can be opened: there is no screen (DISPLAY is not set); "
            "use the shell commands, or xvfb-run."
        )


def _check_opengl() -> None:
    """Check for OpenGL: without it, the canvas stays black."""
    from qtpy.QtGui import QOpenGLContext
    from qtpy.QtWidgets import QApplication

    app = QApplication.instance() or QApplication(["napari-mtmri"])
    if not QOpenGLContext().create():
        name = app.platformName()
        raise ResourceError(
            f"no window can be opened: there is no OpenGL (Qt platform {name!r}); {ADVICE}."
        )


def _to_lesion(viewer: Viewer) -> None:
    """Go to the slice with the most labelled voxels."""
    import numpy as np
    from napari.layers import Labels

    for layer in viewer.layers:
        if isinstance(layer, Labels) and np.asarray(layer.data).any():
            along = viewer.dims.order[0]
            others = tuple(axis for axis in range(3) if axis != along)
            counts = (np.asarray(layer.data) > 0).sum(axis=others)
            point = np.zeros(3)
            point[along] = counts.argmax()
            viewer.dims.set_point(along, layer.data_to_world(point)[along])
            return
