# SPDX-License-Identifier: BSD-3-Clause
"""Options shared by several commands, single and in groups."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from napari_mtmri.cli.output import pairs
from napari_mtmri.errors import RequestError
from napari_mtmri.methods import DEFAULT_METHOD

if TYPE_CHECKING:
    from napari_mtmri.acquisition import Acquisition
    from napari_mtmri.batch.method_choice import MethodChoice
    from napari_mtmri.batch.run_jobs import Where

Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.")]
Acceleration = Annotated[
    float,
    typer.Option("--acceleration", "-R", metavar="R", help="Acceleration factor R, 1 to 16."),
]
CenterFraction = Annotated[
    float | None,
    typer.Option(
        "--center-fraction",
        help="Fully sampled k-space center, as a fraction of the matrix size.",
        show_default="0.08 up to R = 5, else 0.04",
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", help="Random seed for the sampling mask, phase and noise.")
]
PatternOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--pattern-option",
        metavar="NAME=VALUE",
        help="Option of the pattern; see `napari-mtmri patterns`.",
    ),
]
Phase = Annotated[bool, typer.Option("--phase", help="Simulate a smooth random image phase.")]
Snr = Annotated[
    float | None,
    typer.Option(
        "--snr", help="Simulate noise: mean object signal divided by the noise standard deviation."
    ),
]
Coils = Annotated[int, typer.Option("--coils", help="Number of simulated receive coils, 1 to 32.")]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="FILE|DIR",
        help="Weights file, or folder of weights files named by method.",
    ),
]
Again = Annotated[bool, typer.Option("--again", help="Recompute and overwrite existing results.")]
Json = Annotated[bool, typer.Option("--json", help="Write the results as JSON.")]


@dataclass(frozen=True)
class ScanOptions:
    """Options of the simulated scan."""

    pattern: Annotated[
        str,
        typer.Option(
            "--pattern",
            "-p",
            metavar="NAME|FILE",
            help="Sampling pattern, or mask file: .npy, .png or .csv.",
        ),
    ] = "random"
    acceleration: Acceleration = 4.0
    center_fraction: CenterFraction = None
    seed: Seed = 0
    pattern_option: PatternOptions = None
    phase: Phase = False
    snr: Snr = None
    coils: Coils = 1
    in_mm: Annotated[
        bool,
        typer.Option("--in-mm", help="Take voxel sizes as mm where the file states no unit."),
    ] = False

    def acquisition(self, **axes: Any) -> Acquisition:
        """Return the acquisition; ``axes`` are further parameters of `Acquisition`."""
        from napari_mtmri.acquisition import Acquisition, make_pattern

        given = pairs(self.pattern_option, "--pattern-option")
        pattern = make_pattern(
            self.pattern, self.acceleration, self.center_fraction, self.seed, given
        )
        return Acquisition(pattern, self.phase, self.snr, self.coils, in_mm=self.in_mm, **axes)


@dataclass(frozen=True)
class MethodOptions:
    """Options of the methods and their weights."""

    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            "-m",
            metavar="NAME,...",
            help="Methods, separated by commas.",
            show_default=DEFAULT_METHOD,
        ),
    ] = None
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="Parameter of the method."),
    ] = None
    device: Annotated[
        str,
        typer.Option(
            "--device", metavar="NAME", help="Computing device: auto, cuda, cuda:1, mps or cpu."
        ),
    ] = "auto"
    precision: Annotated[
        str,
        typer.Option(
            "--precision",
            metavar="NAME",
            help="Number format of convolutions: auto, float32 or bfloat16.",
        ),
    ] = "auto"
    weights: Weights = None

    def choices(self) -> list[MethodChoice]:
        """Return the requested methods, each once; by default the joint method."""
        from napari_mtmri.batch.method_choice import MethodChoice
        from napari_mtmri.methods.base import DEFAULT_METHOD

        given = ",".join(self.method) if self.method else DEFAULT_METHOD
        names = dict.fromkeys(word.strip() for word in given.split(",") if word.strip())
        if not names:
            raise RequestError(f"--method {given!r} names no method; see `napari-mtmri methods`.")
        parameters = pairs(self.param, "--param")
        return [
            MethodChoice(name, parameters, self.device, self.precision, self.weights)
            for name in names
        ]


@dataclass(frozen=True)
class WhereOptions:
    """Options for where jobs run."""

    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", "-j", metavar="N", min=1, help="Number of parallel worker processes."
        ),
    ] = 1
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask",
            metavar="ADDRESS",
            help="Address of a dask scheduler whose workers run the jobs.",
        ),
    ] = None

    def where(self) -> Where:
        """Return where jobs run."""
        from napari_mtmri.batch.run_jobs import Where

        return Where(self.jobs, self.dask)


def with_groups(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with its groups of options flattened into a signature for typer."""
    hints = get_type_hints(command, include_extras=True)
    parameters, groups = [], {}
    for name, one in inspect.signature(command).parameters.items():
        if is_dataclass(hints[name]):
            groups[name] = hints[name]
            parameters += _parameters_of(hints[name])
        else:
            parameters.append(one.replace(annotation=hints[name], kind=one.KEYWORD_ONLY))

    def call(**values: Any) -> Any:
        for name, group in groups.items():
            values[name] = group(**{one.name: values.pop(one.name) for one in fields(group)})
        return command(**values)

    call.__doc__ = command.__doc__
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in parameters}
    return call


def _parameters_of(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if one.default is MISSING else one.default,
            annotation=hints[one.name],
        )
        for one in fields(group)
    ]
