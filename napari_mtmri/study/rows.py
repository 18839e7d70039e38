# SPDX-License-Identifier: BSD-3-Clause
"""The rows of the paper's Tables 1 to 4, and those added for a fair comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from napari_mtmri.errors import RequestError
from napari_mtmri.methods.base import DEFAULT_METHOD, METHODS, Method, all_methods
from napari_mtmri.study.paper import PRINTED

JOINT = DEFAULT_METHOD  # the method that the tables compare variants of
LESION, TISSUES = ("lesion",), ("CSF", "white matter", "grey matter")


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
    parameters : mapping
        Parameters that the method is run with.
    stored : str
        Name of its folders, if they are those of a row of another table.
    """

    name: str
    title: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[str, ...] = (JOINT,)
    method: str = JOINT
    note: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    stored: str = ""

    @property
    def folder(self) -> str:
        """Name of its folders."""
        return self.stored or self.name


@dataclass(frozen=True)
class Study:
    """A table: its rows, and what they have in common.

    Parameters
    ----------
    name, title : str
    rows : tuple of Row
    compared_with : str
        Name of the row that all others are compared with; by default the first.
    compares_methods : bool
        Whether the rows are methods, rather than ways to train one.
    classes : tuple of str
        Names of the label classes.
    changes : mapping
        Changed keys of the recipe of every row.
    budget_changes : mapping
        Further changes by name of the budget.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    compared_with: str = ""
    compares_methods: bool = False
    classes: tuple[str, ...] = LESION
    changes: Mapping[str, Any] = field(default_factory=dict)
    budget_changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def base(self) -> Row:
        """The row that all others are compared with."""
        return next((row for row in self.rows if row.name == self.compared_with), self.rows[0])

    def segments(self, row: Row) -> bool:
        """Return whether a row segments the classes of the table."""
        return METHODS.get(row.method).classes in ((), self.classes)

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
OURS = Row(
    JOINT,
    "MTMRI (joint)",
    BOTH.changes,
    note="the proposed method: ITFS, exponential (DRLC)",
    stored=BOTH.name,
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
    "table3": Study(
        "table3",
        "Table 3: methods, lesions",
        (OURS,),
        compared_with=JOINT,
        compares_methods=True,
    ),
    "table4": Study(
        "table4",
        "Table 4: methods, tissues of the brain",
        (OURS,),
        compared_with=JOINT,
        compares_methods=True,
        classes=TISSUES,
        changes={"classes": len(TISSUES), "sequence": "t1-spgr"},
        # 15 brains with 35 slices each are as many slices as 66 cases with 8. With a third of
        # them, CSF is not learned: its Dice was 0 for `mtmri`, 0.52 for `unet-full-sample`.
        budget_changes={name: {"slices_per_case": 35} for name in ("narrow", "cpu")},
    ),
}


def tables() -> Mapping[str, Study]:
    """Return the tables by name: rows of the joint method, and rows that methods declare.

    In a table of methods, those that the paper prints come first, in its order.
    """
    return {name: _with_members(study) for name, study in _TABLES.items()}


def _with_members(study: Study) -> Study:
    rows = [*study.rows, *_rows_of(all_methods(), study.name)]
    if study.compares_methods:
        printed = list(PRINTED[study.name])
        rows.sort(key=lambda row: printed.index(row.name) if row.name in printed else len(printed))
    return replace(study, rows=tuple(rows))


def _rows_of(members: Sequence[Method], table: str) -> Iterator[Row]:
    """Yield the rows declared by methods; the weights of a method are its parts."""
    for one in members:
        row = one.row
        if row is not None and table in row.tables:
            yield Row(
                one.name,
                row.title,
                row.changes,
                parts=one.weights,
                method=one.name,
                note=row.note,
                parameters=row.parameters,
            )


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
