# SPDX-License-Identifier: BSD-3-Clause
"""Planes, slices and voxels of the compared volumes on screen."""

from __future__ import annotations

from napari.viewer import Viewer
from qtpy.QtCore import QObject

from napari_mtmri.compare import Comparison
from napari_mtmri.gui.viewer.layers import Placement, placement_of

PLANES = {"Axial": (0, 1, 2), "Coronal": (1, 0, 2), "Sagittal": (2, 0, 1)}


class Places(QObject):
    """Finds and changes the plane and the slice on screen, in the axes of the file."""

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._shape = (1, 1, 1)
        self.placement: Placement | None = None

    def use(self, comparison: Comparison | None) -> None:
        """Use the grid of a comparison."""
        self.placement = None if comparison is None else placement_of(comparison.grid)
        self._shape = (1, 1, 1) if comparison is None else comparison.grid.shape

    @property
    def axis(self) -> int | None:
        """Array axis that the slices on screen cut, or None without cells."""
        order = self._viewer.dims.order
        if self.placement is None or len(order) != 3:
            return None
        return int(self.placement.order[order[0]])

    @property
    def slice(self) -> int | None:
        """Number of the slice on screen, or None without cells."""
        if self.placement is None or self.axis is None:
            return None
        number = self.placement.voxel(self._viewer.dims.point)[self.axis]
        return min(max(number, 0), self._shape[self.axis] - 1)

    @property
    def middle(self) -> tuple[float, float, float]:
        """Position in the middle of the screen, in voxel indices of the volume."""
        assert self.placement is not None  # asked only while cells are shown
        return self.placement.position(self._viewer.scene.camera.center)

    def point(self, position: tuple[float, float, float]) -> tuple[float, float, float]:
        """Return the world coordinates of a position in voxel indices."""
        assert self.placement is not None
        return self.placement.point(position)

    def go_to_slice(self, number: int) -> None:
        """Show a slice of the plane on screen."""
        if self.placement is None or self.axis is None:
            return
        voxel = list(self.placement.voxel(self._viewer.dims.point))
        voxel[self.axis] = number
        along = self._viewer.dims.order[0]
        self._viewer.dims.set_point(along, self.placement.point(voxel)[along])

    def go_to_voxel(self, voxel: tuple[int, int, int]) -> tuple[float, float, float] | None:
        """Show the slice of a voxel with the voxel in the middle; return its position."""
        if self.placement is None or self.axis is None:
            return None
        point = self.placement.point(voxel)
        along = self._viewer.dims.order[0]
        self._viewer.dims.set_point(along, point[along])
        self._viewer.scene.camera.center = point
        return point

    def set_plane(self, order: tuple[int, int, int]) -> None:
        """Show another plane: the order of the axes, the one that is cut first."""
        if self._viewer.dims.ndim == 3:
            self._viewer.dims.order = order

    def set_axis(self, axis: int) -> None:
        """Show the plane that an array axis cuts."""
        if self.placement is not None and axis != self.axis:
            cut = self.placement.order.index(axis)
            self.set_plane(next(order for order in PLANES.values() if order[0] == cut))

    def next_plane(self) -> None:
        """Show the next of axial, coronal and sagittal slices."""
        orders = list(PLANES.values())
        cuts = [order[0] for order in orders]
        at = cuts.index(self._viewer.dims.order[0])
        self.set_plane(orders[(at + 1) % len(orders)])
