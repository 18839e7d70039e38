# SPDX-License-Identifier: BSD-3-Clause
"""Private parts of napari that are used, each guarded so that the rest works without it."""

from __future__ import annotations

from typing import Any


def forget_strokes(labels: Any) -> None:
    """Empty the undo history of a labels layer whose array was replaced.

    Otherwise undo would write old strokes into the new array.
    """
    reset = getattr(labels, "_reset_history", None)
    if reset is not None:
        reset()
