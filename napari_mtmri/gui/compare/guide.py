# SPDX-License-Identifier: BSD-3-Clause
"""Guide of the Compare panel, opened by its help button."""

from __future__ import annotations

GUIDE = """
# Compare

See results of several methods side by side, with one slice, zoom and window for all.
*Research use only.*

1. **Cells.** *Compare … runs* takes the runs of the open case with the reference image, its
   mask and the zero-filled image. *Add* takes single runs, selected layers, files and result
   folders; layers, files and folders can also be dragged onto the list. Tick up to seven
   cells. A volume on another grid is refused; *Resample* interpolates it and marks the cell.
2. **Modes.** *Grid* shows all cells. *Swipe*, *Blink*, *Checker* and *Difference* show two of
   them in one picture.
3. **Masks.** Reference masks are teal, predicted ones orange. *Disagreement* shows agreed
   voxels as an outline, missed ones solid and extra ones striped.
4. **Error.** Magnitude of image − reference on one scale for all cells; ×5 and ×10 show
   smaller errors. Without a reference it is the data-consistency residual, and no error is
   scored. **Spread** is the standard deviation over results that differ in the sampling mask
   alone, **Frequency** how often each voxel is called lesion over them.
5. **Where to look.** The strip below the slices shows a score of each slice; click it to go
   there. Beside it are value, error and label of every cell under the cursor. The tables of
   lesions and scores can be sorted and copied.
6. **Sweep** scores methods over several accelerations; a click on a point of the plot adds
   its result as a cell.
7. **Save…** writes a comparison that can be opened again, **Figure…** a picture of the slice
   on screen, **Report…** a page with pictures, scores and how they were made.

The viewer is as before when the panel is closed or hidden. Masks that you painted stay.

| key | action |
| --- | --- |
| Alt+Shift+M | next mode |
| Alt+Shift+E | image, error, spread, frequency or k-space |
| Alt+Shift+G | error scale ×1, ×5, ×10 |
| Alt+Shift+K | next way to draw masks |
| Alt+Shift+A | axial, coronal, sagittal |
| Alt+Shift+B | exchange the two cells |
| Alt+Shift+W | worst slice |
| Alt+Shift+D | slice with the largest disagreement |
| Alt+Shift+L | next lesion |
| Alt+Shift+R | reset the window |

All of these are also in the command palette and in Layers ▸ Measure ▸ MTMRI comparison.

R and L at the sides of the image are the **patient's** right and left.
"""
