# SPDX-License-Identifier: BSD-3-Clause
"""Entry point of the command: Ctrl-C while libraries are still loading ends it quietly, too."""

from __future__ import annotations

import os
import sys

STOPPED = 130


def main() -> None:
    """Load the command and run it."""
    try:
        from napari_mtmri.cli.app import main as run
    except KeyboardInterrupt:
        sys.stderr.write("stopped.\n")
        sys.stderr.flush()
        os._exit(STOPPED)  # half-loaded libraries may fail when they are unloaded
    run()
