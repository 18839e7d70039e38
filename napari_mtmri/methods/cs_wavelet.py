# SPDX-License-Identifier: BSD-3-Clause
"""Compressed sensing with sparse wavelet coefficients (SigPy, FISTA)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_mtmri.methods import citations
from napari_mtmri.methods.sparse import iterations_option, sparse_method, weight_option
from napari_mtmri.parameters import Option, Value

WAVELETS = ("haar", "db2", "db4", "sym4")


def _app(parameters: Mapping[str, Value], problem: Mapping[str, Any]) -> Any:
    from sigpy.mri.app import L1WaveletRecon

    return L1WaveletRecon(
        **problem,
        lamda=float(parameters["regularization"]),
        wave_name=str(parameters["wavelet"]),
        max_iter=int(parameters["iterations"]),
        alpha=1.0,  # the step 1/‖AᴴA‖, which SigPy would estimate from random numbers
        show_pbar=False,
    )


CS_WAVELET = sparse_method(
    name="cs-wavelet",
    title="Compressed sensing, wavelet",
    summary="Image with few wavelet coefficients that fits the measured samples (SigPy).",
    citations=(citations.LUSTIG, citations.FISTA, citations.SIGPY),
    parameters=(
        weight_option(0.01, "wavelet coefficients"),
        iterations_option(100),
        Option(
            "wavelet", "choice", "haar", "Wavelet; haar was the best on training cases",
            choices=WAVELETS,
        ),
    ),
    make_app=_app,
)  # fmt: skip
