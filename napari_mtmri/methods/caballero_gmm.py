# SPDX-License-Identifier: BSD-3-Clause
"""Caballero et al., MICCAI 2014: patch dictionary and Gaussian mixture, without training.

Our reading: magnitudes are divided by the scale of the volume rather than by the maximum of the
reference, which a scan does not have; the phase of the object is that of the centre of k-space.
The magnitude is taken in each iteration, so measured samples are not kept exactly.

References
----------
Caballero, Bai, Price, Rueckert and Hajnal, "Application-driven MRI: joint reconstruction and
segmentation from undersampled MRI data", MICCAI 2014; constants of the authors' demonstration.
"""

from __future__ import annotations

import numpy as np

from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.kspace import combine, ifft2c
from napari_mtmri.methods import citations
from napari_mtmri.methods.base import Loaded, Method, Setting, SliceBatch
from napari_mtmri.methods.caballero import joint
from napari_mtmri.methods.caballero.image_step import Measurement, center_phase
from napari_mtmri.methods.training import TableRow
from napari_mtmri.parameters import Option
from napari_mtmri.scan import Scan

CSF, WHITE, GREY = 1, 2, 3  # labels as in the BrainWeb cases
NAMES = {CSF: "CSF", WHITE: "white matter", GREY: "grey matter"}
BY_INTENSITY = "none"
# Labels of the tissues from dark to bright.
ORDERS = {"t1": (CSF, GREY, WHITE), "t2": (WHITE, GREY, CSF)}

PARAMETERS = (
    Option(
        "contrast", "choice", BY_INTENSITY,
        "Contrast that names the tissues of a head without scalp; none: numbered from dark to bright",
        choices=(BY_INTENSITY, *ORDERS),
    ),
    Option("classes", "int", 3, "Number of classes without the background", minimum=1, maximum=6),
    Option("iterations", "int", 40, "Number of outer iterations", minimum=1, maximum=500),
    Option(
        "epsilon", "float", 0.07, "Tolerance of the sparse code of a patch", minimum=0, maximum=1
    ),
    Option(
        "stride", "int", 2, "Distance between patches in pixels; 1 is slow", minimum=1, maximum=8
    ),
    Option(
        "sparsity", "float", 1e-3, "Weight λ of the sparse code", minimum=1e-9, maximum=1e3,
        label="Sparsity λ",
    ),
    Option(
        "mixture", "float", 3e-9, "Weight β of the Gaussian mixture; 0: none", minimum=0,
        maximum=1, label="Mixture β",
    ),
    Option(
        "mixture_form", "choice", "demonstration",
        "Weight of a pixel: as in the authors' demonstration, or of the posterior (needs β of 3e-6)",
        choices=("demonstration", "posterior"),
    ),
)  # fmt: skip


def _load(setting: Setting) -> Loaded:
    order = _order(str(setting.parameters["contrast"]), int(setting.parameters["classes"]))
    chosen = _chosen(setting)

    def run(scan: Scan) -> SliceBatch:
        if scan.coil_maps is None and scan.kspace.shape[1] > 1:
            raise InputError(
                f"{scan.name}: {scan.kspace.shape[1]} coils without coil sensitivity maps; "
                "caballero-gmm needs the maps, choose another method."
            )
        scale, parts = scan.normalization.scale, []
        for number, kspace in enumerate(scan.kspace):
            maps = None if scan.coil_maps is None else scan.coil_maps[number]
            parts.append(_slice(kspace / scale, scan.mask, maps, chosen, setting))
        images, shares = (np.stack(part) for part in zip(*parts, strict=True))
        return SliceBatch(
            (scale * images).astype(np.complex64), shares[:, order].astype(np.float32)
        )

    return Loaded(run, remarks=(_words(order),))


def _slice(
    kspace: np.ndarray,
    mask: np.ndarray,
    maps: np.ndarray | None,
    chosen: joint.Setting,
    setting: Setting,
) -> tuple[np.ndarray, np.ndarray]:
    """Return complex image and class probabilities of a slice, background first."""
    combined = combine(ifft2c(kspace), maps)
    if not np.any(combined):
        shares = np.zeros((chosen.n_classes, *mask.shape))
        shares[0] = 1
        return combined, shares
    phase = center_phase(combined, mask)
    measured = Measurement(kspace.astype(np.complex128), mask, maps, phase)
    image, shares = joint.solve(measured, chosen, setting.check_stop)
    return phase * image, shares


def _chosen(setting: Setting) -> joint.Setting:
    given = setting.parameters
    form: joint.Form = "posterior" if given["mixture_form"] == "posterior" else "demonstration"
    return joint.Setting(
        n_classes=int(given["classes"]) + 1,
        iterations=int(given["iterations"]),
        epsilon=float(given["epsilon"]),
        stride=int(given["stride"]),
        sparsity=float(given["sparsity"]),
        mixture=float(given["mixture"]),
        form=form,
    )


def _order(contrast: str, n_classes: int) -> list[int]:
    """Return the place by brightness of each label, background first."""
    if contrast == BY_INTENSITY:
        return list(range(n_classes + 1))
    labels = ORDERS[contrast]
    if n_classes != len(labels):
        raise RequestError(
            f"caballero-gmm: `classes` {n_classes} with contrast {contrast}, which names "
            f"{len(labels)} tissues; use {len(labels)} classes or contrast {BY_INTENSITY}."
        )
    return [0, *(labels.index(label) + 1 for label in sorted(labels))]


def _words(order: list[int]) -> str:
    """Return what the labels mean."""
    if order == sorted(order):
        return f"Labels 1 to {len(order) - 1}: classes of intensity, from dark to bright."
    names = ", ".join(f"{label} {name}" for label, name in NAMES.items())
    return (
        f"Labels, named by the order of their mean intensities: {names}. Scalp is brighter than "
        "white matter in T1 and takes its place; remove it first."
    )


CABALLERO_GMM = Method(
    name="caballero-gmm",
    title="Dictionary and Gaussian mixture (Caballero 2014)",
    summary="Patch dictionary and Gaussian mixture in one cost, without training; reconstructs "
    "and separates tissues by intensity.",
    citations=(citations.CABALLERO,),
    gives=frozenset({"image", "segmentation"}),
    needs=frozenset(),
    load=_load,
    parameters=PARAMETERS,
    keeps_measured=False,
    classes=tuple(NAMES[label] for label in sorted(NAMES)),
    untrained_row=TableRow(
        ("table3", "table4"),
        "Dictionary and Gaussian mixture",
        "not trained; segments tissues only",
        {"contrast": "t1"},
    ),
)
