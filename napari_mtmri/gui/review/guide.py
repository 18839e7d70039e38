# SPDX-License-Identifier: BSD-3-Clause
"""Text of the help window of the Review panel."""

from __future__ import annotations

GUIDE = """
# Review

See, correct and sign off masks, without a model, a GPU or a server. *Research use only.*

1. **Cases.** Open a folder of images and masks, or drop it on the window. Give your name or
   initials once: your masks and verdicts are kept under it, in the folder `review` beside the
   data. The originals are never changed.
2. **Correct.** Paint with napari's brush (P), eraser (E), fill (F) and polygon (3); the tools
   below do the rest. Each is one step of Ctrl+Z, also on another slice and after other tools.
   The table of lesions follows; click a lesion to go there.
3. **Verdict.** Approve, flag or reject with Alt+1, 2, 3. The next case opens at once.

**On the image**

| do | for |
| --- | --- |
| wheel | step through the slices, with every tool |
| Shift + wheel | zoom |
| drag with the right button | window (sideways) and level (up and down); with the brush hold Shift |
| double click | reset window and view; with a drawing tool, the right button |
| hold H | hide the masks |
| N, Shift+N | next and previous lesion |
| Alt+PageDown, Alt+PageUp | next and previous case |
| Alt+Q, Alt+C | next sequence, next display window |
| Alt+Shift+O | show the other two planes; a click in any plane moves the cross of all |
| Alt+Shift+U | read a case with a verdict a second time |
| Alt+Shift+H | blind mode on or off |

**Nothing is lost.** Every stroke is on the disk within a second, a version of the mask with each
verdict. The line at the bottom says when and where. If napari ends unexpectedly, the panel offers
to restore your strokes, to keep what was on the disk, or to look at both.

**Suggest** runs a model on the case, in the background; accept its mask whole or lesion by lesion.
**Quality** shows two to four images of a case under letters, to be scored or ranked.
**Project** has blind mode, agreement between readers, consensus and export. All actions are also
in the command palette (Ctrl+Shift+P).
"""
