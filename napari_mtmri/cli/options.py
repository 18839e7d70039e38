# SPDX-License-Identifier: BSD-3-Clause
"""Options that several commands share, spelled once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.")]
Methods = Annotated[
    list[str] | None,
    typer.Option(
        "--method",
        "-m",
        metavar="NAME,...",
        help="Method; several with commas between.",
        show_default="mtmri",
    ),
]
PatternName = Annotated[
    str,
    typer.Option(
        "--pattern",
        "-p",
        metavar="NAME|FILE",
        help="A sampling pattern, or a .npy, .png or .csv file.",
    ),
]
Acceleration = Annotated[
    float,
    typer.Option(
        "--acceleration", "-R", metavar="R", help="Samples of the plane per measured one, 1 to 16."
    ),
]
CenterFraction = Annotated[
    float | None,
    typer.Option(
        "--center-fraction",
        help="Fully sampled centre, a fraction of the side.",
        show_default="0.08 up to R = 5, else 0.04",
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Of the mask, the phase and the noise.")]
PatternOptions = Annotated[
    list[str] | None,
    typer.Option("--pattern-option", metavar="NAME=VALUE", help="See `napari-mtmri patterns`."),
]
Phase = Annotated[bool, typer.Option("--phase", help="Simulate a smooth random phase.")]
Snr = Annotated[
    float | None,
    typer.Option("--snr", help="Simulate noise: mean of the object over the noise's deviation."),
]
Coils = Annotated[int, typer.Option("--coils", help="Simulate so many receive coils, 1 to 32.")]
SliceAxis = Annotated[
    int | None,
    typer.Option("--slice-axis", help="Array axis 0, 1 or 2.", show_default="the coarsest"),
]
PhaseAxis = Annotated[
    int | None,
    typer.Option(
        "--phase-axis", help="Array axis of phase encoding.", show_default="the shorter side"
    ),
]
SwapPhase = Annotated[
    bool, typer.Option("--swap-phase", help="Exchange readout and phase encoding.")
]
Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help="auto, cuda, cuda:1, mps or cpu.")
]
Precision = Annotated[
    str,
    typer.Option("--precision", metavar="NAME", help="Of convolutions: auto, float32 or bfloat16."),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="FILE|DIR",
        help="A weights file, or a folder of files named by method.",
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="A parameter of the method."),
]
Again = Annotated[
    bool, typer.Option("--again", help="Do what is done already once more, and replace it.")
]
Processes = Annotated[
    int,
    typer.Option("--jobs", "-j", metavar="N", min=1, help="Processes of this machine to work in."),
]
Json = Annotated[bool, typer.Option("--json", help="Write the results as JSON.")]
