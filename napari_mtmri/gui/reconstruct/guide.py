# SPDX-License-Identifier: BSD-3-Clause
"""How the Reconstruct panel is used, as its help button shows it."""

from __future__ import annotations

GUIDE = """
# Reconstruct

Under-sample an MR volume as a faster scan would have, reconstruct and segment it, and see
how well that went. *Research use only.*

1. **Input.** Open a volume (NIfTI, MGH, MINC, Analyze, a folder of TCGA slices), or take the
   sample. A reference mask is what somebody drew; with one the segmentation is scored.
   *Swap phase* exchanges the phase-encoding and readout directions.
2. **Sampling.** Which lines of k-space are measured. R is how many times fewer they are than
   all. The strip shows each line as one pixel, with the exact counts below it.
3. **Realism.** Phase, noise and coils; without them a simulation flatters every method.
4. **Method.** Greyed ones lack their weights. *Card* says what the weights were trained on.
   A line that begins with *Caution* says that the sampling is far from that: then the result may be wrong.
5. **Run volume** does the slice on screen first and then outwards. *Stop* leaves the layers as
   they were. **Live** recomputes the slice on screen whenever anything changes.
6. **Show.** Which layers a run adds. Prediction is outlined in orange, what was drawn is teal.
7. **Scores** of zero-filled, this run and earlier runs of the case; "—" was not measured.
   *Save run…* writes everything as a folder that can be opened again.

| key | does |
| --- | --- |
| Alt+R | run the volume |
| Alt+S | stop |
| Alt+I | live on or off |
| Alt+X | swap phase and readout |
| Alt+N | radiological or neurological view |

All of these are in the command palette and in Layers ▸ Transform ▸ MTMRI.

R and L at the sides of the picture are the **patient's** right and left.
"""
