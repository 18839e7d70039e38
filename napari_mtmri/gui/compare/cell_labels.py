# SPDX-License-Identifier: BSD-3-Clause
"""The labels layer of a cell: data, colours and name."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels

from napari_mtmri.compare.mask_patterns import AGREEMENT_COLOURS
from napari_mtmri.gui.compare.pictures import REFERENCE_LABEL, Picture
from napari_mtmri.gui.viewer.layers import label_style
from napari_mtmri.plotting import PREDICTED_COLOUR, REFERENCE_COLOUR


def fill_labels(layer: Labels, picture: Picture) -> None:
    """Show the labels of a picture in a layer; what is the same already is left alone."""
    if not is_same(layer.data, picture.labels):
        layer.data = picture.labels
    shows_codes = picture.masks == "disagreement" and not picture.is_reference
    style = "codes" if shows_codes else (id(picture.segmentation), picture.is_reference)
    if layer.metadata.get("style") != style:
        layer.metadata["style"] = style
        layer.colormap = _colours(picture, shows_codes)
    visible = picture.masks != "none"
    if layer.visible != visible:
        layer.visible = visible
    name = f"{picture.title} · mask"
    if layer.name != name:
        layer.name = name


def _colours(picture: Picture, shows_codes: bool) -> Any:
    from napari.utils import DirectLabelColormap

    if shows_codes:
        codes: dict[int | None, str] = {None: "transparent", 0: "transparent"}
        codes.update(AGREEMENT_COLOURS)
        return DirectLabelColormap(color_dict=codes)
    first = REFERENCE_COLOUR if picture.is_reference else PREDICTED_COLOUR
    colours = label_style(picture.segmentation, first)["colormap"]
    return DirectLabelColormap(color_dict={**colours, REFERENCE_LABEL: REFERENCE_COLOUR})


def is_same(old: Any, new: Any) -> bool:
    """Return whether two arrays are the same one, or views of the same memory."""
    if old is new:
        return True
    if not (isinstance(old, np.ndarray) and isinstance(new, np.ndarray)):
        return False
    return bool(old.__array_interface__ == new.__array_interface__)
