# SPDX-License-Identifier: BSD-3-Clause
"""Layers of the case under review: image, further sequences, mask, suggestion, sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Vectors
from napari.viewer import Viewer

from napari_mtmri.gui.viewer.layers import (
    GREY,
    KEY,
    MORE_COLOURS,
    Placement,
    known_volume,
    label_style,
    placement_of,
)
from napari_mtmri.gui.viewer.orientation import show_acquired_plane, watch
from napari_mtmri.gui.viewer.windows import PRESETS
from napari_mtmri.plotting import PREDICTED_COLOUR, REFERENCE_COLOUR
from napari_mtmri.review.lesions import Lesion
from napari_mtmri.review.mask_store import LabelName
from napari_mtmri.volume import Volume

OWNER = "review"
MASK_OPACITY, OTHER_OPACITY, OUTLINE = 0.5, 0.9, 2
SOURCE_COLOURS: dict[int | None, str] = {1: PREDICTED_COLOUR, 2: REFERENCE_COLOUR, 3: "#7570b3"}
SUGGESTION, SOURCES, DIAMETERS = "suggestion", "sources", "diameters"
LINE_COLOUR, LINE_WIDTH = "#e6e600", 0.6  # in voxels


class CaseLayers:
    """Shows one case at a time; layers are re-used, because adding one takes long.

    Layers of others are hidden while cases are shown, and shown again at the end.

    Parameters
    ----------
    viewer : Viewer
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.image: Any = None
        self.mask: Any = None
        self.placement: Placement | None = None
        self.sequences: dict[str, Any] = {}
        self._others: dict[str, Any] = {}
        self._aside: list[Any] = []
        self._title = ""
        self._colours: dict[int | None, str] = {}
        self._is_outline, self._mode = False, ""

    @property
    def is_shown(self) -> bool:
        """Whether a case is on screen and its layers were not removed by the user."""
        return self.image in self._viewer.layers and self.mask in self._viewer.layers

    @property
    def label(self) -> int:
        """The label selected for painting."""
        return int(self.mask.selected_label)

    @property
    def on_screen(self) -> Any:
        """The image or sequence that is visible, or None."""
        shown = [one for one in (*self.sequences.values(), self.image) if one is not None]
        visible = (one for one in shown if one.visible and one in self._viewer.layers)
        return next(visible, None)

    @property
    def visible(self) -> list[Any]:
        """Image or sequence on screen, mask, and other labels, as far as they are visible."""
        masks = [self.mask, *(one for one in self._others.values() if isinstance(one, Labels))]
        shown = [one for one in masks if one is not None and one in self._viewer.layers]
        image = [] if self.on_screen is None else [self.on_screen]
        return image + [one for one in shown if one.visible]

    @property
    def spacing_known(self) -> bool:
        """Whether the file of the image states its voxel size."""
        volume = None if self.image is None else known_volume(self.image)
        return volume is not None and volume.spacing_known

    @property
    def point(self) -> tuple[float, float, float] | None:
        """Position of the cross in world coordinates (S, A, R); None if there is no case."""
        if not self.is_shown or self._viewer.dims.ndim != 3:
            return None
        s, a, r = self._viewer.dims.point
        return s, a, r

    def show(
        self,
        image: Volume,
        mask: np.ndarray,
        title: str,
        preset: str,
        names: Mapping[int, LabelName],
    ) -> None:
        """Show a case: its image and the mask to edit, a view of ``mask``.

        Parameters
        ----------
        image : Volume
        mask : integer array, (i, j, k)
            Painted on by napari.
        title : str
            What the layers are named after; also in blind mode, when the image has another name.
        preset : str
            Name of the display window.
        names : mapping
            Names and colours of labels.
        """
        self._set_aside()
        watch(self._viewer)
        self.remove_others()
        is_other = self.placement is None or not _is_same(self.placement, placement_of(image))
        self.placement, self._title = placement_of(image), title
        nameless = replace(image, name=title, path=None)
        shown = self.placement.view(image.magnitude() if image.kind == "complex" else image.data)
        window = PRESETS[preset](shown)
        self.image = self._put_image(self.image, shown, f"image · {title}", nameless, window)
        found = np.unique(mask[mask != 0])
        self.mask = self._put_mask(mask, _mask_colours(found, names))
        _reveal(self.image)
        viewer = self._viewer
        viewer.layers.selection.active = self.mask
        if is_other:
            show_acquired_plane(viewer, self.image)
            viewer.reset_view()
        self._choose_label(found)
        self.go_to_largest(mask)

    def _choose_label(self, found: np.ndarray) -> None:
        """Paint with a label of the mask, which may be 255 and not 1."""
        if found.size and self.mask.selected_label not in found:
            self.mask.selected_label = int(found[0])

    def _put_image(
        self, old: Any, shown: np.ndarray, name: str, volume: Volume, window: tuple[float, float]
    ) -> Any:
        assert self.placement is not None
        metadata = {KEY: {"volume": volume, "placement": self.placement, "owner": OWNER}}
        if old is None or old not in self._viewer.layers:
            layer = Image(
                shown, name=name, metadata=metadata, contrast_limits=window, **GREY,
                **self.placement.arguments(),
            )  # fmt: skip
            self._viewer.layers.insert(self._first_place(), layer)
            return layer
        old.metadata, old.name = metadata, name
        old.data = shown
        _place(old, self.placement)
        old.contrast_limits_range = window
        old.contrast_limits = window
        return old

    def _put_mask(self, mask: np.ndarray, colours: dict[int | None, str]) -> Any:
        from napari.utils import DirectLabelColormap

        assert self.placement is not None
        shown, name = self.placement.view(mask), f"mask · {self._title}"
        metadata = {KEY: {"placement": self.placement, "owner": OWNER}}
        if self.mask is not None and self.mask in self._viewer.layers:
            layer = self.mask
            layer.metadata, layer.name = metadata, name
            layer.data = shown
            _place(layer, self.placement)
            if colours != self._colours:  # new colours compile the shader again
                layer.colormap = DirectLabelColormap(color_dict=colours)
        else:
            layer = Labels(
                shown, name=name, metadata=metadata, opacity=MASK_OPACITY,
                colormap=DirectLabelColormap(color_dict=colours), **self.placement.arguments(),
            )  # fmt: skip
            self._viewer.layers.append(layer)
            layer.contour = OUTLINE if self._is_outline else 0
        self._colours = colours
        _reveal(layer)
        return layer

    def _first_place(self) -> int:
        """Return the index below the mask."""
        layers = self._viewer.layers
        return layers.index(self.mask) if self.mask in layers else len(layers)

    def show_sequence(self, title: str, volume: Volume | None) -> None:
        """Show a further sequence instead of the image; "" and None for the image."""
        if volume is not None and title not in self.sequences:
            placement, own = placement_of(volume), self.placement
            self.placement = placement
            nameless = replace(volume, name=self._title, path=None)
            shown = placement.view(volume.data)
            window = PRESETS["standard"](shown)
            name = f"{title} · {self._title}"
            self.sequences[title] = self._put_image(None, shown, name, nameless, window)
            self.placement = own
        wanted = self.sequences.get(title, self.image)
        wanted.visible = True  # before the others go, or the canvas flickers
        for layer in (self.image, *self.sequences.values()):
            if layer is not wanted:
                layer.visible = False
        self._viewer.layers.selection.active = self.mask

    def show_labels(self, what: str, data: np.ndarray | None) -> None:
        """Show labels beside the mask as outline: a suggestion, or the source of each voxel.

        Parameters
        ----------
        what : {"suggestion", "sources"}
        data : integer array, (i, j, k), or None to remove it
        """
        old = self._others.pop(what, None)
        if old is not None and old in self._viewer.layers:
            self._viewer.layers.remove(old)
        if data is None or self.placement is None or not self.is_shown:
            return
        shown = np.array(self.placement.view(data))
        layer = Labels(
            shown, name=f"{what} · {self._title}",
            metadata={KEY: {"placement": self.placement, "owner": OWNER}},
            colormap=_colormap(what, shown), opacity=OTHER_OPACITY,
            **self.placement.arguments(),
        )  # fmt: skip
        layer.contour = OUTLINE
        layer.editable = False
        self._others[what] = layer
        self._viewer.layers.append(layer)
        self._viewer.layers.selection.active = self.mask

    def show_mask(self, data: np.ndarray) -> None:
        """Show another mask in the place of the one that is edited."""
        assert self.placement is not None
        self.mask.data = self.placement.view(data)

    def show_diameters(self, lesion: Lesion | None) -> None:
        """Draw the diameters of a lesion in its slice; None removes them."""
        old = self._others.pop(DIAMETERS, None)
        if old is not None and old in self._viewer.layers:
            self._viewer.layers.remove(old)
        if lesion is None or self.placement is None or not self.is_shown:
            return
        lines = [one for one in (lesion.diameter_line, lesion.perpendicular_line) if one]
        if not lines:
            return
        ends = np.array(lines, float)[..., self.placement.order]  # (line, end, axis)
        layer = Vectors(
            np.stack([ends[:, 0], ends[:, 1] - ends[:, 0]], axis=1),
            name=f"{DIAMETERS} · {self._title}", edge_color=LINE_COLOUR, edge_width=LINE_WIDTH,
            vector_style="line", metadata={KEY: {"placement": self.placement, "owner": OWNER}},
            **self.placement.arguments(),
        )  # fmt: skip
        self._others[DIAMETERS] = layer
        self._viewer.layers.append(layer)
        self._viewer.layers.selection.active = self.mask

    def set_editable(self, wanted: bool) -> None:
        """Let napari paint on the mask, with the tool that was in use before, or not."""
        mask = self.mask
        if mask is None or mask.editable == wanted:
            return
        if not wanted:
            self._mode = str(mask.mode)
        mask.editable = wanted
        if wanted and self._mode:
            mask.mode = self._mode

    def has(self, what: str) -> bool:
        """Return whether these labels are shown."""
        return what in self._others

    def remove_others(self) -> None:
        """Remove the sequences and labels of the last case."""
        old = [*self.sequences.values(), *self._others.values()]
        self.sequences, self._others = {}, {}
        for layer in old:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def remove_case(self) -> None:
        """Remove the layers of the case."""
        self.remove_others()
        for layer in (self.mask, self.image):
            if layer is not None and layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
        self.image = self.mask = self.placement = None

    def remove(self) -> None:
        """Remove all layers of the review and show the layers of others again."""
        self.remove_case()
        aside, self._aside = self._aside, []
        for layer in aside:
            if layer in self._viewer.layers:
                layer.visible = True

    def hide_masks(self, hide: bool) -> None:
        """Hide the mask and the labels beside it, or show them again."""
        masks = [self.mask, *self._others.values()]
        for layer in masks:
            if layer is not None and layer in self._viewer.layers:
                layer.visible = not hide

    def show_outline(self, wanted: bool) -> None:
        """Show the mask as an outline, or filled."""
        self._is_outline = wanted
        if self.mask is not None:
            self.mask.contour = OUTLINE if wanted else 0
            self.mask.opacity = OTHER_OPACITY if wanted else MASK_OPACITY

    def toggle_masks(self) -> None:
        """Hide the masks if the mask is visible, else show them."""
        if self.mask is not None:
            self.hide_masks(bool(self.mask.visible))

    def go_to(self, position: tuple[int, int, int]) -> None:
        """Go to a voxel (i, j, k) of the image."""
        if self.placement is None:
            return
        viewer, world = self._viewer, self.placement.point(position)
        viewer.dims.point = world
        shown = list(viewer.dims.displayed)
        first, last = self.image.corner_pixels[:, shown]
        wanted = np.array(position)[list(self.placement.order)][shown]
        if (wanted < first).any() or (wanted > last).any():  # not in view: zoomed in elsewhere
            viewer.scene.camera.center = tuple(world[axis] for axis in shown)

    def go_to_point(self, point: tuple[float, float, float]) -> None:
        """Go to a position in world coordinates (S, A, R), or to the next voxel of the image."""
        if self.placement is not None and self.is_shown:
            last = np.array(self.placement.back(self.image.data).shape) - 1
            i, j, k = np.clip(self.placement.voxel(point), 0, last).tolist()
            self.go_to((i, j, k))

    def go_to_slice(self, number: int) -> None:
        """Go to a slice of the image along its slice axis on screen."""
        axis = self._viewer.dims.order[0]
        voxel = np.zeros(3)
        voxel[axis] = number
        self._viewer.dims.set_point(axis, self.image.data_to_world(voxel)[axis])

    def go_to_largest(self, mask: np.ndarray) -> None:
        """Go to the slice with the most labelled voxels, inside the label, or to the middle."""
        assert self.placement is not None
        axis = int(self.placement.order[self._viewer.dims.order[0]])
        others = tuple(one for one in range(3) if one != axis)
        counts = np.count_nonzero(mask, axis=others)
        voxel = np.array(mask.shape) // 2
        if counts.any():
            voxel[axis] = counts.argmax()
            inside = np.argwhere(np.take(mask, voxel[axis], axis))
            middle = np.abs(inside - inside.mean(axis=0)).sum(axis=1).argmin()
            voxel[list(others)] = inside[middle]
        i, j, k = voxel.tolist()
        self._viewer.dims.point = self.placement.point((i, j, k))

    def slice_axis(self) -> int:
        """Return the axis of the file's array along which the slices on screen lie."""
        assert self.placement is not None
        return int(self.placement.order[self._viewer.dims.order[0]])

    def slice_number(self) -> int:
        """Return the number of the slice on screen, along `slice_axis`."""
        axis = self._viewer.dims.order[0]
        return round(float(self.image.world_to_data(self._viewer.dims.point)[axis]))

    def cursor_voxel(self) -> tuple[int, int, int] | None:
        """Return the voxel (i, j, k) under the mouse, or None outside the image."""
        if self.placement is None or not self.is_shown:
            return None
        shown = np.round(self.image.world_to_data(self._viewer.cursor.position)).astype(int)
        if (shown < 0).any() or (shown >= self.image.data.shape).any():
            return None
        i, j, k = (int(shown[one]) for one in np.argsort(self.placement.order))
        return i, j, k

    def _set_aside(self) -> None:
        """Hide the layers of others, which would cover the case."""
        if self.is_shown:
            return
        for layer in self._viewer.layers:
            if layer.metadata.get(KEY, {}).get("owner") != OWNER and layer.visible:
                layer.visible = False
                self._aside.append(layer)


