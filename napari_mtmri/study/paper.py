# SPDX-License-Identifier: BSD-3-Clause
"""Numbers printed in the paper; measured on other data, hence in a separate table."""

from __future__ import annotations

from collections.abc import Mapping

PAPER = (
    "Qi et al., Multi-task MR imaging with iterative teacher forcing and re-weighted deep learning"
)
ATLAS = f"{PAPER}; ATLAS (T1-weighted, stroke lesions), 69 test cases"
SOURCES: Mapping[str, str] = {
    "table1": ATLAS,
    "table2": ATLAS,
    "table3": f"{ATLAS}; it does not say how the other methods were trained",
    "table4": f"{PAPER}; BrainWeb, 17 training and 3 test cases of 362 × 416 × 352 voxels; the "
    "contrast and the simulation are not given",
}
_LESION = ("Dice", "precision", "recall", "PSNR", "SSIM")
METRICS: Mapping[str, tuple[str, ...]] = {
    "table1": _LESION,
    "table2": _LESION,
    "table3": _LESION,
    "table4": ("Dice, CSF", "Dice, white matter", "Dice, grey matter", "PSNR", "SSIM"),
}
NOT_GIVEN = "—"

# Printed mean ± standard deviation of METRICS, by the names of our rows, in the paper's order.
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
    "table3": {
        "synnet": ("0.357 ± 0.072", "0.459 ± 0.085", "0.352 ± 0.068", NOT_GIVEN, NOT_GIVEN),
        "linet": ("0.312 ± 0.067", "0.478 ± 0.095", "0.278 ± 0.055", NOT_GIVEN, NOT_GIVEN),
        "seranet": ("0.213 ± 0.064", "0.656 ± 0.179", "0.149 ± 0.034", NOT_GIVEN, NOT_GIVEN),
        "segnetmri": ("0.224 ± 0.067", "0.618 ± 0.164", "0.156 ± 0.034", "28.22 ± 0.746", "0.950 ± 0.006"),
        "unet-full-sample": ("0.512 ± 0.085", "0.632 ± 0.102", "0.511 ± 0.094", NOT_GIVEN, NOT_GIVEN),
        "d5c5": (NOT_GIVEN, NOT_GIVEN, NOT_GIVEN, "28.78 ± 0.689", "0.958 ± 0.0005"),
        "mtmri": ("0.518 ± 0.064", "0.688 ± 0.076", "0.479 ± 0.020", "28.87 ± 0.409", "0.959 ± 0.00005"),
    },
    "table4": {
        "segnetmri": ("0.792 ± 0.044", "0.915 ± 0.008", "0.925 ± 0.021", "41.48 ± 0.077", "0.991 ± 0.001"),
        "d5c5": (NOT_GIVEN, NOT_GIVEN, NOT_GIVEN, "39.68 ± 0.057", "0.993 ± 0.001"),
        "unet-full-sample": ("0.862 ± 0.013", "0.928 ± 0.002", "0.933 ± 0.001", NOT_GIVEN, NOT_GIVEN),
        "mtmri": ("0.869 ± 0.003", "0.958 ± 0.001", "0.960 ± 0.001", "42.68 ± 0.044", "0.997 ± 0.001"),
    },
}  # fmt: skip
