# SPDX-License-Identifier: BSD-3-Clause
"""Make the pictures of ``docs/sweep.md`` from the shipped sample.

    python docs/make_sweep_pictures.py FOLDER

Results are kept in FOLDER: the same call continues.
"""

from __future__ import annotations

import sys
from pathlib import Path

from napari_mtmri import MethodChoice
from napari_mtmri.batch.cases_table import CaseRow
from napari_mtmri.compare import (
    draw_detection,
    draw_insertion,
    draw_spread,
    run_detection,
    run_sweep,
)
from napari_mtmri.compare.sweep_plots import save_plot

DOCS = Path(__file__).parent
SAMPLE = DOCS.parent / "sample_data"
IMAGES = DOCS / "images"


def main(folder: Path) -> None:
    """Run the sample and write the pictures."""
    case = CaseRow("sample", SAMPLE / "flair.nii.gz", SAMPLE / "lesion.nii.gz")
    found = run_sweep([case], folder / "luck", ["mtmri"], (4,), seeds=6, spread=True)
    save_plot(draw_spread(found.spreads[0]), IMAGES / "spread.png")
    seen = run_detection(
        [case],
        folder / "seen",
        [MethodChoice("zero-filled"), MethodChoice("mtmri")],
        (2, 4, 8),
        diameters=(3, 6, 12),
        contrasts=(0.7,),
        points=4,
    )
    save_plot(draw_detection(seen), IMAGES / "detection.png")
    if seen.example is not None:
        save_plot(draw_insertion(*seen.example), IMAGES / "insertion.png")
    print(found.spreads[0].dice_range, found.spreads[0].volume_range)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
