# SPDX-License-Identifier: BSD-3-Clause
"""The rows of the paper's Tables 1 and 2, and those that a fair reading adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from napari_mtmri.errors import RequestError

JOINT, APART = "mtmri", "two-stage"


@dataclass(frozen=True)
class Row:
    """One line of a table: what is trained, and how it differs from the other lines.

    Parameters
    ----------
    name : str
        In file names and on the command line.
    title : str
        For people.
    changes : mapping
        Keys of the recipe.
    parts : tuple of str
        Methods that are trained one after the other and share the updates of the row.
    method : str
        What the parts together are run as.
    note : str
        What a reader must know of the row.
    """

    name: str
    title: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[str, ...] = (JOINT,)
    method: str = JOINT
    note: str = ""


@dataclass(frozen=True)
class Study:
    """A table: its rows, the first of which the others are compared with.

    Parameters
    ----------
    name, title : str
    rows : tuple of Row
    """

    name: str
    title: str
    rows: tuple[Row, ...]

    def choose(self, names: Sequence[str]) -> tuple[Row, ...]:
        """Return the rows of these names, in the table's order; all if there are none.

        Raises
        ------
        RequestError
            If a row does not exist.
        """
        known = [row.name for row in self.rows]
        for name in names:
            if name not in known:
                raise RequestError(
                    f"{self.name} has no row {name!r}; there are: {', '.join(known)}."
                )
        return tuple(row for row in self.rows if not names or row.name in names)


def _fixed(alpha: float, beta: float) -> Mapping[str, Any]:
    return {"weighting": "fixed", "fixed_alpha": alpha, "fixed_beta": beta}


_ITFS: Mapping[str, Any] = {"teacher_forcing": "alternate"}
_NO_ITFS: Mapping[str, Any] = {"teacher_forcing": "never"}

PLAIN = Row("plain", "no ITFS, fixed 0.5 / 0.5 (plain joint)", {**_NO_ITFS, **_fixed(0.5, 0.5)})
DRLC_ALONE = Row("drlc", "no ITFS, exponential (DRLC)", {**_NO_ITFS, "weighting": "exponential"})
ITFS_ALONE = Row("itfs", "ITFS, fixed 0.5 / 0.5", {**_ITFS, **_fixed(0.5, 0.5)})
BOTH = Row("itfs-drlc", "ITFS, exponential (DRLC)", {**_ITFS, "weighting": "exponential"})
FIXED_20 = Row("fixed-20-80", "ITFS, fixed 0.2 / 0.8", {**_ITFS, **_fixed(0.2, 0.8)})
LINEAR = Row("linear", "ITFS, linear", {**_ITFS, "weighting": "linear"})
UNCERTAINTY = Row(
    "uncertainty",
    "ITFS, uncertainty",
    {**_ITFS, "weighting": "uncertainty"},
    note="from the literature: Kendall, Gal and Cipolla, CVPR 2018",
)
AVERAGING = Row(
    "dwa",
    "ITFS, dynamic weight averaging",
    {**_ITFS, "weighting": "dwa"},
    note="from the literature: Liu, Johns and Davison, CVPR 2019",
)
CONTROL = Row(
    "fixed-5-95",
    "ITFS, fixed 0.05 / 0.95 (control)",
    {**_ITFS, **_fixed(0.05, 0.95)},
    note="the weights that DRLC ends with, from the first update on; DRLC must beat it",
)
LITERAL = Row(
    "literal",
    "ITFS, exponential, Eq. 5 as printed",
    {**_ITFS, "weighting": "exponential", "time_constant": 1.0},
    note="time constant of one epoch: its floor is reached after 1.4 epochs, and the rest of "
    "the training is the control",
)
TWO_STAGE = Row(
    "two-stage",
    "D5C5 and U-Net apart (two-stage)",
    parts=("d5c5", "unet-full-sample"),
    method=APART,
    note="the row to beat; of the same total of updates D5C5 is given the first half of the "
    "epochs and the U-Net, on true images, the other half, each with a whole schedule of the "
    "learning rate, so that each network is updated half as often as in the joint rows",
)

TABLES: Mapping[str, Study] = {
    "table1": Study(
        "table1",
        "Table 1: teacher forcing (ITFS) and re-weighted losses (DRLC)",
        (PLAIN, ITFS_ALONE, DRLC_ALONE, BOTH, TWO_STAGE),
    ),
    "table2": Study(
        "table2",
        "Table 2: weights of the two losses",
        (
            PLAIN, ITFS_ALONE, FIXED_20, LINEAR, BOTH, UNCERTAINTY, AVERAGING, CONTROL, LITERAL,
            TWO_STAGE,
        ),
    ),
}  # fmt: skip


def study_of(name: str) -> Study:
    """Return the table of this name.

    Raises
    ------
    RequestError
        If there is none.
    """
    if name not in TABLES:
        raise RequestError(f"experiment {name!r} does not exist; there are: {', '.join(TABLES)}.")
    return TABLES[name]
