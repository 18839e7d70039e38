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
from napari_mtmri.compare.detection import run_detection
from napari_mtmri.compare.detection_figures import draw_detection, draw_insertion
from napari_mtmri.compare.detection_points import lesion_points
from napari_mtmri.compare.detection_rows import Detection, DetectionLine, DetectionRow
from napari_mtmri.compare.errors import error_map, error_top, residual_map
from napari_mtmri.compare.figure import draw_comparison, save_comparison_figure
from napari_mtmri.compare.lesions import LesionRow, LesionTable, lesion_table
from napari_mtmri.compare.mask_spread import lesion_frequency, mask_spread, spread_map
from napari_mtmri.compare.masks import AGREED, EXTRA, MISSED, agreement, disagreement_counts
from napari_mtmri.compare.readings import Reading, readings
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
from napari_mtmri.compare.spectrum_figure import draw_spectrum, save_spectrum_figure
from napari_mtmri.compare.spread import Spread, spread_of
from napari_mtmri.compare.spread_figure import draw_spread
from napari_mtmri.compare.sweep import Sweep, case_of_volume, open_point, run_sweep
from napari_mtmri.compare.sweep_figures import sweep_facts, sweep_figures
from napari_mtmri.compare.sweep_plots import draw_scores
from napari_mtmri.compare.sweep_points import SweepPoint
from napari_mtmri.compare.sweep_record import is_sweep
from napari_mtmri.compare.sweep_rows import Curve, SweepRow
from napari_mtmri.compare.sweep_store import read_sweep
from napari_mtmri.compare.zoom import lesion_zoom, slice_view, zoom_at, zoom_middle
from napari_mtmri.inserted_lesion import InsertedLesion, insert_sphere

__all__ = [
    "AGREED",
    "EXTRA",
    "MISSED",
    "NOT_COMPARED",
    "Cell",
    "Comparison",
    "Curve",
    "Detection",
    "DetectionLine",
    "DetectionRow",
    "InsertedLesion",
    "LesionRow",
    "LesionTable",
    "Reading",
    "ScoreTable",
    "SliceScores",
    "Spectrum",
    "Spread",
    "Sweep",
    "SweepPoint",
    "SweepRow",
    "View",
    "Zoom",
    "agreement",
    "case_of_volume",
    "check_pair",
    "compare_paths",
    "compare_results",
    "disagreement_counts",
    "distinct_names",
    "draw_comparison",
    "draw_detection",
    "draw_insertion",
    "draw_scores",
    "draw_spectrum",
    "draw_spread",
    "error_map",
    "error_spectrum",
    "error_top",
    "insert_sphere",
    "is_comparison",
    "is_sweep",
    "kspace_decibels",
    "largest_lesion_slice",
    "lesion_frequency",
    "lesion_points",
    "lesion_table",
    "lesion_zoom",
    "load_comparison",
    "mask_spread",
    "most_disputed_slice",
    "open_cell",
    "open_point",
    "read_sweep",
    "readings",
    "reference_of",
    "resampled",
    "residual_map",
    "result_cell",
    "run_detection",
    "run_sweep",
    "save_comparison",
    "save_comparison_figure",
    "save_spectrum_figure",
    "score_table",
    "slice_scores",
    "slice_view",
    "spread_map",
    "spread_of",
    "strip_quantities",
    "sweep_facts",
    "sweep_figures",
    "worst_slice",
    "zero_filled_cell",
    "zoom_at",
    "zoom_middle",
]
