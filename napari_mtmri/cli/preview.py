# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri run --preview``: what would be sampled, before anything is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mtmri.batch.job import Outcome
from napari_mtmri.batch.run_case import open_volume
from napari_mtmri.cli.outcomes import report
from napari_mtmri.cli.output import say, sentence, tell
from napari_mtmri.errors import MtmriError

if TYPE_CHECKING:
    from napari_mtmri.acquisition import Acquisition


def preview(volumes: Mapping[str, Path], out: Path, acquisition: Acquisition, as_json: bool) -> int:
    """Say what would be sampled of each volume and save the masks; return the exit status."""
    outcomes = []
    for case, path in volumes.items():
        try:
            facts = _look(case, path, out, acquisition)
        except MtmriError as why:
            tell(f"{case}: failed: {sentence(why)}")
            outcomes.append(Outcome(case, "failed", error=why))
            continue
        outcomes.append(Outcome(case, "done", facts))
        if not as_json:
            _show(facts)
    return report(outcomes, as_json=as_json)


def _look(case: str, path: Path, out: Path, acquisition: Acquisition) -> dict[str, Any]:
    from napari_mtmri.geometry import phase_letters
    from napari_mtmri.patterns.mask_files import save_mask

    volume = open_volume(path)
    mask, sampling = acquisition.sampling(volume)
    axes = acquisition.axes(volume)
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{case}-mask.png"
    save_mask(mask, file)
    return {
        "case": case,
        "shape": volume.shape,
        "spacing": volume.spacing if volume.spacing_known else None,
        "axes": {"slice": axes.slice, "readout": axes.readout, "phase": axes.phase},
        "phase_encoding": phase_letters(volume.affine, axes.phase),
        "sampling": sampling.text,
        "warnings": [*volume.warnings, *sampling.warnings],
        "mask": str(file),
    }


def _show(facts: Mapping[str, Any]) -> None:
    size = " x ".join(map(str, facts["shape"]))
    spacing = facts["spacing"]
    sides = "unknown" if spacing is None else " x ".join(f"{side:.3g}" for side in spacing) + " mm"
    say(f"{facts['case']} · {facts['sampling']}")
    say(
        f"  {size} voxels, spacing {sides}; slices along axis {facts['axes']['slice']}, phase "
        f"encoding along axis {facts['axes']['phase']} ({facts['phase_encoding']})"
    )
    say(f"  {facts['mask']}")
    for line in facts["warnings"]:
        tell(f"note: {line}")
