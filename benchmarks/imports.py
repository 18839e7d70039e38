# SPDX-License-Identifier: BSD-3-Clause
"""Import time of the package, compared with an interpreter without imports.

Medians over new processes, measured alternately. Nothing is asserted.

    python benchmarks/imports.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

STATEMENTS = {
    "nothing": "pass",
    "import napari_mtmri": "import napari_mtmri",
    "the shell's --help": "import sys; sys.argv = ['napari-mtmri', '--help']; "
    "from napari_mtmri.cli.app import main; main()",
    "import numpy": "import numpy",
}
ROUNDS = 7


def seconds(statement: str) -> float:
    """Return the wall time of a new interpreter that runs a statement."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], stdout=subprocess.DEVNULL, check=False)
    return time.perf_counter() - began


def main() -> None:
    """Print one row per statement: seconds, and seconds beyond the empty interpreter."""
    taken: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(ROUNDS):
        for name, statement in STATEMENTS.items():
            taken[name].append(seconds(statement))
    empty = statistics.median(taken["nothing"])
    print(f"{'statement':<22} seconds  beyond an empty interpreter   (median of {ROUNDS})")
    for name, times in taken.items():
        middle = statistics.median(times)
        print(f"{name:<22} {middle:7.2f}  {middle - empty:7.2f}")


if __name__ == "__main__":
    main()
