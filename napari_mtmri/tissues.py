# SPDX-License-Identifier: BSD-3-Clause
"""Images simulated from tissue maps: signal equations and values of tissues.

1.5 T: CSF, grey and white matter, fat and muscle as in BrainWeb (Kwan, Evans and Pike, IEEE TMI
18, 1999); skin, which BrainWeb gives the values of CSF, as in SIMRI (Benoit-Cattin et al., JMR
173, 2005). 3 T: grey and white matter as in Stanisz et al. (MRM 54, 2005), fat as in de Bazelaire
et al. (Radiology 230, 2004), both as SIMRI has them, and its skin.

Not checked against a source: muscle at 3 T, blood (Stanisz; its T2 lowered to that of veins, flow
left out). Kept from 1.5 T: T2 of CSF, T2* and densities. Dura, marrow and densities outside the
brain are guesses that give a plausible head. A lesion has a T1 between those of multiple
sclerosis and of a stroke, and a T2 from the middle of what is drawn for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from napari_mtmri.errors import RequestError

Kind = Literal["gradient-echo", "spin-echo", "inversion-recovery"]
SOFTNESS = 0.6  # voxels: how far a crisp border is spread before tissues are mixed


@dataclass(frozen=True)
class Tissue:
    """What gives a tissue its brightness.

    Parameters
    ----------
    t1, t2, t2_star : float
        Relaxation times in ms; a tissue with T1 or T2 of 0 gives no signal.
    density : float
        Of protons, that of water being 1.
    """

    t1: float
    t2: float
    t2_star: float
    density: float


@dataclass(frozen=True)
class Sequence:
    """How the scanner looks.

    Parameters
    ----------
    kind : {"gradient-echo", "spin-echo", "inversion-recovery"}
    repetition, echo : float
        TR and TE in ms.
    inversion : float or None
        TI in ms; None: such that CSF gives nothing.
    flip_deg : float
        Flip angle of a spoiled gradient echo.
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
LESION_T2 = (130.0, 240.0)  # with T2 = 100 a lesion would be no brighter than grey matter

# The looks that a recipe names. TI of the FLAIR is found from the table's own CSF: the clinical
# 2500 ms would leave BrainWeb's CSF as bright as grey matter.
SEQUENCES: Mapping[str, Sequence] = {
    "t1-spgr": Sequence("gradient-echo", 18, 10, flip_deg=30),
    "t1-se": Sequence("spin-echo", 600, 15),
    "t2-se": Sequence("spin-echo", 3300, 120),
    "pd-se": Sequence("spin-echo", 3300, 35),
    "flair": Sequence("inversion-recovery", 9000, 110),
}


def null_time(t1: float, repetition: float) -> float:
    """Return the inversion time at which a tissue gives no signal, in ms."""
    return t1 * math.log(2 / (1 + math.exp(-repetition / t1)))


def signal(tissue: Tissue, sequence: Sequence, csf: Tissue | None = None) -> float:
    """Return what a tissue gives; below 0 where it is still inverted.

    Tissues of a voxel add up with their signs, and the magnitude is taken of the sum.

    Parameters
    ----------
    tissue : Tissue
    sequence : Sequence
    csf : Tissue, optional
        What an inversion without its own time is to null; needed there alone.

    Raises
    ------
    RequestError
        If an inversion has neither a time nor a CSF to null.

    References
    ----------
    Spoiled gradient echo: Ernst and Anderson 1966. Spin echo with the exact term of the
    refocusing pulse. Inversion recovery: TE much shorter than TR.
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
                f"{sequence.kind}: inversion {inversion} and no CSF to null; give one of them."
            )
        inversion = null_time(csf.t1, tr)
    return float(decay * (1 - 2 * math.exp(-inversion / tissue.t1) + math.exp(-tr / tissue.t1)))


def signals(sequence: str, field_t: float, lesion_t2: float | None = None) -> dict[str, float]:
    """Return what each tissue gives in a look by name.

    Parameters
    ----------
    sequence : str
        One of ``SEQUENCES``.
    field_t : float
        1.5 or 3.0.
    lesion_t2 : float, optional
        In ms, in place of the table's.

    Raises
    ------
    RequestError
        If the look or the field strength is not known.
    """
    if sequence not in SEQUENCES:
        raise RequestError(f"sequence {sequence!r} is none of {', '.join(SEQUENCES)}.")
    if field_t not in TISSUES:
        raise RequestError(
            f"field {field_t} T: values are known at {', '.join(map(str, TISSUES))}."
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
    """Return the magnitude image of a tissue map, partial volume and all.

    Parameters
    ----------
    labels : unsigned integer array (i, j, k)
        Crisp map; numbers without a name give nothing.
    names : mapping of int to str
        Tissue of each number.
    values : mapping of str to float
        What each tissue gives (`signals`).
    softness : float
        Voxels over which borders are spread; 0 leaves them crisp.

    Returns
    -------
    float32 array, same shape
        In the unit of ``values``.
    """
    from scipy.ndimage import gaussian_filter

    table = np.zeros(max(int(labels.max()), *names) + 1, np.float32)
    for number, name in names.items():
        table[number] = values[name]
    # Blurring each tissue's map and adding them up is the same as blurring their sum.
    return np.asarray(np.abs(gaussian_filter(table[labels], softness)))


def mix(
    fractions: Mapping[int, np.ndarray], names: Mapping[int, str], values: Mapping[str, float]
) -> np.ndarray:
    """Return the magnitude image of fuzzy maps: of the sum of fraction times signal.

    Parameters
    ----------
    fractions : mapping of int to array (i, j, k)
        How much of each voxel each tissue fills, 0 to 1.
    names, values
        As of `simulate_image`.

    Returns
    -------
    float32 array (i, j, k)
    """
    parts = (np.float32(values[name]) * fractions[number] for number, name in names.items())
    return np.asarray(np.abs(sum(parts)), dtype=np.float32)


def keep_head(labels: np.ndarray) -> np.ndarray:
    """Return a tissue map without what is not connected with its largest part."""
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
    """Return a smooth factor that runs from 1 - percent/200 to 1 + percent/200 in the head.

    BrainWeb's "20 % non-uniformity" is 0.90 to 1.10. A random polynomial of order 3.

    Parameters
    ----------
    shape : (int, int, int)
    percent : float
        0 to 100.
    draw : Generator
    inside : bool array
        The head; beyond it the factor keeps its ends.
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
