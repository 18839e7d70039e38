# SPDX-License-Identifier: BSD-3-Clause
"""Blind mode: what a reader must not see, decided in one place for window and exports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from napari_mtmri.readers.image import case_name
from napari_mtmri.review.case_rule import GENERIC_WORDS, TOKENS
from napari_mtmri.review.project import ReviewProject
from napari_mtmri.rng import keyed_generator

Hidden = Literal["case", "file", "method", "acceleration", "reader"]
REPLACEMENT = "—"
SHORTEST_WORD = 2  # a shorter name cannot be told from other text
ACCELERATION = r"R ?= ?\d+(?:\.\d+)?|R\d+(?:\.\d+)?|\d+(?:\.\d+)?-?fold"
PROGRAM = r"(?<!napari-)(?<!napari_)"  # its own name tells no method


@dataclass(frozen=True)
class Blinding:
    """What is shown instead of names.

    Parameters
    ----------
    names : tuple of str
        Names of the cases, in the order in which they are read.
    seed : int or None
        Seed of the order; None: nothing is hidden.
    masks : mapping
        Titles of the masks of each case, by name of the case.
    sequences : mapping
        Titles of the further images of each case.
    words : frozenset of str
        Further words to hide: files, methods, other readers.
    """

    names: tuple[str, ...] = ()
    seed: int | None = None
    masks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sequences: Mapping[str, Sequence[str]] = field(default_factory=dict)
    words: frozenset[str] = frozenset()

    @property
    def is_on(self) -> bool:
        """Whether anything is hidden."""
        return self.seed is not None

    def hides(self, what: Hidden) -> bool:
        """Return whether something must be neither shown nor exported.

        Parameters
        ----------
        what : {"case", "file", "method", "acceleration", "reader"}
            Reader: any other than the one who reads.
        """
        return self.is_on

    def case_title(self, name: str) -> str:
        """Return the name of a case, or "Case 07" if names are hidden."""
        return self._titles.get(name, name if not self.is_on else REPLACEMENT)

    def case_name(self, title: str) -> str:
        """Return the name of the case with a title; the title itself if there is none."""
        return next((name for name, shown in self._titles.items() if shown == title), title)

    def mask_title(self, name: str, mask: str) -> str:
        """Return the title of a mask of a case, or "Mask A" if methods are hidden."""
        if not self.is_on:
            return mask
        masks = shuffled(self.masks.get(name, ()), self.seed, name)
        return f"Mask {letters(masks.index(mask))}" if mask in masks else REPLACEMENT

    def sequence_title(self, name: str, sequence: str) -> str:
        """Return the title of a further image of a case, or "Image A" if it tells the method.

        The name of an MR sequence, as "FLAIR", is shown.
        """
        if not self.is_on or is_generic(sequence):
            return sequence
        images = shuffled(self.sequences.get(name, ()), self.seed, name, "images")
        return f"Image {letters(images.index(sequence))}" if sequence in images else REPLACEMENT

    def text(self, text: str) -> str:
        """Return a text with names of cases replaced by titles and other hidden words by "—"."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda m: self._titles.get(m[0], REPLACEMENT), text)

    def leaks(self, text: str) -> list[str]:
        """Return the hidden words that a text contains."""
        return [] if self._pattern is None else [m[0] for m in self._pattern.finditer(text)]

    def hidden_words(self) -> tuple[str, ...]:
        """Return all words that must not be seen, the longest first; none if not blind."""
        if not self.is_on:
            return ()
        titles = {title for masks in self.masks.values() for title in masks}
        found = {
            word
            for word in {*self.names, *self.words, *titles}
            if len(word) >= SHORTEST_WORD and not is_generic(word)
        }
        return tuple(sorted(found, key=lambda word: (-len(word), word)))

    def key(self) -> list[tuple[str, str]]:
        """Return pairs of title and name, to be kept apart until unblinded."""
        return [(self.case_title(name), name) for name in self.names]

    @cached_property
    def _titles(self) -> dict[str, str]:
        if not self.is_on:
            return {name: name for name in self.names}
        digits = max(2, len(str(len(self.names))))
        return {name: f"Case {n:0{digits}d}" for n, name in enumerate(self.names, start=1)}

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        if not self.is_on:
            return None
        words = "|".join([*map(re.escape, self.hidden_words()), ACCELERATION])
        return re.compile(rf"(?<!\w){PROGRAM}(?:{words})(?!\w)")


def blind_project(project: ReviewProject, seed: int | None, order: Sequence[str] = ()) -> Blinding:
    """Return what is shown of a project.

    Parameters
    ----------
    project : ReviewProject
    seed : int or None
        None: everything is shown.
    order : sequence of str
        Names in the order of an earlier session, so that titles stay the same when cases are
        added.
    """
    names = [case.name for case in project.cases]
    masks = {case.name: tuple(case.masks) for case in project.cases}
    if seed is None:
        return Blinding(tuple(names), None, masks)
    known = [name for name in order if name in masks]
    added = shuffled([name for name in names if name not in {*known}], seed)
    paths = [
        path
        for case in project.cases
        for path in (case.image, *case.masks.values(), *case.sequences.values())
    ]
    words = {word for path in paths for word in (path.name, case_name(path), path.parent.name)}
    words |= {*_methods(), *project.readers()} - {project.reader}
    sequences = {case.name: tuple(case.sequences) for case in project.cases}
    words |= {title for titles in sequences.values() for title in titles}
    words -= {project.data.name, project.folder.name}
    return Blinding((*known, *added), seed, masks, sequences, frozenset(words))


def shuffled(names: Iterable[str], *key: object) -> list[str]:
    """Return names in an order that depends on the key only."""
    names = sorted(names)
    places = keyed_generator("review", *key).permutation(len(names))
    return [names[place] for place in places]


def _methods() -> list[str]:
    from napari_mtmri.methods.base import METHODS

    return list(METHODS.names())


def is_generic(word: str) -> bool:
    """Return whether a name is made of words for masks, MR sequences and numbers only."""
    parts = [part.lower() for part in TOKENS.findall(word)]
    return all(part in GENERIC_WORDS or part in ("nii", "gz") for part in parts)


def letters(number: int) -> str:
    """Return A, B, ..., Z, AA, AB, ... for 0, 1, ..."""
    text, number = "", number + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
