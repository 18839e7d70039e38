# SPDX-License-Identifier: BSD-3-Clause
"""Rule by which images and masks of a folder belong together: globs that a user can correct."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from napari_mtmri.batch.file_rules import matching_names
from napari_mtmri.errors import InputError, RequestError
from napari_mtmri.readers.image import case_name

MASK_WORDS = {
    "mask", "masks", "seg", "segs", "segmentation", "segmentations", "label", "labels", "labelstr",
    "labelsts", "dseg", "lesion", "lesions", "roi", "rois", "annotation", "annotations", "consensus",
}  # fmt: skip
PROBABILITY_WORDS = {"prob", "probs", "probability", "probabilities", "probseg"}
# Preferred as the image of a case in this order: lesions are outlined on FLAIR and T2.
SEQUENCE_WORDS = (
    "flair", "t2w", "t2", "t1ce", "t1c", "t1gd", "t1w", "t1", "pdw", "pd", "mprage", "dwi", "adc",
    "swi", "t2star", "t2starw", "bold", "pre", "post", "image", "img", "volume", "brain", "0000",
    "0001", "0002", "0003",
)  # fmt: skip
IMAGE_FOLDERS = {"images", "image", "imagestr", "imagests", "img", "imgs", "volumes"}
PASSED_FOLDERS = {"anat", "derivatives", "dwi", "func", "perf"}
BIDS_NAME = re.compile(r"(?:^|/)sub-[^/]*$")
BIDS_CASE = r"(sub-[^/_]+(?:_ses-[^/_]+)?)"
TOKENS = re.compile(r"[^_\-.\s]+")
MOST_PATTERNS = 12
OR = " | "


@dataclass(frozen=True)
class CaseRule:
    """How the files of a folder become cases.

    A mask belongs to the image whose wildcards match the same text, or, with ``case_regex``,
    whose name has the same first group. The glob named first gives the image of a case; images
    of the others are its further sequences.

    Parameters
    ----------
    images, masks, probabilities : str
        Globs relative to the folder, several separated by ``|``. Masks are never images.
    case_regex : str
        Regular expression whose first group is the case, searched in the file name and then
        in the path; empty: wildcards decide.
    """

    images: str = ""
    masks: str = ""
    probabilities: str = ""
    case_regex: str = ""

    @property
    def text(self) -> str:
        """The rule in one line."""
        parts = [f"images {self.images}"]
        parts += [f"masks {self.masks}"] if self.masks else []
        parts += [f"probabilities {self.probabilities}"] if self.probabilities else []
        parts += [f"case {self.case_regex}"] if self.case_regex else []
        return "; ".join(parts)


@dataclass(frozen=True)
class Named:
    """A case by the names of its files, relative to the folder."""

    name: str
    image: str
    sequences: Mapping[str, str] = field(default_factory=dict)
    masks: Mapping[str, str] = field(default_factory=dict)
    probabilities: Mapping[str, str] = field(default_factory=dict)


Key = tuple[str, ...]


def is_mask_word(text: str) -> bool:
    """Return whether a name is that of masks."""
    return any(word.lower() in MASK_WORDS for word in TOKENS.findall(text))


def is_probability_word(text: str) -> bool:
    """Return whether a name is that of probability maps."""
    return any(word.lower() in PROBABILITY_WORDS for word in TOKENS.findall(text))


def apply_rule(names: Sequence[str], rule: CaseRule) -> tuple[list[Named], list[str]]:
    """Return the cases among the names of files, and notes on files that belong to none.

    Raises
    ------
    RequestError
        If there is no glob for images, or the regular expression has no group.
    """
    if not rule.images.strip():
        raise RequestError("`images` is empty; give a glob, for example *.nii.gz.")
    probabilities = _keys(names, rule.probabilities, rule.case_regex)
    masks = {
        name: key
        for name, key in _keys(names, rule.masks, rule.case_regex).items()
        if name not in probabilities
    }
    images = _keys(names, rule.images, rule.case_regex)
    grouped: dict[Key, list[str]] = {}
    for name, key in images.items():
        if name not in masks and name not in probabilities:
            grouped.setdefault(key, []).append(name)
    owners = _Owners(grouped)
    cases = {key: Named("/".join(key), found[0]) for key, found in grouped.items()}
    for key, found in grouped.items():
        cases[key] = replace(cases[key], sequences=_titled(found[1:], key))
    notes = []
    for what, files in (("masks", masks), ("probabilities", probabilities)):
        belonging: dict[Key, list[str]] = {}
        alone = []
        for name, key in files.items():
            found_keys = owners.of(key)
            for owner in found_keys:
                belonging.setdefault(owner, []).append(name)
            if not found_keys:
                alone.append(name)
        for key, found in belonging.items():
            changed: dict[str, Any] = {what: _titled(found, key)}
            cases[key] = replace(cases[key], **changed)
        if alone:
            some = ", ".join(alone[:3]) + (f" and {len(alone) - 3} more" if alone[3:] else "")
            notes.append(f"{len(alone)} of {len(files)} {what} belong to no image: {some}.")
    return sorted(cases.values(), key=lambda case: _natural(case.name)), notes


class _Owners:
    """The cases to which a mask can belong, by the text its wildcards match."""

    def __init__(self, cases: Mapping[Key, object]) -> None:
        self._cases = cases
        self._below: dict[Key, list[Key]] = {}
        for key in cases:
            for length in range(len(key)):
                self._below.setdefault(key[:length], []).append(key)

    def of(self, key: Key) -> list[Key]:
        """Return the case with the same text, or the longest beginning of it, or all it begins."""
        for length in range(len(key), -1, -1):
            if key[:length] in self._cases:
                return [key[:length]]
        return self._below.get(key, [])


def _keys(names: Sequence[str], globs: str, case_regex: str) -> dict[str, Key]:
    """Return the files that match one of the globs, in their order, each with its key."""
    found: dict[str, Key] = {}
    for pattern in filter(None, (part.strip() for part in globs.split("|"))):
        try:
            matched = matching_names(names, pattern)
        except re.error as why:
            raise RequestError(f"{pattern!r}: is no glob ({why}); correct it.") from why
        for name, words in matched.items():
            if name not in found:
                key = _by_regex(name, case_regex) if case_regex else _by_words(words)
                if key is not None:
                    found[name] = key
    return found


def _by_words(words: Iterable[str]) -> Key:
    return tuple(word.strip("/") for word in words if word.strip("/"))


def _by_regex(name: str, pattern: str) -> Key | None:
    try:
        match = re.search(pattern, name.rpartition("/")[2]) or re.search(pattern, name)
        return (match[1],) if match and match[1] else None
    except (re.error, IndexError) as why:
        raise RequestError(
            f"`case_regex` {pattern!r}: {why}; give a regular expression with a group."
        ) from why


def _titled(names: Sequence[str], key: Key) -> dict[str, str]:
    """Return files of a case by title: what their names have beside the case."""
    titles = [_title(name, key) for name in names]
    if len(set(titles)) < len(titles):
        titles = list(names)
    return dict(zip(titles, names, strict=True))


def _title(name: str, key: Key) -> str:
    path = PurePosixPath(name)
    text = "/".join((*path.parts[:-1], case_name(path)))  # type: ignore[arg-type]
    for part in (word for one in key for word in one.split("_ses-")):
        text = re.sub(rf"(?<![^\W_]){re.escape(part)}(?![^\W_])", " ", text)
    words = [word for part in re.split(r"[/\s]+", text) for word in TOKENS.findall(part)]
    kept = [
        word
        for word in words
        if word.lower() not in MASK_WORDS | IMAGE_FOLDERS | PASSED_FOLDERS | PROBABILITY_WORDS
        and word.lower() not in ("desc", "ses", "sub")
    ]
    return " ".join(kept) or next((w for w in words if w.lower() in MASK_WORDS), "image")


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key by which case 10 comes after case 9."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)
    ]


def guess_rule(names: Sequence[str]) -> CaseRule:
    """Return the rule that the names of the volumes of a folder suggest.

    Parameters
    ----------
    names : sequence of str
        Relative to the folder; at least one.

    Raises
    ------
    InputError
        If all look like masks.
    """
    is_bids = sum(bool(BIDS_NAME.search(name)) for name in names) > len(names) / 2
    parts = {name: _Parts.of(name, is_bids) for name in names}
    images = {name: part for name, part in parts.items() if part.role == "image"}
    if not images:
        raise InputError(
            f"all {len(names)} volumes look like masks ({names[0]}); give a rule for the images."
        )
    keys = {part.key for part in images.values()}
    ranked = sorted(images, key=lambda name: parts[name].rank)
    globs = {
        "images": [parts[name].glob(parts[name].key) for name in ranked],
        "masks": [parts[n].glob(parts[n].owner(keys)) for n in names if parts[n].role == "mask"],
        "probabilities": [
            parts[n].glob(parts[n].owner(keys)) for n in names if parts[n].role == "probability"
        ],
    }
    joined = {role: OR.join(_few(patterns)) for role, patterns in globs.items()}
    return CaseRule(**joined, case_regex=BIDS_CASE if is_bids else "")


def _few(patterns: Iterable[str]) -> list[str]:
    """Return each pattern once; many that differ in their last word become one."""
    once = list(dict.fromkeys(patterns))
    if len(once) <= MOST_PATTERNS:
        return once
    return list(dict.fromkeys(re.sub(r"(?<=\*)[^/*]*?(\.[^/]*)?$", r"*\1", one) for one in once))


@dataclass(frozen=True)
class _Parts:
    """The name of a file, taken apart: folders and words that name the case, and its role."""

    name: str
    folders: tuple[tuple[str, bool], ...]  # and whether each may name the case
    stem: str
    base: str  # beginning of the stem that may name the case
    role: str
    rank: tuple[int, int]

    @classmethod
    def of(cls, name: str, is_bids: bool) -> _Parts:
        path = PurePosixPath(name)
        stem = case_name(path)  # type: ignore[arg-type]
        tokens = list(TOKENS.finditer(stem))
        lower = [token[0].lower() for token in tokens]
        told = lower[-1:] if is_bids else lower
        above = [word.lower() for part in path.parts[:-1] for word in TOKENS.findall(part)]
        role = _role({*told}, {*above})
        places = [i for i, word in enumerate(lower) if word in _ROLE_WORDS]
        if is_bids:
            base = (re.match(BIDS_CASE, stem) or re.match("", stem))[0]  # type: ignore[index]
        elif not places:
            base = stem
        elif places[0] == 0:
            base = ""
        else:
            base = stem[: tokens[places[0] - 1].end()]
        rank = min((SEQUENCE_WORDS.index(w) for w in lower if w in SEQUENCE_WORDS), default=99)
        folders = tuple(
            (part, not is_bids and part.lower() not in IMAGE_FOLDERS | PASSED_FOLDERS | MASK_WORDS)
            for part in path.parts[:-1]
        )
        return cls(name, folders, stem, base, role, ("derivatives" in above, rank))

    @property
    def key(self) -> Key:
        """Folders and beginning of the name that name the case."""
        return (*(part for part, named in self.folders if named), *([self.base] * bool(self.base)))

    def owner(self, keys: set[Key]) -> Key:
        """Return the key of the image to which a mask belongs; its own key if there is none."""
        folders, base = self.key[: -1 if self.base else None], self.base
        ends = [match.end() for match in TOKENS.finditer(base)][::-1] or [0]
        for kept in _beginnings(folders):
            for end in ends:
                key = (*kept, *([base[:end]] * bool(end)))
                if key in keys:
                    return key
            if kept in keys:
                return kept
        return self.key

    def glob(self, key: Key) -> str:
        """Return the name with a wildcard for each part of a key."""
        rest, parts = list(key), []
        for part, _ in self.folders:
            if _BIDS_FOLDER.match(part):
                parts.append(_BIDS_FOLDER.sub(r"\1-*", _escaped(part)))
            elif rest and part == rest[0]:
                parts.append("*")
                rest.pop(0)
            else:
                parts.append(_escaped(part))
        file = PurePosixPath(self.name).name
        if _BIDS_FOLDER.match(file):
            file = _BIDS_FOLDER.sub(r"\1-*", _escaped(file))
            file = re.sub(r"_ses-[^_]*", "_ses-*", file)
        elif rest and rest[0] and file.startswith(rest[0]):
            file = "*" + _escaped(file[len(rest[0]) :])
        else:
            file = _escaped(file)
        return "/".join((*parts, file))


_ROLE_WORDS = MASK_WORDS | PROBABILITY_WORDS | {*SEQUENCE_WORDS}
GENERIC_WORDS = _ROLE_WORDS | IMAGE_FOLDERS | PASSED_FOLDERS
_BIDS_FOLDER = re.compile(r"^(sub|ses)-[^/_]*")


def _role(words: set[str], above: set[str]) -> str:
    if words & PROBABILITY_WORDS:
        return "probability"
    is_mask = words & MASK_WORDS or above & MASK_WORDS - {"lesion", "lesions", "consensus"}
    return "mask" if is_mask else "image"


def _beginnings(folders: Key) -> Iterable[Key]:
    """Return the folders, all without the last, ..., none; then all without the first, ..."""
    yield from (folders[:n] for n in range(len(folders), -1, -1))
    yield from (folders[n:] for n in range(1, len(folders)))


def _escaped(text: str) -> str:
    """Return a text in which wildcards of a glob stand for themselves."""
    return re.sub(r"([*?\[])", r"[\1]", text)
