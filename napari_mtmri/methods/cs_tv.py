# SPDX-License-Identifier: BSD-3-Clause
"""Compressed sensing with total variation (SigPy, primal-dual hybrid gradient).

The dual variables of the total variation are at most λ, so the dual step σ must be of that order
for an image of unit scale. With SigPy's σ = 1 the same 100 iterations stop far from the minimum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_mtmri.methods import citations
from napari_mtmri.methods.sparse import iterations_option, sparse_method, weight_option
from napari_mtmri.parameters import Option, Value

# Bound of ‖AᴴA + GᴴG‖: 1 for the orthonormal transform with normalized coil maps, 4 for the
# circular difference along each of the two axes. Known, so SigPy need not estimate it from random
# numbers.
NORM = 9.0


def _app(parameters: Mapping[str, Value], problem: Mapping[str, Any]) -> Any:
    from sigpy.mri.app import TotalVariationRecon

    sigma = float(parameters["dual_step"])
    return TotalVariationRecon(
        **problem,
        lamda=float(parameters["regularization"]),
        max_iter=int(parameters["iterations"]),
        sigma=sigma,
        tau=1 / (NORM * sigma),
        show_pbar=False,
    )


CS_TV = sparse_method(
    name="cs-tv",
    title="Compressed sensing, total variation",
    summary="Image with little total variation that fits the measured samples (SigPy).",
    citations=(citations.LUSTIG, citations.CHAMBOLLE, citations.SIGPY),
    parameters=(
        weight_option(0.004, "total variation"),
        iterations_option(100),
        Option(
            "dual_step", "float", 0.02, "Dual step σ of the solver, of the order of λ",
            minimum=1e-4, maximum=10, label="Dual step σ",
        ),
    ),
    make_app=_app,
)  # fmt: skip
