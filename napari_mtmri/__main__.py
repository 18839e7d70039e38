# SPDX-License-Identifier: BSD-3-Clause
"""``python -m napari_mtmri`` is the shell command."""

from napari_mtmri.cli.app import main

main()
