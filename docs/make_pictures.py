# SPDX-License-Identifier: BSD-3-Clause
"""Make the pictures of the documentation from the shipped sample.

xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_pictures.py
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(), "napari.yaml")

from qtpy.QtWidgets import QApplication

import napari_mtmri as mt
from napari_mtmri.figures import save_figure
from napari_mtmri.gui.window import build_window
from napari_mtmri.samples import open_sample

IMAGES = Path(__file__).parent / "images"
SIZE = (1280, 800)


def spin(seconds: float, done: list[object] | None = None) -> None:
    """Run the event loop for a while, or until something is done."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not done:
        QApplication.processEvents()
        time.sleep(0.005)


def figure() -> None:
    """Draw the README's picture."""
    volume, lesion = open_sample()
    scan = mt.simulate(volume, mt.Pattern("random", acceleration=4))
    result = mt.evaluate(mt.run(scan, "mtmri"), labels=lesion)
    save_figure(result, IMAGES / "demo.png", labels=lesion)


def window() -> None:
    """Take the picture of the window with the sample reconstructed."""
    viewer, panel = build_window(sample="flair-lesion")
    viewer.window._qt_window.resize(*SIZE)
    done: list[object] = []
    panel.finished.connect(done.append)
    panel.run_volume()
    spin(300, done)
    spin(1)
    viewer.status = ""
    viewer.screenshot(str(IMAGES / "reconstruct.png"), canvas_only=False, flash=False)
    viewer.close()


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    figure()
    window()
