# SPDX-License-Identifier: BSD-3-Clause
"""MR images simulated from tissue maps: relaxation times, sequences and signal equations.

Sources at 1.5 T: CSF, grey and white matter, fat and muscle from BrainWeb (Kwan, Evans and Pike,
IEEE TMI 18, 1999); skin from SIMRI (Benoit-Cattin et al., JMR 173, 2005), because BrainWeb gives
skin the values of CSF. At 3 T: grey and white matter from Stanisz et al. (MRM 54, 2005) and fat
from de Bazelaire et al. (Radiology 230, 2004), both as quoted by SIMRI; skin from SIMRI.

Not checked against a source: muscle at 3 T, blood (Stanisz; T2 lowered to that of veins, flow
ignored). Same values as at 1.5 T: T2 of CSF, T2* and proton densities. Dura, marrow and proton
densities outside the brain are guesses that give a plausible head. The lesion has a T1 between
those of multiple sclerosis and of stroke, and a T2 in the middle of the range ``LESION_T2``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from napari_mtmri.errors import RequestError

Kind = Literal["gradient-echo", "spin-echo", "inversion-recovery"]
SOFTNESS = 0.6  # voxels; standard deviation of the blur that gives crisp maps partial volume


@dataclass(frozen=True)
class Tissue:
    """Relaxation times and proton density of a tissue.

    Parameters
    ----------
    t1, t2, t2_star : float
        Relaxation times in ms; a tissue with T1 or T2 of 0 gives no signal.
    density : float
        Proton density, relative to water.
    """

    t1: float
    t2: float
    t2_star: float
    density: float


@dataclass(frozen=True)
class Sequence:
    """A pulse sequence and its timing, which set the contrast.

    Parameters
    ----------
    kind : {"gradient-echo", "spin-echo", "inversion-recovery"}
    repetition, echo : float
        TR and TE in ms.
    inversion : float or None
        TI in ms; None: the TI that nulls CSF.
    flip_deg : float
        Flip angle of the spoiled gradient echo, in degrees.
    """

    kind: Kind
    repetition: float
    echo: float
    inversion: float | None = None
    flip_deg: float = 90.0


NOTHING = Tissue(0, 0, 0, 0)
TISSUES: Mapping[float, Mapping[str, Tissue]] = {
    1.5: {
        "csf": Tissue(2569, 329, 58, 1.00),
        "grey matter": Tissue(833, 83, 69, 0.86),
        "white matter": Tissue(500, 70, 61, 0.77),
        "fat": Tissue(350, 70, 58, 1.00),
        "muscle": Tissue(900, 47, 30, 1.00),
        "skin": Tissue(230, 35, 25, 1.00),
        "vessel": Tissue(1441, 150, 60, 0.90),
        "dura": Tissue(900, 47, 30, 0.70),
        "marrow": Tissue(350, 70, 58, 0.70),
        "skull": NOTHING,
        "lesion": Tissue(1000, 185, 150, 0.85),
    },
    3.0: {
        "csf": Tissue(4300, 329, 58, 1.00),
        "grey matter": Tissue(1820, 99, 69, 0.86),
        "white matter": Tissue(1084, 69, 61, 0.77),
        "fat": Tissue(382, 68, 58, 1.00),
        "muscle": Tissue(1412, 50, 30, 1.00),
        "skin": Tissue(306, 22, 18, 1.00),
        "vessel": Tissue(1932, 80, 40, 0.90),
        "dura": Tissue(1412, 50, 30, 0.70),
        "marrow": Tissue(382, 68, 58, 0.70),
        "skull": NOTHING,
        "lesion": Tissue(1700, 185, 150, 0.85),
    },
}
LESION_T2 = (130.0, 240.0)  # ms; at T2 = 100 ms a lesion would be no brighter than grey matter

# Contrasts by name. The TI of the FLAIR is the null time of the CSF in the table: the clinical
# 2500 ms would leave BrainWeb's CSF as bright as grey matter.
SEQUENCES: Mapping[str, Sequence] = {
    "t1-spgr": Sequence("gradient-echo", 18, 10, flip_deg=30),
    "t1-se": Sequence("spin-echo", 600, 15),
    "t2-se": Sequence("spin-echo", 3300, 120),
    "pd-se": Sequence("spin-echo", 3300, 35),
    "flair": Sequence("inversion-recovery", 9000, 110),
}


def null_time(t1: float, repetition: float) -> float:
    """Return the inversion time in ms at which a tissue of this T1 gives no signal."""
    return t1 * math.log(2 / (1 + math.exp(-repetition / t1)))


def signal(tissue: Tissue, sequence: Sequence, csf: Tissue | None = None) -> float:
    """Return the signal of a tissue; negative where the magnetisation is still inverted.

    Signals of the tissues in a voxel are added with their signs before the magnitude is taken.

    Parameters
    ----------
    tissue : Tissue
    sequence : Sequence
    csf : Tissue, optional
        Tissue that an inversion recovery without ``inversion`` nulls; only used there.

    Returns
    -------
    float
        Relative to the fully relaxed signal of water; 0 for a tissue with T1 or T2 of 0.

    Raises
    ------
    RequestError
        If an inversion recovery has neither ``inversion`` nor ``csf``.

    References
    ----------
    Spoiled gradient echo: Ernst and Anderson 1966. Spin echo: with the exact term of the
    refocusing pulse. Inversion recovery: for TE much shorter than TR.
    """
    if tissue.t1 <= 0 or tissue.t2 <= 0:
        return 0.0
    tr, te = sequence.repetition, sequence.echo
    if sequence.kind == "gradient-echo":
        e1, flip = math.exp(-tr / tissue.t1), math.radians(sequence.flip_deg)
        steady = math.sin(flip) * (1 - e1) / (1 - math.cos(flip) * e1)
        return float(tissue.density * steady * math.exp(-te / tissue.t2_star))
    decay = tissue.density * math.exp(-te / tissue.t2)
    if sequence.kind == "spin-echo":
        refocused = 2 * math.exp(-(tr - te / 2) / tissue.t1) - math.exp(-tr / tissue.t1)
        return float(decay * (1 - refocused))
    inversion = sequence.inversion
    if inversion is None:
        if csf is None:
            raise RequestError(
                f"{sequence.kind}: inversion = {inversion} and csf = {csf}; give one of them."
            )
        inversion = null_time(csf.t1, tr)
    return float(decay * (1 - 2 * math.exp(-inversion / tissue.t1) + math.exp(-tr / tissue.t1)))


def signals(sequence: str, field_t: float, lesion_t2: float | None = None) -> dict[str, float]:
    """Return the signal of each tissue in a contrast.

    Parameters
    ----------
    sequence : str
        Name of the contrast, one of ``SEQUENCES``.
    field_t : float
        Field strength in tesla, 1.5 or 3.0.
    lesion_t2 : float, optional
        T2 of the lesion in ms; default: the value of the table.

    Returns
    -------
    dict of str to float
        Signal (`signal`) by name of the tissue.

    Raises
    ------
    RequestError
        If there are no values for the contrast or the field strength.
    """
    if sequence not in SEQUENCES:
        raise RequestError(
            f"sequence {sequence!r} does not exist; choose one of {', '.join(SEQUENCES)}."
        )
    if field_t not in TISSUES:
        raise RequestError(
            f"field_t = {field_t}: there are no tissue values at this field strength; "
            f"choose one of {', '.join(map(str, TISSUES))}."
        )
    table = dict(TISSUES[field_t])
    if lesion_t2 is not None:
        table["lesion"] = replace(table["lesion"], t2=lesion_t2)
    return {name: signal(one, SEQUENCES[sequence], table["csf"]) for name, one in table.items()}


def simulate_image(
    labels: np.ndarray,
    names: Mapping[int, str],
    values: Mapping[str, float],
    softness: float = SOFTNESS,
) -> np.ndarray:
    """Return the magnitude image of a crisp tissue map, with partial volume at its borders.

    Parameters
    ----------
    labels : integer array, (i, j, k)
        Tissue number of each voxel, not negative; numbers without a name give no signal.
    names : mapping of int to str
        Name of the tissue of each number.
    values : mapping of str to float
        Signal of each tissue (`signals`).
    softness : float
        Standard deviation in voxels of the blur of tissue borders; 0: crisp borders.

    Returns
    -------
    float32 array, (i, j, k)
        In the unit of ``values``.
    """
    from scipy.ndimage import gaussian_filter

    table = np.zeros(max(int(labels.max()), *names) + 1, np.float32)
    for number, name in names.items():
        table[number] = values[name]
    # Blurring the map of each tissue and adding them up is the same as blurring their sum.
    return np.asarray(np.abs(gaussian_filter(table[labels], softness)))


def mix(
    fractions: Mapping[int, np.ndarray], names: Mapping[int, str], values: Mapping[str, float]
) -> np.ndarray:
    """Return the magnitude image of fuzzy tissue maps: |sum of fraction times signal|.

    Parameters
    ----------
    fractions : mapping of int to float array, (i, j, k)
        Fraction of each voxel that a tissue fills, 0 to 1.
    names, values
        As in `simulate_image`.

    Returns
    -------
    float32 array, (i, j, k)
        In the unit of ``values``.
    """
    parts = (np.float32(values[name]) * fractions[number] for number, name in names.items())
    return np.asarray(np.abs(sum(parts)), dtype=np.float32)


def keep_head(labels: np.ndarray) -> np.ndarray:
    """Return the largest connected part of a tissue map, the rest set to 0.

    Parameters
    ----------
    labels : integer array, (i, j, k)
        0 is background.

    Returns
    -------
    integer array, (i, j, k), dtype of ``labels``
    """
    from scipy.ndimage import label

    parts, count = label(labels > 0)
    if count < 2:
        return labels
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.where(parts == sizes.argmax(), labels, 0).astype(labels.dtype)


def bias_field(
    shape: tuple[int, ...], percent: float, draw: np.random.Generator, inside: np.ndarray
) -> np.ndarray:
    """Return a bias field: a smooth factor from 1 - percent/200 to 1 + percent/200.

    A random polynomial of order 3. BrainWeb's "20 % non-uniformity" is 0.90 to 1.10.

    Parameters
    ----------
    shape : (int, int, int)
    percent : float
        Range of the factor inside the head, 0 to 100.
    draw : Generator
    inside : bool array, ``shape``
        The head, which the range is for; elsewhere the factor is clipped to it.

    Returns
    -------
    float32 array, ``shape``
    """
    axes = np.meshgrid(*(np.linspace(-1, 1, size) for size in shape), indexing="ij", sparse=True)
    field = np.zeros(shape)
    powers = [(i, j, k) for i in range(4) for j in range(4) for k in range(4) if 0 < i + j + k <= 3]
    for i, j, k in powers:
        weight = draw.normal() / (i + j + k)
        field += weight * axes[0] ** i * axes[1] ** j * axes[2] ** k
    part = field[inside] if inside.any() else field
    low, high = float(part.min()), float(part.max())
    centred = (field - (low + high) / 2) / max((high - low) / 2, 1e-12)
    return np.asarray(1 + percent / 200 * centred.clip(-1, 1), dtype=np.float32)
