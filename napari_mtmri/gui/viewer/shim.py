# SPDX-License-Identifier: BSD-3-Clause
"""The few private things of napari that are used, each guarded: without them less works."""

from __future__ import annotations

from typing import Any


def forget_strokes(labels: Any) -> None:
    """Empty the undo history of a labels layer whose array is another.

    Otherwise undo writes old strokes into the new array.
    """
    reset = getattr(labels, "_reset_history", None)
    if reset is not None:
        reset()
