# SPDX-License-Identifier: BSD-3-Clause
"""Readers, writers and samples for napari, without Qt."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.errors import MtmriError
from napari_mtmri.gui.viewer.layers import (
    KEY,
    LayerData,
    label_style,
    labels_on,
    placement_of,
    volume_layer,
    volume_of,
)
from napari_mtmri.gui.viewer.orientation import watch_current
from napari_mtmri.gui.viewer.result_layers import result_layers
from napari_mtmri.plotting import REFERENCE_COLOUR
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume

RESULT_LAYERS = ("zero-filled", "reconstruction", "error", "probability", "segmentation")
# A file of whole numbers with such a word in its name contains labels: "LesionMask", "sub-01_dseg".
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
DRAWN = re.compile(r"(?:masks?|seg|segmentations?|labels?|lesions?)$|^(?:gt|rois?|truth)$", re.I)
ATLASES = ("dseg", "aseg", "aparc", "wmparc")  # BIDS and FreeSurfer: any number of labels
MOST_LABELS = 64  # else
DRAWN_OPACITY = 0.4


def activate(context: object = None) -> None:
    """Register the file patterns of all readers; napari calls this at the first use.

    The manifest is a static file with the built-in formats. The pattern "*" would put the
    plugin into napari's dialog for every file, so formats of other packages are added here.
    """
    from napari_mtmri.gui.viewer.shim import claim_files
    from napari_mtmri.readers.base import endings

    claim_files([f"*{ending}" for ending in endings()])


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """Return a reader if the (first) path can be read, else None."""
    from napari_mtmri.readers.base import find_reader

    try:
        find_reader(Path(path if isinstance(path, str) else path[0]))
    except MtmriError:
        return None
    return read_layers


def read_layers(path: str | list[str]) -> list[LayerData]:
    """Return the layers of one or several files or folders."""
    watch_current()
    return layers_of_paths(path)


def layers_of_paths(path: str | list[str]) -> list[LayerData]:
    """Return the layers of files and folders, without a viewer: can run in a thread."""
    paths = [path] if isinstance(path, str) else path
    return [layer for one in paths for layer in _layers(Path(one))]


def _layers(path: Path) -> list[LayerData]:
    from napari_mtmri.readers.base import find_reader, read

    reader, thing = find_reader(path), read(path)
    if isinstance(thing, Result):
        return result_layers(thing, placement_of(thing.zero_filled), RESULT_LAYERS)
    if _is_drawn(thing, path):
        return [drawn_layer(read(path, "labels"))]
    layers = [volume_layer(thing)]
    if reader.has_labels is not None and reader.has_labels(path):
        layers.append(drawn_layer(reader.read(path, "labels"), f"{thing.name} mask"))
    return layers


def _is_drawn(volume: Volume, path: Path) -> bool:
    """Return whether a file contains labels, by its intent or name, and its whole numbers."""
    words = WORDS.findall(path.name)
    is_said = (volume.header or {}).get("intent") == "label"
    is_atlas = any(word.lower() in ATLASES for word in words)
    if volume.kind != "image" or not (is_said or is_atlas or any(map(DRAWN.search, words))):
        return False
    values = volume.data.ravel()
    whole = volume.data.dtype.kind in "iub" or bool((values == np.rint(values)).all())
    if not whole or values.min() < 0:
        return False
    few = len(np.unique(values[:: 1 + len(values) // 10**6])) <= MOST_LABELS
    return is_said or is_atlas or few


def drawn_layer(volume: Volume | Result, name: str | None = None) -> LayerData:
    """Return the layer data of a reference segmentation."""
    if isinstance(volume, Result):
        raise TypeError(f"{volume.name}: a Result, not labels")
    style = {**label_style(volume, REFERENCE_COLOUR), "opacity": DRAWN_OPACITY}
    return volume_layer(volume, name, **style)


def write_image(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write an image layer on the grid of its original file; return the paths."""
    return _write("Image", path, data, meta)


def write_labels(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a labels layer as integers on the grid of its image; return the paths."""
    return _write("Labels", path, data, meta)


def write_layers(path: str, layers: list[tuple[Any, dict[str, Any], str]]) -> list[str]:
    """Write images and labels that were selected together, each to its own file.

    A single image gets the path itself, its labels "_mask"; of several, each gets its name.
    """
    images = [one for one in layers if one[2] == "image"]
    written: list[str] = []
    for data, meta, kind in layers:
        of_kind = [one for one in layers if one[2] == kind]
        name = "" if kind == "image" else "_mask"
        if len(of_kind) > 1 or (kind == "labels" and not images):
            name = f"_{_file_word(str(meta.get('name', '')))}"
        written.append(_beside(path, name, written))
        _write("Labels" if kind == "labels" else "Image", written[-1], data, meta)
    return written


def _file_word(name: str) -> str:
    return "-".join("".join(c if c.isalnum() or c in "_-" else " " for c in name).split())


def _beside(path: str, name: str, taken: list[str]) -> str:
    """Return a path with a name before its extension, which is not taken."""
    from napari_mtmri.readers.base import endings

    ending = next((one for one in endings() if path.endswith(one)), Path(path).suffix)
    stem, number = path.removesuffix(ending), 1
    found = f"{stem}{name}{ending}"
    while found in taken:
        number += 1
        found = f"{stem}{name}-{number}{ending}"
    return found


def _write(kind: str, path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    from napari_mtmri.readers.base import write

    layer = _layer(kind, data, meta)
    volume = (_on_image(layer) if kind == "Labels" else None) or volume_of(layer)
    write(volume, Path(path))
    return [path]


def _layer(kind: str, data: Any, meta: dict[str, Any]) -> Any:
    """Return the layer that napari would create, to determine its placement."""
    from napari import layers

    wanted = ("rgb", "name", "metadata", "affine", "scale", "translate", "rotate", "shear", "units")
    arguments = {key: meta[key] for key in wanted if key in meta}
    return getattr(layers, kind)(data, **arguments)


def _on_image(labels: Any) -> Volume | None:
    """Return labels of another reader on the grid of the first image that they fit, or None."""
    import napari

    viewer = napari.current_viewer()
    if viewer is None or labels.metadata.get(KEY):
        return None
    for layer in viewer.layers:
        if layer.metadata.get(KEY) and type(layer).__name__ == "Image":
            try:
                return labels_on(labels, layer)
            except MtmriError:
                continue
    return None


def sample() -> list[LayerData]:
    """Return the shipped sample: an image and its reference segmentation."""
    watch_current()
    return sample_layers()


def sample_layers() -> list[LayerData]:
    """Return the layers of the shipped sample, without a viewer: can run in a thread."""
    from napari_mtmri.samples import open_sample

    return _pair(*open_sample())


def phantom_sample() -> list[LayerData]:
    """Return a simulated phantom and the segmentation of its lesion."""
    from napari_mtmri.samples import phantom

    watch_current()
    return _pair(*phantom((96, 112, 20)))


def _pair(image: Volume, drawn: Volume) -> list[LayerData]:
    return [volume_layer(image), drawn_layer(drawn)]
