# SPDX-License-Identifier: BSD-3-Clause
"""Peak memory for a volume of 189 slices of 224 x 192, in addition to the imports.

python benchmarks/memory.py [METHOD]
"""

from __future__ import annotations

import resource
import sys

import numpy as np

import napari_mtmri as mt
from napari_mtmri.verbs import load_method

SHAPE = (192, 224, 189)


def peak_mib() -> float:
    """Return the peak resident memory so far."""
    factor = 2**10 if sys.platform != "darwin" else 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / factor


def main() -> None:
    """Print the peak memory before and after."""
    method = sys.argv[1] if len(sys.argv) > 1 else "mtmri"
    load_method(method)
    imports = peak_mib()
    rows, columns, slices = (np.linspace(-1, 1, n, dtype=np.float32) for n in SHAPE)
    inside = rows[:, None, None] ** 2 + columns[:, None] ** 2 + 0.5 * slices**2 < 0.8
    data = (inside * 500).astype(np.float32)
    volume = mt.Volume(data, np.diag([1.0, 1.0, 1.0, 1.0]), name="volume")
    result = mt.run(mt.simulate(volume, mt.Pattern("random", acceleration=4)), method)
    mt.evaluate(result)
    print(
        f"{method}: imports and weights {imports:.0f} MiB, peak {peak_mib():.0f} MiB, "
        f"without imports {peak_mib() - imports:.0f} MiB; {result.timings['run_s']:.1f} s"
    )


if __name__ == "__main__":
    main()
