# SPDX-License-Identifier: BSD-3-Clause
"""Comparison of results: cells, agreement, lesions, errors, spectra, scores and figures."""

from napari_mtmri.compare.cells import (
    Cell,
    distinct_names,
    reference_of,
    result_cell,
    zero_filled_cell,
)
from napari_mtmri.compare.comparison import (
    NOT_COMPARED,
    Comparison,
    View,
    Zoom,
    compare_results,
)
from napari_mtmri.compare.errors import Reading, error_map, error_top, readings, residual_map
from napari_mtmri.compare.figure import (
    draw_comparison,
    draw_spectrum,
    save_comparison_figure,
    save_spectrum_figure,
)
from napari_mtmri.compare.lesions import LesionRow, LesionTable, lesion_table
from napari_mtmri.compare.masks import AGREED, EXTRA, MISSED, agreement, disagreement_counts
from napari_mtmri.compare.resample import resampled
from napari_mtmri.compare.same_case import check_pair
from napari_mtmri.compare.saved import (
    compare_paths,
    is_comparison,
    load_comparison,
    open_cell,
    save_comparison,
)
from napari_mtmri.compare.score_table import ScoreTable, score_table
from napari_mtmri.compare.slices import (
    SliceScores,
    largest_lesion_slice,
    most_disputed_slice,
    slice_scores,
    strip_quantities,
    worst_slice,
)
from napari_mtmri.compare.spectrum import Spectrum, error_spectrum, kspace_decibels
from napari_mtmri.compare.zoom import lesion_zoom, slice_view

__all__ = [
    "AGREED",
    "EXTRA",
    "MISSED",
    "NOT_COMPARED",
    "Cell",
    "Comparison",
    "LesionRow",
    "LesionTable",
    "Reading",
    "ScoreTable",
    "SliceScores",
    "Spectrum",
    "View",
    "Zoom",
    "agreement",
    "check_pair",
    "compare_paths",
    "compare_results",
    "disagreement_counts",
    "distinct_names",
    "draw_comparison",
    "draw_spectrum",
    "lesion_zoom",
    "slice_view",
    "error_map",
    "error_spectrum",
    "error_top",
    "is_comparison",
    "kspace_decibels",
    "largest_lesion_slice",
    "lesion_table",
    "load_comparison",
    "most_disputed_slice",
    "open_cell",
    "readings",
    "reference_of",
    "resampled",
    "residual_map",
    "result_cell",
    "save_comparison",
    "save_comparison_figure",
    "save_spectrum_figure",
    "score_table",
    "slice_scores",
    "strip_quantities",
    "worst_slice",
    "zero_filled_cell",
]
