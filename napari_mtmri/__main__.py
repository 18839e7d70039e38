# SPDX-License-Identifier: BSD-3-Clause
"""``python -m napari_mtmri``: the shell command."""

from __future__ import annotations

from napari_mtmri.cli.entry import main

if __name__ == "__main__":
    main()
