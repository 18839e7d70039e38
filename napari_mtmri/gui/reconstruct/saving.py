# SPDX-License-Identifier: BSD-3-Clause
"""Files that the panel reads and writes, off the window's thread; each says what was done."""

from __future__ import annotations

from pathlib import Path

from napari_mtmri.gui.reconstruct.slice_job import SliceRequest, pattern_of
from napari_mtmri.gui.viewer.layers import LayerData
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume


def save_mask(request: SliceRequest, path: Path) -> str:
    """Write the chosen mask."""
    from napari_mtmri.patterns.mask_files import save_mask as write

    write(pattern_of(request.choices).mask(request.plane), path)
    return f"mask written to {path}"


def save_run(result: Result, labels: Volume | None, folder: Path) -> str:
    """Write the run folder."""
    from napari_mtmri.readers.run_folder import write_run

    return f"run written to {write_run(result, folder, labels)}"


def save_figure(result: Result, labels: Volume | None, neurological: bool, path: Path) -> str:
    """Write the picture."""
    from napari_mtmri.plotting import save_figure as write

    write(result, path, labels=labels, neurological=neurological)
    return f"figure written to {path}"


def save_text(text: str, path: Path) -> str:
    """Write a text."""
    from napari_mtmri.files import write_whole

    write_whole(path, lambda file: file.write_text(text, encoding="utf-8"))
    return f"table written to {path}"


def open_paths(paths: list[str]) -> list[LayerData]:
    """Return the layers of files or folders."""
    from napari_mtmri.gui.viewer.contributions import layers_of_paths

    return layers_of_paths(paths)


def open_labels(path: str) -> list[LayerData]:
    """Return the layer of a file of labels."""
    from napari_mtmri.gui.viewer.contributions import drawn_layer
    from napari_mtmri.verbs import open

    return [drawn_layer(open(path, "labels"))]


def open_sample() -> list[LayerData]:
    """Return the layers of the shipped sample."""
    from napari_mtmri.gui.viewer.contributions import drawn_layer
    from napari_mtmri.gui.viewer.layers import volume_layer
    from napari_mtmri.samples import open_sample as read

    image, drawn = read()
    return [volume_layer(image), drawn_layer(drawn)]
