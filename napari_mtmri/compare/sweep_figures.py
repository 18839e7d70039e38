# SPDX-License-Identifier: BSD-3-Clause
"""All figures and facts of a sweep, for a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_mtmri.compare.detection_figures import draw_detection, draw_insertion
from napari_mtmri.compare.spread_figure import draw_spread
from napari_mtmri.compare.sweep import Sweep
from napari_mtmri.compare.sweep_plots import draw_scores


def sweep_figures(sweep: Sweep) -> list[tuple[str, Any]]:
    """Return caption and matplotlib figure of all that a sweep has.

    Score plots, spreads, detection and the example of an insertion.
    """
    figures = [
        (f"{metric} over the acceleration", draw_scores(sweep, metric)) for metric in sweep.metrics
    ]
    figures += [(f"Spread: {spread.name}", draw_spread(spread)) for spread in sweep.spreads]
    detection = sweep.detection
    if detection is not None:
        for pattern in dict.fromkeys(row.pattern for row in detection.rows):
            caption = f"Detection of inserted lesions, pattern {pattern}"
            figures.append((caption, draw_detection(detection, pattern)))
        if detection.example is not None:
            figures.append(("Example of an inserted lesion", draw_insertion(*detection.example)))
    return figures


def sweep_facts(sweep: Sweep) -> dict[str, str]:
    """Return what was asked, as text by its name; without paths."""
    facts: dict[str, str] = {}
    if sweep.request:
        facts |= _facts(sweep.request)
        n_done = sum(point.state == "done" for point in sweep.points)
        facts["Points"] = f"{n_done} done, {len(sweep.failed)} failed"
    if sweep.detection is not None:
        request = sweep.detection.request
        own = _facts(request)
        own["Lesion diameters"] = ", ".join(f"{one:g}" for one in request["diameters"]) + " mm"
        contrasts = ", ".join(f"{100 * one:+g}" for one in request["contrasts"])
        own["Lesion contrasts"] = f"{contrasts} % of the signal at the place"
        own["Insertions"] = (
            f"{len(sweep.detection.rows)} done, {len(sweep.detection.failed)} failed"
        )
        facts |= own if not facts else {f"Detection: {name}": one for name, one in own.items()}
    return facts


def _facts(request: Mapping[str, Any]) -> dict[str, str]:
    scan = request["acquisition"]
    how = [
        "smooth random phase" if scan["phase"] else "no phase",
        "no noise" if scan["snr"] is None else f"noise at SNR {scan['snr']:g}",
        f"{scan['n_coils']} coils" if scan["n_coils"] > 1 else "one coil",
    ]
    seeds = ", ".join(map(str, request["seeds"]))
    facts = {
        "Cases": ", ".join(
            f"{name} (SHA-256 {one['image'][:12]})" for name, one in request["cases"].items()
        ),
        "Methods": ", ".join(
            f"{name} (weights {', '.join(sha[:12] for sha in one['weights']) or 'none'})"
            for name, one in request["methods"].items()
        ),
        "Patterns": ", ".join(
            f"{one['name']}"
            + (f" with {one['center_fraction']:g} centre" if one["center_fraction"] else "")
            for one in request["patterns"]
        ),
        "Accelerations": ", ".join(f"{one:g}" for one in request["accelerations"]),
        "Seeds": f"{seeds}, derived for each case" if request["seed_per_case"] else seeds,
        "Simulation": ", ".join(how),
        "Version": f"napari-mtmri {request['version']}",
    }
    if request["jiggle"]:
        facts["Repeats"] = f"{request['jiggle']} with the first seed and new noise"
    return facts
