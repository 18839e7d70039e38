# SPDX-License-Identifier: BSD-3-Clause
"""Libraries of the extra ``review``: agreement and consensus need them, reviewing does not."""

from __future__ import annotations

from importlib.util import find_spec

from napari_mtmri.errors import ResourceError


def require(module: str, what: str) -> None:
    """Check that a library of the extra is installed.

    Raises
    ------
    ResourceError
        If it is not.
    """
    if find_spec(module) is None:
        raise ResourceError(
            f"{what} needs {module}, which is not installed; run: pip install "
            "'napari-mtmri[review]'."
        )
