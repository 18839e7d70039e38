# SPDX-License-Identifier: BSD-3-Clause
"""How the Train panel is used, as its help button shows it."""

from __future__ import annotations

GUIDE = """
# Train

Train a method on cases of your own, watch it, and use what it has learned. *Research use only.*

**Start** at once trains on simulated heads for half a minute to two minutes and shows that all works.

1. **Data.** A folder of cases, a table `cases.csv`, or *Simulated*. Cases are split by patient;
   the same patient or image on two sides is refused. The six slices are what the network is
   shown: under-sampled and augmented, labels outlined. *Open a training…* watches one that runs
   elsewhere.
2. **Recipe.** A preset, and what to change in it. **DRLC** (dynamic re-weighted loss constraint)
   moves from reconstruction to segmentation: the plot shows the weights α and β. **ITFS**
   (iterative teacher forcing): a full tick is a step on which the U-Net is shown the true image,
   a low one a step on its own input. *Estimate* measures some real updates.
3. **Run.** The training is a process of its own: closing napari need not end it, and any run
   folder can be opened again. *Stop after this batch* leaves a checkpoint, *Resume* goes on from
   it. "—" was not measured.
4. **Use.** Makes weights of the best or last checkpoint. They are in the list of the Reconstruct
   panel at once and replace none.

| key | does |
| --- | --- |
| Alt+T | start |
| Alt+E | stop after this batch |
| Alt+G | resume |

All of these are in the command palette and in Layers ▸ Transform ▸ MTMRI.
"""
