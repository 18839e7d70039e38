# SPDX-License-Identifier: BSD-3-Clause
"""Check of everything a reader has signed off: journal and masks."""

from __future__ import annotations

from dataclasses import dataclass

from napari_mtmri.files import sha256
from napari_mtmri.review.case_files import mask_path, reader_readings
from napari_mtmri.review.journal_check import JournalCheck, verify
from napari_mtmri.review.project import ReviewProject


@dataclass(frozen=True)
class ReaderCheck:
    """Result of the check of one reader.

    Parameters
    ----------
    reader : str
    journal : JournalCheck
    n_masks : int
        Saved masks that are as the journal says.
    problems : tuple of str
        One sentence for each mask that is missing or was changed.
    """

    reader: str
    journal: JournalCheck
    n_masks: int
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.journal.ok and not self.problems

    @property
    def text(self) -> str:
        """Lines for the user."""
        masks = f"{self.n_masks} saved mask{'s' * (self.n_masks != 1)} unchanged"
        lines = [self.journal.text, *self.problems, masks]
        return "\n".join(f"{self.reader}: {line}" for line in lines)


def check_reader_files(project: ReviewProject) -> ReaderCheck:
    """Return what is wrong with the journal and the saved masks of a project's reader.

    Raises
    ------
    InputError
        If the journal cannot be read at all.
    """
    good, problems = 0, []
    for (name, reading), status in sorted(reader_readings(project).items()):
        if not status.version or not status.sha256:
            continue
        path = mask_path(project, status)
        if path is None or not path.is_file():
            problems.append(f"case {name}, reading {reading}: {status.version} is missing.")
        elif sha256(path) != status.sha256:
            problems.append(
                f"case {name}, reading {reading}: {status.version} is not the mask that was saved."
            )
        else:
            good += 1
    return ReaderCheck(project.reader, verify(project.journal), good, tuple(problems))
