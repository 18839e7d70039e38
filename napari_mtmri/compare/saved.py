# SPDX-License-Identifier: BSD-3-Clause
"""Comparisons on disk: the file ``compare.json``, and cells from files and folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_mtmri.compare.cells import Cell, Kind
from napari_mtmri.compare.comparison import Comparison

FILE = "compare.json"
FORMAT = 1


def is_comparison(path: Path) -> bool:
    """Return whether a file is a saved comparison, by its name and first bytes."""
    raise NotImplementedError


def save_comparison(comparison: Comparison, path: Path) -> Path:
    """Write ``compare.json``: cells by relative path and SHA-256, and the view.

    Raises
    ------
    RequestError
        If a cell is in memory only; save its result or labels first.
    ResourceError
        If the file cannot be written.
    """
    raise NotImplementedError


def load_comparison(path: Path) -> Comparison:
    """Return a saved comparison; files that changed since are named in its warnings.

    Raises
    ------
    InputError
        If the file is damaged or of a newer version, or a result or volume in it is missing.
    """
    raise NotImplementedError


def open_cell(path: Path, kind: Kind | None = None, labels: Path | None = None) -> Cell:
    """Return the cell of a result folder or of a file.

    Parameters
    ----------
    path : Path
    kind : str, optional
        By default "result" for a result folder and "image" for a file.
    labels : Path, optional
        File with the segmentation of the image.
    """
    raise NotImplementedError


def compare_paths(
    paths: Sequence[Path],
    *,
    reference: Path | None = None,
    labels: Path | None = None,
    zero_filled: bool = False,
    resample: bool = False,
) -> Comparison:
    """Return the comparison of result folders and image files.

    Parameters
    ----------
    paths : sequence of Path
        Result folders and image files, in the order of the cells; or one ``compare.json``.
    reference, labels : Path, optional
        Fully sampled image and reference segmentation.
    zero_filled : bool
        Whether to add the zero-filled image of the first result as a cell.
    resample : bool
        Whether to interpolate volumes on other grids onto that of the first; by default they
        are refused.
    """
    raise NotImplementedError