def _is_same(one: Placement, other: Placement) -> bool:
    return one.order == other.order and np.allclose(one.affine, other.affine)


def _place(layer: Any, placement: Placement) -> None:
    """Move a layer to a placement; napari draws it again even if it does not move."""
    if not np.array_equal(layer.affine.affine_matrix, placement.affine):
        layer.affine = placement.affine


def _reveal(layer: Any) -> None:
    """Show a layer; napari draws it again even if it is visible."""
    if not layer.visible:
        layer.visible = True


def _mask_colours(labels: np.ndarray, names: Mapping[int, LabelName]) -> dict[int | None, str]:
    """Return the given colours, else the same colour for a label in every case.

    A label that is alone, like 255 in masks of pictures, has the colour of references.
    """
    found = [int(label) for label in labels]
    palette = (REFERENCE_COLOUR, *MORE_COLOURS)
    colours: dict[int | None, str] = {None: REFERENCE_COLOUR, 0: "transparent"}
    for label in (*range(1, 2 * len(palette)), *found):
        colours[label] = palette[(label - 1) % len(palette)]
    if len(found) == 1:
        colours[found[0]] = REFERENCE_COLOUR
    colours.update({label: one.color for label, one in names.items() if one.color})
    return colours


def _colormap(what: str, shown: np.ndarray) -> Any:
    from napari.utils import DirectLabelColormap

    if what == SOURCES:
        colours: dict[int | None, Any] = {None: "transparent", 0: "transparent"}
        colours.update(SOURCE_COLOURS)
        return DirectLabelColormap(color_dict=colours)
    volume = Volume(shown, np.eye(4), kind="labels")
    return label_style(volume, PREDICTED_COLOUR)["colormap"]
