# SPDX-License-Identifier: BSD-3-Clause
"""Assembly of a method's output into a Result on the grid of the input."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from napari_mtmri import __version__
from napari_mtmri.geometry import to_stack
from napari_mtmri.kspace import expand, fft2c, ifft2c
from napari_mtmri.methods.base import LoadedMethod
from napari_mtmri.metrics.base import Scores, main_quantity
from napari_mtmri.metrics.inputs import match_labels
from napari_mtmri.metrics.lesions import label_components
from napari_mtmri.metrics.measure import measure_all
from napari_mtmri.result import ZERO_FILLED, Result
from napari_mtmri.scan import Scan
from napari_mtmri.volume import FAR_ABOVE, Kind, Volume, bright_value, magnitude

THRESHOLD = 0.5
SIMULATED = "Simulated from a"


def assemble(
    scan: Scan,
    method: LoadedMethod,
    image: np.ndarray | None,
    probability: np.ndarray | None,
    timings: Mapping[str, float],
    *,
    keep_phase: bool = False,
) -> Result:
    """Return the unscored Result, with an error image if there is a reference.

    Parameters
    ----------
    image : complex64 (slice, readout, phase) or None
    probability : float32 (slice, channel, readout, phase) or None
    keep_phase : bool
        Keep the complex images, too.
    """
    foreground, labels = segmentation_of(probability)
    labels, n_removed = without_small_parts(labels, method.smallest_part)
    reconstruction = None if image is None else np.abs(image).astype(np.float32)
    reference = scan.reference_stack()
    error = None if reconstruction is None or reference is None else reconstruction - reference

    def on_grid(stack: np.ndarray | None, name: str, kind: Kind = "image") -> Volume | None:
        return None if stack is None else scan.volume(stack, f"{scan.name} {name}", kind)

    whole, floor = (image, scan.zero_filled) if keep_phase else (None, None)
    zero_filled = np.abs(scan.zero_filled).astype(np.float32)
    return Result(
        method=method.method.name,
        name=scan.name,
        mask=scan.mask,
        axes=scan.axes,
        zero_filled=scan.volume(zero_filled, f"{scan.name} zero-filled"),
        reconstruction=on_grid(reconstruction, "reconstruction"),
        probability=on_grid(foreground, "probability"),
        labels=on_grid(labels, "segmentation", "labels"),
        error=on_grid(error, "error"),
        residual=on_grid(_residual(scan, image), "residual"),
        request=_request(scan, method),
        provenance=_provenance(scan, method),
        timings=dict(timings),
        warnings=(*_warnings(scan, method), *_removed(n_removed, method)),
        complex_reconstruction=on_grid(whole, "complex reconstruction", "complex"),
        complex_zero_filled=on_grid(floor, "complex zero-filled", "complex"),
        reference=scan.reference,
    )


def score(result: Result, reference: Volume | None, labels: Volume | None) -> dict[str, Scores]:
    """Return the measurable scores of the method and of the zero-filled image."""
    spacing = result.zero_filled.spacing if result.zero_filled.spacing_known else None
    axes = result.axes
    order = (axes.slice, axes.readout, axes.phase)
    along = None if spacing is None else tuple(spacing[axis] for axis in order)

    def stack(volume: Volume | None) -> np.ndarray | None:
        return None if volume is None else to_stack(volume.data, axes)

    truth = None if reference is None else magnitude(to_stack(reference.data, axes))
    drawn, note = match_labels(stack(labels), result.n_classes)
    classes = tuple(range(1, result.n_classes + 1)) if result.n_classes > 1 else None
    rows = {
        ZERO_FILLED: measure_all(stack(result.zero_filled), truth, None, None, spacing=along),
        result.method: measure_all(
            stack(result.reconstruction), truth, stack(result.labels), drawn, spacing=along,
            classes=classes, voxel_ml=None if along is None else result.zero_filled.voxel_ml,
            probability=stack(result.probability),
        ).noted(note),
    }  # fmt: skip
    return {name: scores for name, scores in rows.items() if scores.rows}


def origin(scan: Scan) -> str:
    """Return what a scan was simulated from, and why this flatters every method."""
    simulation = scan.simulation or {}
    is_complex = scan.grid.kind == "complex"
    reasons = ["processed images"]
    if not simulation.get("snr"):
        reasons.insert(0, "no coil noise")
    if not is_complex and not simulation.get("phase"):
        reasons.insert(0, "conjugate symmetry")
    what = "complex" if is_complex else "magnitude"
    return f"{SIMULATED} {what} image: this flatters every method ({', '.join(reasons)})."


def lost_to_zero_filled(scores: Mapping[str, Scores]) -> tuple[str, ...]:
    """Return a warning for each method with an image worse than the zero-filled one."""
    base, one = scores.get(ZERO_FILLED), main_quantity("image")
    lines = []
    for name, own in scores.items():
        if base is None or name == ZERO_FILLED:
            continue
        value, floor = own.get(one.name), base.get(one.name)
        if value < floor:
            lines.append(
                f"{name}: {one.name} {value:.2f} {one.unit} is below the {floor:.2f} {one.unit} "
                "of zero-filled; "
                "do not use this reconstruction."
            )
    return tuple(lines)


def _residual(scan: Scan, image: np.ndarray | None) -> np.ndarray | None:
    """Return what of the image contradicts the measured samples, if there is no reference."""
    combined_without_maps = scan.coil_maps is None and scan.kspace.shape[1] > 1
    if image is None or scan.reference is not None or combined_without_maps:
        return None
    residual = np.empty(image.shape, np.float32)
    for number, measured in enumerate(scan.kspace):  # slice by slice, to save memory
        maps = None if scan.coil_maps is None else scan.coil_maps[number]
        differs = np.where(scan.mask, fft2c(expand(image[number], maps)) - measured, 0)
        residual[number] = np.sqrt((np.abs(ifft2c(differs)) ** 2).sum(axis=0))
    return residual


def segmentation_of(probability: np.ndarray | None) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Foreground probability, and labels: threshold for one class, else argmax."""
    if probability is None:
        return None, None
    if probability.shape[1] == 1:
        foreground = probability[:, 0]
        return foreground, (foreground >= THRESHOLD).astype(np.uint8)
    return 1 - probability[:, 0], probability.argmax(1).astype(np.uint8)


