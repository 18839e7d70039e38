# SPDX-License-Identifier: BSD-3-Clause
"""Scores of a result in one line of text for each method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def headline_rows(scores: Mapping[str, Mapping[str, float]]) -> Sequence[Sequence[str]]:
    """Return headline numbers of several methods as rows of words.

    Parameters
    ----------
    scores : mapping
        By method, what `napari_mtmri.metrics.base.headline` gives.
    """
    from napari_mtmri.metrics.base import quantities

    shown = quantities("line")
    return [
        [
            method,
            *(
                f"{one.name} {found[one.name]:.{one.shown['line']}f} {one.unit}".rstrip()
                if one.name in found
                else ""
                for one in shown
            ),
        ]
        for method, found in scores.items()
    ]
