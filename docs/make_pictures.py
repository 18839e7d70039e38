# SPDX-License-Identifier: BSD-3-Clause
"""Make the pictures of the documentation from the shipped sample.

xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_pictures.py [figure] [window] [training]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(), "napari.yaml")
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp()  # so that earlier trainings are not listed

import napari
from qtpy.QtWidgets import QApplication

import napari_mtmri as mt
from napari_mtmri.gui.app.commands import open_train
from napari_mtmri.gui.app.window import build_window
from napari_mtmri.plotting import save_figure
from napari_mtmri.samples import open_sample

IMAGES = Path(__file__).parent / "images"
SIZE = (1280, 800)


def spin(seconds: float, done: list[object] | None = None) -> None:
    """Run the event loop for some time, or until a condition holds."""
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
    """Make the picture of the window with the reconstructed sample."""
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


def training() -> None:
    """Make the picture of the Train panel with a training on simulated heads."""
    viewer = napari.Viewer(title="napari-mtmri")
    viewer.window._qt_window.resize(*SIZE)
    viewer.open_sample("napari-mtmri", "flair-lesion")
    train = open_train(viewer)
    train.plan.run = os.path.join(tempfile.mkdtemp(), "quick-check")
    train.start()
    done: list[object] = []
    train.watcher.seen.connect(
        lambda sight: sight.snapshot.status.state == "finished" and done.append(sight)
    )
    spin(1200, done)
    spin(1)
    viewer.status = ""
    viewer.screenshot(str(IMAGES / "train.png"), canvas_only=False, flash=False)
    train.close_down()
    viewer.close()


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    wanted = {"figure": figure, "window": window, "training": training}
    for name in sys.argv[1:] or wanted:
        wanted[name]()
