# SPDX-License-Identifier: BSD-3-Clause
"""The unit of all statistics is the patient: sessions of a patient are averaged first.

Sessions of a patient are not independent. Counted one by one they would make every interval too
narrow and every p too small.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


def mean_of_known(values: Sequence[float]) -> float:
    """Return the mean of the values that are not NaN; NaN if there are none."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def patient_means(values: Iterable[tuple[str, str, float]]) -> dict[str, float]:
    """Return one value for each patient: the mean over sessions, each a mean over its values.

    Parameters
    ----------
    values : iterable of (patient, case, value)
        The case is a session; without a patient it is one itself. NaN is left out, and is the
        mean of a patient that has nothing else.
    """
    sessions = _grouped(((patient or case, case), value) for patient, case, value in values)
    patients = _grouped((who, mean_of_known(found)) for (who, _), found in sessions.items())
    return {who: mean_of_known(found) for who, found in patients.items()}


def patient_pairs(
    pairs: Iterable[tuple[str, float, float]],
) -> tuple[list[float], list[float]]:
    """Return the values of two methods, one pair for each patient.

    Only sessions with both values are averaged: another one would change the difference.

    Parameters
    ----------
    pairs : iterable of (patient, first value, second value)
        One for each session; NaN if not measured.
    """
    patients = _grouped((who, (first, second)) for who, first, second in pairs)
    ours, theirs = [], []
    for found in patients.values():
        whole = [pair for pair in found if not any(map(math.isnan, pair))]
        ours.append(mean_of_known([first for first, _ in whole]))
        theirs.append(mean_of_known([second for _, second in whole]))
    return ours, theirs


def patients_note(cases: Iterable[tuple[str, str]]) -> str:
    """Return what n counts, if a patient has several sessions, else an empty text.

    Parameters
    ----------
    cases : iterable of (patient, case)
    """
    found = _several_sessions(cases)
    return (
        found and f"n counts patients: {found}, and the sessions of a patient are averaged first."
    )


def sessions_note(cases: Iterable[tuple[str, str]]) -> str:
    """Return what n counts where sessions cannot be averaged, such as verdicts; or an empty text.

    Parameters
    ----------
    cases : iterable of (patient, case)
    """
    found = _several_sessions(cases)
    return found and (
        f"n counts cases: {found}. Sessions of a patient are not independent, so the intervals are "
        "too narrow."
    )


def _several_sessions(cases: Iterable[tuple[str, str]]) -> str:
    known = {(patient or case, case) for patient, case in cases}
    n_patients = len({patient for patient, _ in known})
    if n_patients == len(known):
        return ""
    return f"the {len(known)} cases are of {n_patients} patient{'s' * (n_patients > 1)}"


def _grouped(items: Iterable[tuple[Key, Value]]) -> dict[Key, list[Value]]:
    found: dict[Key, list[Value]] = {}
    for key, value in items:
        found.setdefault(key, []).append(value)
    return found
