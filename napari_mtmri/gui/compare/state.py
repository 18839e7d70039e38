# SPDX-License-Identifier: BSD-3-Clause
"""How the cells are looked at in the Compare panel, without Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from psygnal import SignalGroupDescriptor

from napari_mtmri.compare import Cell, Comparison
from napari_mtmri.compare.comparison import (
    GAINS,
    MASK_STYLES,
    MODES,
    PAIR_MODES,
    MaskStyle,
    Mode,
)

Window = tuple[float, float]
Content = Literal["image", "error", "spread", "frequency", "k-space"]
CONTENTS: tuple[Content, ...] = ("image", "error", "spread", "frequency", "k-space")
MOST_CELLS = 7  # the reference and six more


@dataclass
class Looking:
    """What the cells show; each change emits a signal.

    Parameters
    ----------
    mode, masks, gain
        See `napari_mtmri.compare.View`.
    content : {"image", "error", "spread", "frequency", "k-space"}
        Error maps are the data-consistency residual if there is no reference; the spread is
        that over sampling masks, the frequency how often each voxel is called lesion over them.
    first, second : str
        Names of the two cells of Swipe, Blink, Checkerboard and Difference; empty for the
        first two.
    edge : int
        Position of the swipe edge, in percent from the left.
    tile : int
        Side of the checkerboard's squares in voxels.
    shows_second : bool
        Whether Blink shows the second cell.
    blinks : bool
        Whether Blink alternates by itself.
    quantity : str
        Score of the strip; empty for the first that there is.
    hidden : set of str
        Names of the cells that are not shown.
    window : (float, float), optional
        Display window of all cells; by default found from the reference.
    own_windows : mapping of str to (float, float)
        Windows of single cells, by name.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    mode: Mode = "grid"
    content: Content = "image"
    masks: MaskStyle = "outline"
    gain: int = 5
    first: str = ""
    second: str = ""
    edge: int = 50
    tile: int = 32
    shows_second: bool = False
    blinks: bool = True
    quantity: str = ""
    hidden: frozenset[str] = frozenset()
    window: Window | None = None
    own_windows: Mapping[str, Window] = field(default_factory=dict)

    @property
    def has_scale(self) -> bool:
        """Whether errors, spread or a difference are shown, whose scale is stated."""
        return self.content in ("error", "spread") or self.mode == "difference"

    def frozen(self) -> Looking:
        """Return a copy for a thread, independent of later changes."""
        return replace(self)

    def next(self, name: Literal["mode", "content", "masks", "gain"]) -> None:
        """Choose the next value of a setting, after the last the first again."""
        known = {"mode": MODES, "content": CONTENTS, "masks": MASK_STYLES, "gain": GAINS}[name]
        at = (known.index(getattr(self, name)) + 1) % len(known)
        setattr(self, name, known[at])

    def shown(self, comparison: Comparison) -> tuple[Cell, ...]:
        """Return the cells of the grid, the first `MOST_CELLS` that are not hidden."""
        return tuple(c for c in comparison.cells if c.name not in self.hidden)[:MOST_CELLS]

    def pair(self, comparison: Comparison) -> tuple[Cell, Cell] | None:
        """Return the two chosen cells, by default the first two; None if there is one cell."""
        return self.onto(comparison).pair

    def use(self, comparison: Comparison) -> None:
        """Take over the settings of a saved comparison."""
        view = comparison.view
        self.mode, self.masks, self.gain = view.mode, view.masks, view.gain
        self.content = "error" if view.errors else "spread" if view.spread else "image"
        self.window = view.window
        self.first, self.second = view.pair or ("", "")
        self.edge, self.tile = round(100 * view.edge), view.tile
        windows = {cell.name: cell.window for cell in comparison.cells}
        self.own_windows = {name: own for name, own in windows.items() if own is not None}

    def onto(self, comparison: Comparison) -> Comparison:
        """Return the comparison with these settings in its view; nothing is computed again."""
        return comparison.with_view(
            mode=self.mode, masks=self.masks, gain=self.gain, errors=self.content == "error",
            spread=self.content == "spread", window=self.window, pair=(self.first, self.second),
            edge=self.edge / 100, tile=self.tile,
        )  # fmt: skip

    def complete(self, comparison: Comparison, **view: Any) -> Comparison:
        """Return the comparison as it is on screen, to save or draw: shown cells and windows.

        The two cells of one picture are kept, whether they are ticked or not.

        Parameters
        ----------
        comparison : Comparison
        **view
            Axis, slice, zoom and side of the patient's right, see `napari_mtmri.compare.View`.
        """
        pair = (self.pair(comparison) or ()) if self.mode in PAIR_MODES else ()
        kept = {cell.name for cell in (*self.shown(comparison), *pair)}
        cells = [
            replace(cell, window=self.own_windows.get(cell.name))
            for cell in comparison.cells
            if cell.name in kept
        ]
        shown = Comparison(tuple(cells), comparison.view, comparison.warnings)
        names = (pair[0].name, pair[1].name) if pair else None
        return self.onto(shown).with_view(pair=names, **view)
