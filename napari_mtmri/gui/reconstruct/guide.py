# SPDX-License-Identifier: BSD-3-Clause
"""Guide of the Reconstruct panel, opened by its help button."""

from __future__ import annotations

GUIDE = """
# Reconstruct

Simulate a faster, under-sampled scan of an MR volume, reconstruct and segment it, and score
the result. *Research use only.*

1. **Input.** Open a volume (NIfTI, MGH, MINC, Analyze, a folder of TCGA slices) or the sample.
   Choose a reference mask, a segmentation of the same image, to score the segmentation.
   *Swap phase* exchanges the phase-encoding and readout directions. Of a series of volumes,
   *Frame* chooses one; of a layer with several resolutions, the full one is used. Over images
   that do not say where right and left are, no letters are drawn.
2. **Sampling.** The measured lines of k-space. R is the number of all lines divided by the
   number of measured lines. The strip shows one pixel per line, with the exact counts below.
   *New seed* draws another mask.
3. **Realism.** Phase, noise and coils. Without them, scores are better than in a real scan.
4. **Method.** Methods without weights are greyed out. *Card* shows the training data of the
   weights. *Caution* warns that the sampling differs from the training, so that the result
   may be wrong.
5. **Run volume** reconstructs the slice on screen first, then its neighbours and outwards.
   *Stop* restores the layers from before the run. **Live** recomputes the slice on screen
   after every change.
6. **Show.** Layers that a run adds. They lie right above their own image; other images that
   would cover them are hidden until you choose one of them, close the results or show them
   again. Predicted lesions are outlined in orange, the reference
   mask is teal.
7. **Scores.** Zero-filled image, this run and earlier runs of the chosen case, the newest on
   the left; "—" means not measured. Grey scores are of another reference mask, or of this one
   before it was changed: run again. *Save run…* writes a result folder, which can be opened again.

| key | action |
| --- | --- |
| Alt+R | run the volume |
| Alt+S | stop |
| Alt+I | switch Live on or off |
| Alt+X | swap phase encoding and readout |
| Alt+N | radiological or neurological view |

All of these are also in the command palette and in Layers ▸ Transform ▸ MTMRI reconstruction.

R and L at the sides of the image are the **patient's** right and left.
"""
