# SPDX-License-Identifier: BSD-3-Clause
"""Compressed sensing with SigPy: what the methods `cs_tv` and `cs_wavelet` share.

Both minimize ½‖M F S x − y‖² + λ‖T x‖₁ with the anisotropic l1 norm of SigPy. λ is relative: the
k-space of a slice is divided by the largest magnitude of its zero-filled image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from napari_mtmri.kspace import combine, ifft2c
from napari_mtmri.methods.base import Loaded, Method, Setting, SliceBatch
from napari_mtmri.methods.training import TableRow
from napari_mtmri.parameters import Option, Value
from napari_mtmri.scan import Scan

EXTRA = ("sigpy", "napari-mtmri[classical]")
MakeApp = Callable[[Mapping[str, Value], Mapping[str, Any]], Any]


def weight_option(default: float, penalty: str) -> Option:
    """Return the option of λ."""
    return Option(
        "regularization", "float", default, minimum=0, maximum=1,
        help=f"Weight λ of the {penalty}, relative to the largest zero-filled magnitude",
        label="Regularization λ",
    )  # fmt: skip


def iterations_option(default: int) -> Option:
    """Return the option of the number of iterations."""
    return Option("iterations", "int", default, "Number of iterations", minimum=1, maximum=10_000)


def sparse_method(
    name: str,
    title: str,
    summary: str,
    parameters: tuple[Option, ...],
    make_app: MakeApp,
    citations: tuple[str, ...],
) -> Method:
    """Return a method that solves one problem of SigPy for each slice.

    Parameters
    ----------
    name, title, summary, parameters, citations
        As in `napari_mtmri.methods.base.Method`.
    make_app : callable
        Parameters, and ``y``, ``mps`` and ``weights`` of SigPy -> a SigPy app.
    """

    def load(setting: Setting) -> Loaded:
        def solve(problem: Mapping[str, Any]) -> np.ndarray:
            app = make_app(setting.parameters, problem)
            while not app.alg.done():
                setting.check_stop()
                app.alg.update()
            return np.asarray(app.x)

        return Loaded(lambda scan: SliceBatch(reconstruct(scan, solve), None))

    return Method(
        name, title, summary, gives=frozenset({"image"}), needs=frozenset(), load=load,
        parameters=parameters, keeps_measured=False, extra=EXTRA, citations=citations,
        untrained_row=TableRow(("table3", "table4"), title, "not trained; gives no segmentation"),
    )  # fmt: skip


def reconstruct(scan: Scan, solve: Callable[[Mapping[str, Any]], np.ndarray]) -> np.ndarray:
    """Return the images of all slices of a scan.

    Parameters
    ----------
    scan : Scan
        Coils without maps are reconstructed one by one and combined.
    solve : callable
        ``y``, ``mps`` and ``weights`` of SigPy -> complex64 image (readout, phase).

    Returns
    -------
    complex64 array, (slice, readout, phase)
    """
    weights = scan.mask.astype(np.float32)  # without them SigPy takes samples of 0 as not measured
    image = np.zeros((scan.n_slices, *scan.mask.shape), np.complex64)
    for number, kspace in enumerate(scan.kspace):
        maps = None if scan.coil_maps is None else scan.coil_maps[number]
        scale = float(np.abs(combine(ifft2c(kspace), maps)).max())
        if scale == 0:
            continue
        y = kspace / np.float32(scale)
        if maps is None:
            one = np.ones((1, *scan.mask.shape), np.complex64)
            coils = [solve({"y": coil[None], "mps": one, "weights": weights}) for coil in y]
            found = combine(np.stack(coils), None)
        else:
            found = solve({"y": y, "mps": np.ascontiguousarray(maps), "weights": weights})
        image[number] = np.float32(scale) * found
    return image
