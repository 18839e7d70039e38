# SPDX-License-Identifier: BSD-3-Clause
"""What the panel asks the verbs for, run off the window's thread; no Qt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_mtmri.gui.reconstruct.state import Choices
from napari_mtmri.methods.passes import Progress
from napari_mtmri.result import Result
from napari_mtmri.volume import Volume


@dataclass(frozen=True)
class SliceShown:
    """One slice, done: (readout, phase) arrays and what they belong to."""

    what: str
    number: int
    image: np.ndarray | None
    probability: np.ndarray | None = None


def frozen(choices: Choices) -> Choices:
    """Return a copy of the choices as they are now."""
    return replace(choices)


def zero_filled_slice(choices: Choices, volume: Volume, number: int) -> SliceShown:
    """Return the zero-filled image of one slice; fast enough to follow a slider."""
    scan = choices.simulate(volume, [number])
    return SliceShown("zero-filled", number, np.abs(scan.zero_filled[0]))


def method_slice(choices: Choices, volume: Volume, number: int) -> SliceShown:
    """Return what the chosen method makes of one slice."""
    from napari_mtmri.verbs import load_method

    member, _, loaded = load_method(choices.method)
    part = loaded.run(choices.simulate(volume, [number]))
    return SliceShown(
        member.name,
        number,
        None if part.image is None else part.image[0],
        None if part.probability is None else part.probability[0],
    )


def whole_volume(
    choices: Choices,
    volume: Volume,
    labels: Volume | None,
    first: int,
    report: Callable[[Progress], None],
    stop: threading.Event,
) -> Result:
    """Return the scored result of a volume, the slice on screen first."""
    from napari_mtmri.verbs import evaluate, run

    scan = choices.simulate(volume)
    result = run(scan, choices.method, first_slice=first, on_progress=report, stop=stop)
    return evaluate(result, labels=labels)


def load_device(method: str) -> Any:
    """Load torch and the method's weights; return the device and why."""
    from napari_mtmri.device import choose_device
    from napari_mtmri.gui.reconstruct.method_part import why_not
    from napari_mtmri.verbs import load_method

    if why_not(method) is None:
        load_method(method)
    return choose_device()


def save_mask(choices: Choices, plane: tuple[int, int], path: Path) -> str:
    """Write the chosen mask; return what was done."""
    from napari_mtmri.patterns.mask_files import save_mask as write

    write(choices.make_pattern().mask(plane), path)
    return f"mask written to {path}"


def save_run(result: Result, labels: Volume | None, folder: Path) -> str:
    """Write the run folder; return what was done."""
    from napari_mtmri.readers.run_folder import write_run

    return f"run written to {write_run(result, folder, labels)}"


def save_figure(result: Result, labels: Volume | None, path: Path) -> str:
    """Write the picture; return what was done."""
    from napari_mtmri.figures import save_figure as write

    write(result, path, labels=labels)
    return f"figure written to {path}"
