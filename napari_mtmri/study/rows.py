# SPDX-License-Identifier: BSD-3-Clause
"""The rows of the paper's Tables 1 and 2, and those added for a fair comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from napari_mtmri.errors import RequestError
from napari_mtmri.methods.base import DEFAULT_METHOD, METHODS, Method, trainable

JOINT = DEFAULT_METHOD  # the method that the tables compare variants of


@dataclass(frozen=True)
class Row:
    """One row of a table: its trainings, and how they differ from the other rows.

    Parameters
    ----------
    name : str
        Name in files and on the command line.
    title : str
        Title in tables and figures.
    changes : mapping
        Changed keys of the recipe.
    parts : tuple of str
        Methods that are trained one after the other and share the updates of the row.
    method : str
        Method that runs the trained parts together.
    note : str
        Remark for the reader of the report.
    """

    name: str
    title: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[str, ...] = (JOINT,)
    method: str = JOINT
    note: str = ""


@dataclass(frozen=True)
class Study:
    """A table: its rows; all others are compared with the first one.

    Parameters
    ----------
    name, title : str
    rows : tuple of Row
    """

    name: str
    title: str
    rows: tuple[Row, ...]

    def choose(self, names: Sequence[str]) -> tuple[Row, ...]:
        """Return the rows of these names, in table order; all rows if no name is given.

        Raises
        ------
        RequestError
            If a row does not exist.
        """
        known = [row.name for row in self.rows]
        for name in names:
            if name not in known:
                raise RequestError(
                    f"{self.name} has no row {name!r}; choose one of {', '.join(known)}."
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
    note="the final weights of DRLC from the first update on; DRLC must beat it",
)
LITERAL = Row(
    "literal",
    "ITFS, exponential, Eq. 5 as printed",
    {**_ITFS, "weighting": "exponential", "time_constant": 1.0},
    note="time constant of one epoch: α reaches its minimum after 1.4 epochs; the rest of "
    "the training equals the control",
)
_TABLES: Mapping[str, Study] = {
    "table1": Study(
        "table1",
        "Table 1: teacher forcing (ITFS) and re-weighted losses (DRLC)",
        (PLAIN, ITFS_ALONE, DRLC_ALONE, BOTH),
    ),
    "table2": Study(
        "table2",
        "Table 2: weights of the two losses",
        (PLAIN, ITFS_ALONE, FIXED_20, LINEAR, BOTH, UNCERTAINTY, AVERAGING, CONTROL, LITERAL),
    ),
}


def tables() -> Mapping[str, Study]:
    """Return the tables by name: variants of the joint method, then rows of other methods."""
    members = [METHODS.get(name) for name in trainable()]
    return {
        name: replace(study, rows=(*study.rows, *_rows_of(members, name)))
        for name, study in _TABLES.items()
    }


def _rows_of(members: Sequence[Method], table: str) -> Iterator[Row]:
    """Yield the rows declared by methods; the weights of a method are its parts."""
    for one in members:
        row = None if one.training is None else one.training.row
        if row is not None and table in row.tables:
            yield Row(one.name, row.title, parts=one.weights, method=one.name, note=row.note)


def study_of(name: str) -> Study:
    """Return the table of this name.

    Raises
    ------
    RequestError
        If it does not exist.
    """
    known = tables()
    if name not in known:
        raise RequestError(f"experiment {name!r} does not exist; choose one of {', '.join(known)}.")
    return known[name]
