# SPDX-License-Identifier: BSD-3-Clause
"""Text of the help window of the Train panel."""

from __future__ import annotations

GUIDE = """
# Train

Train a method on your own cases, watch the training, and use the trained weights.
*Research use only.*

Without any change, **Start** trains on simulated heads for half a minute to two minutes, to check
that training works.

1. **Data.** A folder of cases, a table `cases.csv`, or *Simulated*. Cases are split by patient;
   a patient or image in two splits is refused. The six slices are shown as the network receives
   them: under-sampled and augmented, with outlined labels. *Open a training…* shows a training
   that runs elsewhere.
2. **Recipe.** Choose a preset and change its keys, in groups. **DRLC** (dynamic re-weighted loss
   constraint) moves the weight from reconstruction to segmentation: the plot shows the weights α
   and β. **ITFS** (iterative teacher forcing): at a full tick, the input of the U-Net is the
   reference image; at a low tick, the reconstruction. An invalid value is marked, with the reason
   below it; correct it before you start. *Estimate* measures a few real updates.
3. **Run.** The training is a separate process: it can continue when napari is closed, and any
   training folder can be opened again. *Stop after this batch* writes a checkpoint, *Resume*
   continues from it. "—" means not measured.
4. **Use.** Exports weights from the best or last checkpoint. They are listed in the Reconstruct
   panel at once and replace no others.

| key | action |
| --- | --- |
| Alt+T | start |
| Alt+E | stop after this batch |
| Alt+G | resume |

All of these are in the command palette and in Layers ▸ Segment ▸ MTMRI training.
"""