def without_small_parts(
    labels: np.ndarray | None, smallest: float
) -> tuple[np.ndarray | None, int]:
    """Return labels without the small components of each class, and the number removed.

    Parameters
    ----------
    labels : uint8 (slice, readout, phase) or None
        A whole volume: in one slice of a lesion a part may look small.
    smallest : float
        Voxels of the smallest component to keep, as a share of the largest of its class.
    """
    if labels is None or not smallest:
        return labels, 0
    kept, n_removed = np.zeros_like(labels), 0
    for value in range(1, int(labels.max(initial=0)) + 1):
        parts = label_components(labels == value, min_voxels=1)  # the largest has number 1
        sizes = np.bincount(parts.ravel())[1:]
        n_kept = int((sizes >= smallest * sizes.max(initial=0)).sum())
        kept[(parts > 0) & (parts <= n_kept)] = value
        n_removed += len(sizes) - n_kept
    return kept, n_removed


def _removed(count: int, method: LoadedMethod) -> tuple[str, ...]:
    if not count:
        return ()
    parts, were = ("1 part", "was") if count == 1 else (f"{count} parts", "were")
    return (
        f"{parts} smaller than {100 * method.smallest_part:.0f} % of the largest {were} removed "
        "from the mask, as the card of the weights says; the probability map shows what was removed.",
    )


def _request(scan: Scan, method: LoadedMethod) -> dict[str, Any]:
    setting = method.setting
    return {
        "method": method.method.name,
        "parameters": dict(setting.parameters),
        "pattern": None if scan.pattern is None else scan.pattern.record(),
        "simulation": None if scan.simulation is None else dict(scan.simulation),
        "axes": {name: getattr(scan.axes, name) for name in ("slice", "readout", "phase")},
        "classes": [name for card in method.cards[-1:] for name in card.labels],
        "device": setting.device.name,
        "precision": setting.device.precision,
    }


def _provenance(scan: Scan, method: LoadedMethod) -> dict[str, Any]:
    path = scan.grid.path
    return {
        "input": {"file": None if path is None else path.name, "sha256": scan.grid.sha256},
        "weights": [
            {"method": card.method, "sha256": card.sha256, "size": card.size}
            for card in method.cards
        ],
        "versions": {"napari-mtmri": __version__, **_versions("numpy", "torch", "nibabel")},
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "device": method.setting.device.why,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _versions(*packages: str) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _warnings(scan: Scan, method: LoadedMethod) -> tuple[str, ...]:
    lines = list(scan.grid.warnings)
    if scan.is_simulated:
        lines.append(origin(scan))
    lines += method.loaded.remarks
    reference = None if scan.reference is None else scan.reference_stack()
    if reference is not None:
        high, top = bright_value(reference), float(reference.max())
        if top > FAR_ABOVE * high > 0:
            lines.append(
                f"{scan.name}: its largest value is {top / high:.1f} times its 99.9th percentile; "
                "PSNR and SSIM are relative to this maximum, so that they are too high."
            )
    achieved = scan.mask.size / max(int(scan.mask.sum()), 1)
    pattern = None if scan.pattern is None else scan.pattern.name
    for card in method.cards:
        if scan.reference is not None and card.was_trained_on(scan.reference):
            lines.append(
                f"{scan.name}: one of the training images of these weights of {card.method}; "
                "its scores are too good."
            )
        line = card.misfit(pattern, achieved)
        if line and not method.method.is_full_sample:  # which does not see the sampling
            lines.append(line)
    return tuple(lines)
