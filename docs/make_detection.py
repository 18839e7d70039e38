# SPDX-License-Identifier: BSD-3-Clause
"""Measure which inserted lesions the shipped weights find, and write docs/detection.

    python docs/make_detection.py /path/to/lgg-flair --out detection

Inserts lesions into validation cases only. Writes ``docs/detection/report.md`` and
``docs/detection/detection.png``. Finished lesions are kept in ``--out``: the same call continues.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from napari_mtmri import Where
from napari_mtmri.batch.cases_table import read_cases
from napari_mtmri.batch.job import Outcome, Watch
from napari_mtmri.batch.method_choice import cards_of
from napari_mtmri.compare import Detection, draw_detection, run_detection
from napari_mtmri.compare.sweep_plots import save_plot
from napari_mtmri.methods.base import METHODS
from napari_mtmri.readers.base import read_volume

DOCS = Path(__file__).parent
METHODS_SHOWN = ("mtmri", "two-stage")
ACCELERATIONS, DIAMETERS, CONTRASTS = (2.0, 4.0, 8.0), (3.0, 5.0, 10.0, 20.0), (0.3, 0.7)
VOXEL_MM = (0.94, 0.94, 5.0)
MOST_SLICES = 40  # more would be thinner than 5 mm, for a head of at most 200 mm


class Lines(Watch):
    """Prints how far it is, every ten lesions."""

    def __init__(self) -> None:
        self._count, self._n, self._began, self._new = 0, 1, time.monotonic(), 0

    def planned(self, count: int) -> None:
        """Set the number of lesions."""
        self._n = count

    def ended(self, outcome: Outcome) -> None:
        """Count a lesion."""
        self._count += 1
        self._new += outcome.state == "done"
        if self._count % 10 == 0:
            each = (time.monotonic() - self._began) / max(self._new, 1)
            left = each * (self._n - self._count)
            print(f"{self._count} of {self._n}, {left:.0f} s to go", flush=True)


def main() -> None:
    """Measure, and write report and figure."""
    words = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    words.add_argument("data", type=Path, help="folder of lgg-flair with its cases.csv")
    words.add_argument("--out", type=Path, default=Path("detection"))
    words.add_argument("--cases", type=int, default=4, help="validation cases, at most")
    words.add_argument("--points", type=int, default=2, help="places in each case")
    words.add_argument("--weights", type=Path, help="folder of weights; default: shipped")
    words.add_argument("--jobs", type=int, default=1)
    asked = words.parse_args()
    rows = [
        row
        for row in read_cases(asked.data, "val")
        if row.image is not None and read_volume(row.image).shape[2] <= MOST_SLICES
    ][: asked.cases]
    from napari_mtmri import MethodChoice

    found = run_detection(
        rows,
        asked.out,
        [MethodChoice(name, weights=asked.weights) for name in METHODS_SHOWN],
        ACCELERATIONS,
        diameters=DIAMETERS,
        contrasts=CONTRASTS,
        points=asked.points,
        voxel_mm=VOXEL_MM,
        seed_per_case=True,
        where=Where(asked.jobs),
        watch=Lines(),
    )
    folder = DOCS / "detection"
    save_plot(draw_detection(found), folder / "detection.png")
    text = report(found, [row.case for row in rows], asked.weights)
    (folder / "report.md").write_text(text, encoding="utf-8")
    print(text)


def report(found: Detection, cases: list[str], weights: Path | None) -> str:
    """Return the report as Markdown."""
    used = {
        part: card.sha256[:12]
        for name in METHODS_SHOWN
        for part, card in zip(
            METHODS.get(name).weights_at(weights), cards_of(name, weights), strict=True
        )
    }
    cards = ", ".join(f"`{part}` {sha}" for part, sha in used.items())
    side, _, thick = VOXEL_MM
    failed = "".join(f"- {name}: {why}\n" for name, why in found.failed.items())
    return f"""# Would an inserted lesion be seen?

Simulated spherical lesions, inserted one at a time into fully sampled FLAIR images of `lgg-flair` (validation cases
{", ".join(f"`{case}`" for case in cases)}), then under-sampled with the pattern `random` and run with the shipped
weights (SHA-256: {cards}). Places are spread over brain tissue, away from the tumours.

**Limits.** The files do not state their voxel size: {side:g} × {side:g} × {thick:g} mm is assumed, so diameters are nominal.
The lesions are spheres of constant contrast, not gliomas, for which the networks were trained. K-space is simulated
from magnitude images. There are few insertions, so read each share with its interval.

![Share of lesions found, and contrast left, over the diameter](detection.png)

{found.to_markdown()}
{failed}"""


if __name__ == "__main__":
    main()
