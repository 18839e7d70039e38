# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri sample``: write the shipped sample and phantoms, to try the other commands on."""

from __future__ import annotations

import textwrap

from napari_mtmri.cli import options
from napari_mtmri.cli.output import write_note, write_result

WIDTH = 88


def sample(out: options.Out) -> None:
    """Write the shipped sample and simulated phantoms with a table of cases.

    Example: napari-mtmri sample --out cases
             napari-mtmri run cases/patient.nii.gz --labels cases/lesion.nii.gz --out results
    """
    from napari_mtmri.samples import sample_text, write_samples

    files = write_samples(out)
    write_result("\n".join(str(path) for path in files))
    write_note(textwrap.fill(sample_text(), WIDTH, break_on_hyphens=False))
