# SPDX-License-Identifier: BSD-3-Clause
"""Laws as functions; test files apply them with few lines."""

from __future__ import annotations

from typing import Any

import numpy as np

# Rounding errors grow slowly with the number of samples; these leave room for 2^20.
RELATIVE = {"float32": 2e-6, "complex64": 2e-6, "float64": 1e-12, "complex128": 1e-12}
MEASURED = 1e-5  # of a measured sample, relative to the largest; float32 gives 2e-7


def array(values: Any) -> np.ndarray:
    """NumPy or torch, as NumPy."""
    return np.asarray(values)


def is_adjoint(forward: Any, backward: Any, x: Any, y: Any) -> None:
    """<Fx, y> = <x, F*y>."""
    left = np.vdot(array(y), array(forward(x)))
    right = np.vdot(array(backward(y)), array(x))
    size = np.linalg.norm(array(x)) * np.linalg.norm(array(y))
    assert abs(left - right) <= RELATIVE[str(array(x).dtype)] * size


def keeps_norm(forward: Any, x: Any) -> None:
    """‖Fx‖ = ‖x‖."""
    np.testing.assert_allclose(
        np.linalg.norm(array(forward(x))),
        np.linalg.norm(array(x)),
        rtol=RELATIVE[str(array(x).dtype)],
    )


def undoes(backward: Any, forward: Any, x: Any) -> None:
    """F⁻¹Fx = x."""
    close(backward(forward(x)), x)


def close(a: Any, b: Any, relative: float | None = None) -> None:
    """Equal up to rounding, measured against the largest value."""
    a, b = array(a), array(b)
    tolerance = relative or RELATIVE[str(b.dtype)]
    assert a.shape == b.shape
    assert np.abs(a - b).max() <= tolerance * max(np.abs(b).max(), 1e-30)


def keeps_measured(image: Any, measured: np.ndarray, mask: np.ndarray) -> None:
    """The k-space of ``image`` has the measured samples."""
    from napari_mtmri.kspace import fft2c

    got = fft2c(array(image))
    assert np.abs((got - measured) * mask).max() <= MEASURED * np.abs(measured).max()
