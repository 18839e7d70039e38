# SPDX-License-Identifier: BSD-3-Clause
"""``python -m napari_mtmri.gui.review`` opens the panel alone."""

from napari_mtmri.gui.app.window import open_window

if __name__ == "__main__":
    open_window(panel="Review")
