# SPDX-License-Identifier: BSD-3-Clause
"""Readers, writers and samples for napari; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_mtmri.gui.layers import LayerData, placement_of, result_layers, volume_layer, volume_of
from napari_mtmri.result import Result

RESULT_LAYERS = ("zero-filled", "reconstruction", "error", "probability", "segmentation")


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """Return a reader if the (first) path is ours, else None."""
    from napari_mtmri.errors import MtmriError
    from napari_mtmri.readers.base import find_reader

    try:
        find_reader(Path(path if isinstance(path, str) else path[0]))
    except MtmriError:
        return None
    return read_layers


def read_layers(path: str | list[str]) -> list[LayerData]:
    """Return the layers of a file or folder, or of several."""
    paths = [path] if isinstance(path, str) else path
    return [layer for one in paths for layer in _layers(Path(one))]


def _layers(path: Path) -> list[LayerData]:
    from napari_mtmri.readers.base import read
    from napari_mtmri.readers.picture import PICTURE

    thing = read(path)
    if isinstance(thing, Result):
        return result_layers(thing, placement_of(thing.zero_filled), RESULT_LAYERS)
    layers = [volume_layer(thing)]
    if path.is_dir() and PICTURE.can_read(path):
        layers.append(volume_layer(PICTURE.read(path, "labels"), f"{thing.name} mask"))  # type: ignore[arg-type]
    return layers


def write_image(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write an image layer on the grid of the file it came from."""
    from napari_mtmri.readers.base import write

    write(volume_of(_layer("Image", data, meta)), Path(path))
    return [path]


def _layer(kind: str, data: Any, meta: dict[str, Any]) -> Any:
    """A layer as napari would make it, to ask where it lies."""
    from napari import layers

    wanted = ("name", "metadata", "affine", "scale", "translate", "rotate", "shear", "units")
    arguments = {key: meta[key] for key in wanted if key in meta}
    return getattr(layers, kind)(data, **arguments)


def write_labels(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a labels layer, whole numbers on the grid of the image it was drawn on."""
    from napari_mtmri.readers.base import write

    write(volume_of(_layer("Labels", data, meta)), Path(path))
    return [path]


def sample() -> list[LayerData]:
    """Return the shipped sample: image and the lesion drawn on it."""
    from napari_mtmri.gui.layers import REFERENCE_COLOUR, label_style
    from napari_mtmri.samples import open_sample

    image, lesion = open_sample()
    style = label_style(lesion, REFERENCE_COLOUR)
    return [volume_layer(image), volume_layer(lesion, **style)]


def phantom_sample() -> list[LayerData]:
    """Return a phantom made here, and its lesion."""
    from napari_mtmri.gui.layers import REFERENCE_COLOUR, label_style
    from napari_mtmri.samples import phantom

    image, lesion = phantom((96, 112, 20))
    return [volume_layer(image), volume_layer(lesion, **label_style(lesion, REFERENCE_COLOUR))]
