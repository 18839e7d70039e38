# SPDX-License-Identifier: BSD-3-Clause
"""Which case is on which side of the split."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mtmri.files import write_whole

if TYPE_CHECKING:
    from napari_mtmri.train.cases import CaseFile


def write_split(path: Path, files: Sequence[CaseFile]) -> None:
    """Write the split of a training beside it."""

    def write(beside: Path) -> None:
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("case", "patient", "split", "image_sha256"))
            writer.writerows((case.name, case.patient, case.split, "") for case in files)

    write_whole(path, write)
