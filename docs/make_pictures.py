# SPDX-License-Identifier: BSD-3-Clause
"""Make the pictures of the documentation from the shipped sample.

xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_pictures.py [figure] [window] [training] [review] [comparing]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(), "napari.yaml")
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp()  # so that earlier trainings are not listed

import napari
from qtpy.QtWidgets import QApplication

import napari_mtmri as mt
from napari_mtmri.gui.app.commands import open_compare, open_train
from napari_mtmri.gui.app.window import build_window
from napari_mtmri.plotting import save_figure
from napari_mtmri.samples import open_sample

IMAGES = Path(__file__).parent / "images"
SIZE = (1280, 800)


def spin(
    seconds: float, done: list[object] | None = None, until: Callable[[], bool] | None = None
) -> None:
    """Run the event loop for some time, or until a condition holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not done and not (until is not None and until()):
        QApplication.processEvents()
        time.sleep(0.005)


def picture(viewer: napari.Viewer, name: str, canvas_only: bool = True) -> None:
    """Write a picture of the canvas, or of the window."""
    spin(1)
    viewer.status = ""
    viewer.screenshot(str(IMAGES / f"{name}.png"), canvas_only=canvas_only, flash=False)


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


def review() -> None:
    """Make the pictures of the Review panel with three cases."""
    folder = Path(tempfile.mkdtemp()) / "study"
    folder.mkdir()
    volume, lesion = open_sample()
    for name in ("patient01", "patient02", "patient03"):
        mt.save(volume, folder / f"{name}_flair.nii.gz")
        mt.save(lesion, folder / f"{name}_mask.nii.gz")
        for number, acceleration in enumerate((2, 4), start=1):
            scan = mt.simulate(volume, mt.Pattern("random", acceleration=acceleration))
            image = mt.run(scan, "zero-filled").reconstruction
            mt.save(image, folder / f"{name}_{number:04d}.nii.gz")
    viewer, panel = build_window([folder], panel="Review", reader="Anna")
    viewer.window._qt_window.resize(*SIZE)
    for verdict in ("approve", "flag"):
        wait(lambda: panel.lesions.lesions is not None and not panel.desk.is_busy)
        panel.lesions.clear()
        panel.verdict.comment.setText("border unclear" if verdict == "flag" else "")
        panel.verdict.give(verdict)
    wait(lambda: panel.lesions.lesions is not None and not panel.desk.is_busy)
    picture_of(viewer, panel, 0, "review")
    panel.lesions.step(1)
    picture_of(viewer, panel, 1, "review_lesions")
    panel.planes.show(True)
    picture_of(viewer, panel, 1, "review_planes")
    panel.planes.show(False)
    panel.reading.start(7)
    wait(lambda: bool(panel.quality.boxes))
    picture_of(viewer, panel, 3, "review_blind")
    panel.close_down()
    viewer.close()


def wait(until: Callable[[], bool]) -> None:
    """Run the event loop until a condition holds."""
    end = time.monotonic() + 600
    while time.monotonic() < end and not until():
        spin(0.05)


def picture_of(viewer: napari.Viewer, panel: Any, tab: int, name: str) -> None:
    """Make a picture of a tab of the Review panel, the same at any time of day."""
    panel.tabs.setCurrentIndex(tab)
    spin(1)
    panel.desk.pause()
    panel.verdict.show_time(83)
    panel.verdict.show_saved("Saved 12:03:04 to study/review/Anna")
    panel.cases.place.setText("study")
    spin(0.5)
    viewer.status = ""
    viewer.screenshot(str(IMAGES / f"{name}.png"), canvas_only=False, flash=False)


def comparing() -> None:
    """Make the pictures of the Compare panel with four methods on the sample."""
    scan = mt.simulate(open_sample()[0], mt.Pattern("random", acceleration=4))
    results = [mt.run(scan, method) for method in ("d5c5", "two-stage", "mtmri")]
    viewer = napari.Viewer(title="napari-mtmri")
    viewer.window._qt_window.resize(*SIZE)
    viewer.open_sample("napari-mtmri", "flair-lesion")
    compare = open_compare(viewer)
    compare.collection.add_runs(results)
    compare.looking.second = "mtmri R4"
    spin(300, until=compare.is_settled)
    compare.measures.go_to_disputed()
    picture(viewer, "compare", canvas_only=False)
    picture(viewer, "compare-grid")
    for name, what, value in (
        ("disagreement", "masks", "disagreement"),
        ("kspace", "content", "k-space"),
        ("error", "content", "error"),
        ("swipe", "mode", "swipe"),
        ("checkerboard", "mode", "checkerboard"),
        ("difference", "mode", "difference"),
    ):
        compare.looking.masks, compare.looking.content = "outline", "image"
        setattr(compare.looking, what, value)
        spin(60, until=compare.is_settled)
        picture(viewer, f"compare-{name}")
    compare.looking.blinks, compare.looking.mode = False, "blink"
    for name, shows_second in (("first", False), ("second", True)):
        compare.looking.shows_second = shows_second
        spin(60, until=compare.is_settled)
        picture(viewer, f"compare-blink-{name}")
    compare.close_down()
    viewer.close()


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    wanted = {
        "figure": figure, "window": window, "training": training, "review": review,
        "comparing": comparing,
    }  # fmt: skip
    for name in sys.argv[1:] or wanted:
        wanted[name]()
