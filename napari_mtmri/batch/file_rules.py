# SPDX-License-Identifier: BSD-3-Clause
"""Files found by patterns of their names, and the patient in a name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from napari_mtmri.errors import RequestError

BIDS_PATIENT = re.compile(r"(?:^|/)(sub-[^/_]+)")
WILDCARD = re.compile(r"(\*\*/|\*|\?|\[[^\]]+\])")


def matching_files(folder: Path, pattern: str) -> dict[Path, tuple[str, ...]]:
    """Return the files that match a glob, each with the text its wildcards match."""
    return {
        folder / name: words
        for name, words in matching_names(
            sorted(path.relative_to(folder).as_posix() for path in folder.glob(pattern)), pattern
        ).items()
    }


def matching_names(names: Iterable[str], pattern: str) -> dict[str, tuple[str, ...]]:
    """Return the names that match a glob, each with the text its wildcards match.

    Parameters
    ----------
    names : iterable of str
        Relative paths with ``/``; hidden files are left out.
    pattern : str
    """
    shape = re.compile("".join(map(_expression, WILDCARD.split(pattern))))
    found = {}
    for name in names:
        match = shape.fullmatch(name)
        if match and not name.rpartition("/")[2].startswith("."):
            found[name] = match.groups()
    return found


def count_wildcards(pattern: str) -> int:
    """Return the number of wildcards in a glob."""
    return len(WILDCARD.findall(pattern))


def _expression(part: str) -> str:
    """Return a part of a glob as a regular expression; a wildcard becomes a group."""
    if part.startswith("["):
        return f"({part.replace('[!', '[^')})"
    return {"**/": "((?:[^/]+/)*)", "*": "([^/]*)", "?": "([^/])"}.get(part, re.escape(part))


def patient_of(name: str, pattern: str | None) -> str:
    """Return the patient of a case.

    Parameters
    ----------
    name : str
        Name of the case.
    pattern : str or None
        Regular expression whose first group is the patient; None: the "sub-..." of a BIDS
        name, or else the whole name.

    Raises
    ------
    RequestError
        If the pattern is not a regular expression with a group, or does not match.
    """
    if pattern is None:
        match = BIDS_PATIENT.search(name)
        return match[1] if match else name
    try:
        match = re.search(pattern, name)
        found = match[1] if match else None
    except (re.error, IndexError) as why:
        raise RequestError(
            f"`patient_regex` {pattern!r}: {why}; give a regular expression with a group."
        ) from why
    if not found:
        raise RequestError(f"`patient_regex` {pattern!r} finds no patient in {name!r}; correct it.")
    return found
