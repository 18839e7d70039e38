# SPDX-License-Identifier: BSD-3-Clause
"""Numbers printed in the paper; measured on other data, hence in a separate table."""

from __future__ import annotations

from collections.abc import Mapping

SOURCE = (
    "Qi et al., Multi-task MR imaging with iterative teacher forcing and re-weighted deep "
    "learning; ATLAS (T1-weighted, stroke lesions), 69 test cases"
)
METRICS = ("Dice", "precision", "recall", "PSNR", "SSIM")

# Printed mean ± standard deviation of METRICS, by the names of our rows.
PRINTED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "table1": {
        "plain": ("0.494 ± 0.071", "0.636 ± 0.135", "0.462 ± 0.067", "28.78 ± 0.732", "0.957 ± 0.005"),
        "itfs": ("0.499 ± 0.096", "0.682 ± 0.109", "0.467 ± 0.024", "27.20 ± 0.533", "0.943 ± 0.004"),
        "drlc": ("0.510 ± 0.068", "0.686 ± 0.126", "0.472 ± 0.060", "28.84 ± 0.619", "0.957 ± 0.005"),
        "itfs-drlc": ("0.518 ± 0.064", "0.688 ± 0.076", "0.479 ± 0.020", "28.87 ± 0.409", "0.958 ± 0.00005"),
    },
    "table2": {
        "itfs": ("0.494 ± 0.083", "0.673 ± 0.104", "0.459 ± 0.045", "27.23 ± 0.620", "0.933 ± 0.009"),
        "fixed-20-80": ("0.485 ± 0.077", "0.662 ± 0.080", "0.444 ± 0.042", "28.70 ± 0.519", "0.955 ± 0.007"),
        "linear": ("0.494 ± 0.073", "0.664 ± 0.087", "0.452 ± 0.031", "28.87 ± 0.516", "0.956 ± 0.0006"),
        "itfs-drlc": ("0.518 ± 0.064", "0.688 ± 0.076", "0.479 ± 0.020", "28.87 ± 0.409", "0.958 ± 0.00005"),
    },
}  # fmt: skip
