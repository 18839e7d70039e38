# SPDX-License-Identifier: BSD-3-Clause
"""What is swept: methods, accelerations, patterns, seeds and cases, checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_mtmri.acquisition import Acquisition, make_pattern
from napari_mtmri.batch.cases_table import CASES, CaseRow, Cases, as_rows
from napari_mtmri.batch.job import Job
from napari_mtmri.batch.method_choice import MethodChoice, as_choices
from napari_mtmri.errors import RequestError
from napari_mtmri.patterns.base import PATTERNS, Pattern


@dataclass(frozen=True)
class SweepPlan:
    """What is swept.

    Parameters
    ----------
    rows : tuple of CaseRow
    choices : tuple of MethodChoice
    patterns : tuple of Pattern
        R and seed are replaced.
    accelerations : tuple of float
    seeds : tuple of int
    jiggle : int
        Number of repeated scans with new noise for the first seed.
    acquisition : Acquisition
        Its pattern is replaced.
    seed_per_case : bool
        Derive the seed of each case from its name, as `evaluate_many` does.
    """

    rows: tuple[CaseRow, ...]
    choices: tuple[MethodChoice, ...]
    patterns: tuple[Pattern, ...]
    accelerations: tuple[float, ...]
    seeds: tuple[int, ...]
    jiggle: int = 0
    acquisition: Acquisition = field(default_factory=Acquisition)
    seed_per_case: bool = False

    def __post_init__(self) -> None:
        """Check the numbers."""
        for what in ("rows", "choices", "patterns", "accelerations", "seeds"):
            if not getattr(self, what):
                raise RequestError(f"The sweep has no {what}; give at least one.")
        if self.jiggle < 0 or self.jiggle == 1:
            raise RequestError(f"`jiggle` {self.jiggle}: give 2 or more repeats, or 0 for none.")
        if self.jiggle and self.acquisition.snr is None:
            raise RequestError(
                f"`jiggle` {self.jiggle} repeats the scan with new noise, and no noise is simulated; "
                "give `snr`."
            )

    def acquisitions(self) -> Iterator[tuple[str, float, int, int | None, Acquisition | str]]:
        """Yield pattern, R, seed, repeat, and the acquisition, or why it is impossible.

        R or seed are varied only if the sampling or the noise depend on them.
        """
        is_random = self.acquisition.phase or self.acquisition.snr is not None
        for pattern in self.patterns:
            kind = PATTERNS.get(pattern.name)
            fixed = "acceleration" not in kind.uses or kind.max_acceleration == 1
            seeds = self.seeds if "seed" in kind.uses or is_random else self.seeds[:1]
            for factor in (1.0,) if fixed else self.accelerations:
                for seed, noise in self._repeats(seeds):
                    found = self._acquisition(pattern, None if fixed else factor, seed, noise)
                    yield pattern_name(pattern), factor, seed, noise, found

    def _repeats(self, seeds: Sequence[int]) -> Iterator[tuple[int, int | None]]:
        yield from ((seed, None) for seed in seeds)
        yield from ((seeds[0], number) for number in range(1, self.jiggle + 1))

    def _acquisition(
        self, pattern: Pattern, factor: float | None, seed: int, noise: int | None
    ) -> Acquisition | str:
        own = pattern.acceleration if factor is None else factor
        try:
            pattern = replace(pattern, acceleration=own, seed=seed)
        except RequestError as why:
            return str(why)
        return replace(self.acquisition, pattern=pattern, noise_seed=noise)

    def for_case(self, acquisition: Acquisition, case: str) -> Acquisition:
        """Return the acquisition of one case."""
        return acquisition.for_case(case) if self.seed_per_case else acquisition


def as_patterns(patterns: Sequence[str | Pattern]) -> tuple[Pattern, ...]:
    """Return the patterns of names, files or patterns.

    Raises
    ------
    RequestError, InputError
        If one does not exist, or cannot be read.
    """
    return tuple(one if isinstance(one, Pattern) else make_pattern(one) for one in patterns)


def pattern_name(pattern: Pattern) -> str:
    """Return the name of a pattern, or the name of its mask file."""
    path = pattern.options.get("path")
    return pattern.name if path is None else Path(str(path)).name


def make_plan(
    cases: Cases,
    methods: Sequence[str | MethodChoice],
    accelerations: Sequence[float],
    patterns: Sequence[str | Pattern],
    seeds: int | Sequence[int],
    *,
    jiggle: int = 0,
    acquisition: Acquisition | None = None,
    labels: Sequence[str | Path] | None = None,
    seed_per_case: bool | None = None,
) -> SweepPlan:
    """Return what is swept, checked; parameters as in `run_sweep`."""
    choices = as_choices(methods)
    for choice in choices:
        choice.record()  # raises for an unknown method or parameter, or missing weights
    if isinstance(seeds, int) and seeds < 1:
        raise RequestError(f"`seeds` {seeds} is below 1; give the number of masks.")
    numbers = range(seeds) if isinstance(seeds, int) else seeds
    rows = tuple(as_rows(cases, labels))
    is_table = isinstance(cases, (str, Path)) and (
        Path(cases).suffix == ".csv" or (Path(cases) / CASES).is_file()
    )
    return SweepPlan(
        rows,
        tuple(choices),
        as_patterns(patterns),
        tuple(dict.fromkeys(map(float, accelerations))),
        tuple(dict.fromkeys(numbers)),
        jiggle,
        acquisition or Acquisition(),
        is_table if seed_per_case is None else seed_per_case,
    )


def request_of(plan: SweepPlan, jobs: Sequence[Job]) -> dict[str, Any]:
    """Return what was swept as plain data, inputs and weights by their SHA-256."""
    record = plan.acquisition.record()
    del record["pattern"]
    first = {job.request["case"]: job.request for job in jobs}
    methods = {
        job.request["method"]: {
            name: job.request[name] for name in ("parameters", "precision", "weights")
        }
        for job in jobs
    }
    return {
        "cases": {
            name: {"image": one["image"], "labels": one["labels"]} for name, one in first.items()
        },
        "methods": methods,
        "patterns": [pattern.record() for pattern in plan.patterns],
        "accelerations": list(plan.accelerations),
        "seeds": list(plan.seeds),
        "seed_per_case": plan.seed_per_case,
        "jiggle": plan.jiggle,
        "acquisition": record,
        "version": jobs[0].request["version"],
    }
