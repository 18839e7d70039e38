# SPDX-License-Identifier: BSD-3-Clause
"""Command lines that repeat results and their comparison."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from napari_mtmri.compare import Comparison, Sweep
from napari_mtmri.report.sweep_words import requests
from napari_mtmri.result import Result

INPUT, LESION, MASK, TABLE = "INPUT.nii.gz", "LESION.nii.gz", "MASK.npy", "CASES.csv"
METHOD = "METHOD"
WIDTH = 84  # characters of a line


def run_words(result: Result, *, with_labels: bool) -> list[str]:
    """Return the command that makes a result again, with METHOD for the name of the method.

    The input is called INPUT.nii.gz unless its file name is known.
    """
    request = result.request
    pattern, simulation = request.get("pattern") or {}, request.get("simulation") or {}
    image = (result.provenance.get("input") or {}).get("file") or INPUT
    words = ["napari-mtmri", "run", str(image), "--out", "results", "--method", METHOD]
    words += _pattern_words(pattern)
    words += _given("--snr", simulation.get("snr"))
    words += ["--phase"] if simulation.get("phase") else []
    coils = simulation.get("n_coils", 1)
    words += _given("--coils", None if coils == 1 else coils)
    words += ["--slice-axis", str(result.axes.slice), "--phase-axis", str(result.axes.phase)]
    for name, value in (request.get("parameters") or {}).items():
        words += ["--param", f"{name}={value}"]
    words += _given("--device", request.get("device"))
    words += _given("--precision", request.get("precision"))
    return [*words, "--labels", LESION] if with_labels else words


def _pattern_words(pattern: Mapping[str, Any]) -> list[str]:
    if pattern.get("name") == "file":
        return ["--pattern", str((pattern.get("options") or {}).get("path", MASK))]
    words = _given("--pattern", pattern.get("name"))
    words += _given("--acceleration", pattern.get("acceleration"))
    words += _given("--center-fraction", pattern.get("center_fraction"))
    words += _given("--seed", pattern.get("seed"))
    for name, value in (pattern.get("options") or {}).items():
        words += ["--pattern-option", f"{name}={value}"]
    return words


def _given(option: str, value: Any) -> list[str]:
    if value is None:
        return []
    return [option, f"{value:g}" if isinstance(value, float) else str(value)]


def compare_words(comparison: Comparison) -> list[str]:
    """Return the command that draws the comparison again, with placeholders for its folders."""
    methods = dict.fromkeys(c.result.method for c in comparison.cells if c.result is not None)
    view, base = comparison.view, comparison.base
    words = ["napari-mtmri", "compare"]
    words += ["results/CASE"] if len(methods) == 1 else [f"results/CASE/{name}" for name in methods]
    words += ["--labels", LESION] if base is not None and base.kind == "reference" else []
    words += ["--slice", str(comparison.slice)]
    words += ["--mode", view.mode] if view.mode != "grid" else []
    words += ["--pair", ",".join(view.pair)] if view.pair is not None else []
    words += ["--errors"] if view.errors else []
    words += ["--spread"] if view.spread else []
    words += ["--gain", str(view.gain)] if view.gain != 5 else []
    words += ["--masks", view.masks] if view.masks != "outline" else []
    if view.zoom is not None:
        words += ["--zoom", f"{view.zoom.x:g},{view.zoom.y:g},{view.zoom.size:g}"]
    return [*words, "--out", "figure.png"]


def sweep_words(request: Mapping[str, Any], sweep: Sweep) -> list[str]:
    """Return the command that sweeps again, with placeholders for its files."""
    scan, cases = request["acquisition"], request["cases"]
    is_table = bool(request["seed_per_case"])
    words = ["napari-mtmri", "sweep", TABLE if is_table else INPUT, "--out", "sweep"]
    words += ["--method", ",".join(request["methods"])]
    if not is_table and any(one["labels"] for one in cases.values()):
        words += ["--labels", LESION]
    words += ["--accelerations", ",".join(f"{one:g}" for one in request["accelerations"])]
    patterns = request["patterns"]
    words += ["--pattern", ",".join(dict.fromkeys(MASK if one["name"] == "file" else one["name"]
                                                  for one in patterns))]  # fmt: skip
    words += ["--seeds", str(len(request["seeds"]))]
    words += _given("--center-fraction", patterns[0].get("center_fraction"))
    for name, value in (patterns[0].get("options") or {}).items():
        words += [] if name == "path" else ["--pattern-option", f"{name}={value}"]
    words += ["--phase"] if scan["phase"] else []
    words += _given("--snr", scan["snr"])
    words += _given("--coils", None if scan["n_coils"] == 1 else scan["n_coils"])
    for name, value in next(iter(request["methods"].values()))["parameters"].items():
        words += ["--param", f"{name}={value}"]
    if "diameters" in request:
        return [*words, *_detection_words(request)]
    words += ["--jiggle"] if request["jiggle"] else []
    varied = any(spread.varied == "mask" for spread in sweep.spreads)
    return [*words, "--spread"] if varied else words


def _detection_words(request: Mapping[str, Any]) -> list[str]:
    def joined(values: Iterable[float]) -> str:
        return ",".join(f"{one:g}" for one in values)

    words = ["--detect", "--diameters", joined(request["diameters"])]
    words += ["--contrasts", joined(request["contrasts"])]
    points, voxel_mm = request["points"], request["voxel_mm"]
    if isinstance(points, int):
        words += ["--points", str(points)]
    else:
        words += [word for point in points for word in ("--at", joined(point))]
    return words if voxel_mm is None else [*words, "--voxel-mm", joined(voxel_mm)]


def commands_of(comparisons: Iterable[Comparison], sweeps: Iterable[Sweep] = ()) -> tuple[str, ...]:
    """Return the commands of all results, comparisons and sweeps, each once.

    Methods that were run with the same settings are in one command.
    """
    found: dict[str, None] = {}
    for one in comparisons:
        drawn = one.base is not None and one.base.kind == "reference"
        methods: dict[tuple[str, ...], list[str]] = {}
        for cell in one.cells:
            if cell.result is not None:
                words = tuple(run_words(cell.result, with_labels=drawn))
                methods.setdefault(words, []).append(cell.result.method)
        for words, names in methods.items():
            chosen = ",".join(dict.fromkeys(names))
            found[_lines([chosen if word == METHOD else word for word in words])] = None
        if methods:
            found[_lines(compare_words(one))] = None
    for sweep in sweeps:
        for request in requests(sweep):
            found[_lines(sweep_words(request, sweep))] = None
    return tuple(found)


def _lines(words: Sequence[str]) -> str:
    """Return a command in lines that a page holds; an option and its value stay together."""
    tokens: list[str] = []
    for word in words:
        is_value = bool(tokens) and tokens[-1].startswith("--") and not word.startswith("--")
        if is_value and " " not in tokens[-1]:
            tokens[-1] += f" {shlex.quote(word)}"
        else:
            tokens.append(shlex.quote(word))
    lines = [tokens[0]]
    for token in tokens[1:]:
        if len(f"{lines[-1]} {token}") > WIDTH:
            lines.append(f"    {token}")
        else:
            lines[-1] += f" {token}"
    return " \\\n".join(lines)
