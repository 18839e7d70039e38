# SPDX-License-Identifier: BSD-3-Clause
"""Sentences on a sweep for the Methods text and the limits, from what was requested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_mtmri.compare import Sweep
from napari_mtmri.plotting import SIMULATED

ONE_PATIENT = (
    "The band of a sweep of one patient is the range over its masks, which is no interval: other "
    "patients may differ more."
)
SPHERES = (
    "Inserted lesions are simulated spheres; a network that segments gliomas may rightly ignore them. "
    "Several insertions into one case are not independent."
)


def requests(sweep: Sweep) -> list[Mapping[str, Any]]:
    """Return what was requested: of scores, of the detection of lesions, or both."""
    detection = sweep.detection
    found = (sweep.request, {} if detection is None else detection.request)
    return [one for one in found if one]


def requested(sweep: Sweep) -> dict[str, Mapping[str, Any]]:
    """Return parameters, precision and SHA-256 of the weights of each method, by its name."""
    return {name: facts for one in requests(sweep) for name, facts in one["methods"].items()}


def sweep_sampling(sweep: Sweep) -> list[str]:
    """Return how the k-space of a sweep came about and was sampled."""
    found: dict[str, None] = {}
    for one in requests(sweep):
        scan, n_cases = one["acquisition"], len(one["cases"])
        parts = [
            "a smooth random phase" if scan["phase"] else "no phase",
            "no noise" if scan["snr"] is None else f"noise at SNR {scan['snr']:g}",
            "1 coil" if scan["n_coils"] == 1 else f"{scan['n_coils']} coils",
        ]
        patterns = ", ".join(repr(pattern["name"]) for pattern in one["patterns"])
        patterns = f"pattern{'s' * (len(one['patterns']) > 1)} {patterns}"
        factors = ", ".join(f"{factor:g}" for factor in one["accelerations"])
        seeds = ", ".join(map(str, one["seeds"]))
        derived = ", derived for each case from its name" if one["seed_per_case"] else ""
        cases = "one case" if n_cases == 1 else f"{n_cases} cases"
        found[
            f"K-space of {cases} was simulated with napari-mtmri {one['version']} from magnitude "
            f"images, with {', '.join(parts)}. It was sampled with the {patterns} at R "
            f"{factors}, with the seeds {seeds}{derived}."
        ] = None
        if one["jiggle"]:
            found[f"The first mask was repeated {one['jiggle']} times with new noise."] = None
        if "diameters" in one:
            sizes = ", ".join(f"{size:g}" for size in one["diameters"])
            contrasts = ", ".join(f"{100 * value:+g}" for value in one["contrasts"])
            found[
                f"Simulated spherical lesions of {sizes} mm, {contrasts} % of the signal at the "
                "place, were inserted one at a time into the fully sampled image. A lesion was found "
                "if at least one tenth of its voxels were in the segmentation."
            ] = None
    return list(found)


def sweep_notes(sweep: Sweep) -> list[str]:
    """Return what the scores of a sweep depend on."""
    found: dict[str, None] = {}
    for metric in sweep.metrics:
        region = sweep.curves(metric)[0].region  # that of the tables
        rows = (row for row in sweep.rows if (row.metric, row.region) == (metric, region))
        found |= {f"{metric}: {row.depends}.": None for row in rows if row.depends}
    return list(found)


def sweep_limits(sweep: Sweep) -> list[str]:
    """Return the limits of the data of a sweep."""
    found = [f"{SIMULATED}, which flatters every method."]
    scored, inserted = sweep.rows, () if sweep.detection is None else sweep.detection.rows
    if any(len({one.patient or one.case for one in rows}) == 1 for rows in (scored, inserted)):
        found.append(ONE_PATIENT)
    if sweep.failed:
        found.append(f"{len(sweep.failed)} points failed and are missing in all means.")
    if sweep.detection is not None:
        found.append(SPHERES)
    return found
