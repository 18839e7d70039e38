# SPDX-License-Identifier: BSD-3-Clause
"""Count the files of the package that run between a click on Run and the layers.

xvfb-run -a python docs/click_path.py [METHOD]

Two counts, apart for the window and for what lies below it. *On the path*: files on the call
stack when the job is started, when the method reconstructs slices, when the layers are made
and when they are inserted. *Run at all*: every file of which a function is called in the
window's thread or in a thread of its jobs, down to records and unit conversions. What Qt calls
to lay out and paint widgets is left out: it runs at any time.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

from qtpy.QtWidgets import QApplication

import napari_mtmri
from napari_mtmri.gui import jobs
from napari_mtmri.gui.app.window import build_window

ROOT = Path(napari_mtmri.__file__).parent
LANDMARKS = ("Job.start", "run_slices.<locals>.one_pass", "result_layers", "LayerList.insert")
PAINTING = ("Event", "eventFilter", "sizeHint", "SizeHint", "heightForWidth", "_Marks.place")
WAIT_S = 300.0

called: dict[str, set[str]] = {}
on_path: set[str] = set()


def record(frame: Any, event: str, argument: object) -> None:
    """Note each function of the package that is called, and at landmarks all its callers."""
    if event != "call":
        return
    name = frame.f_code.co_qualname
    if (file := file_of(frame)) and name != "<module>":
        called.setdefault(file, set()).add(name)
    if name in LANDMARKS:
        while frame is not None:
            if file := file_of(frame):
                on_path.add(file)
            frame = frame.f_back


def file_of(frame: Any) -> str:
    """Return the file of a frame, relative to the package; empty for other packages."""
    path = frame.f_code.co_filename
    return str(Path(path).relative_to(ROOT)) if path.startswith(str(ROOT)) else ""


def recorded(work: Callable[[], Any]) -> Callable[[], Any]:
    """Return work whose calls are recorded in its own thread."""

    def call() -> Any:
        sys.setprofile(record)
        try:
            return work()
        finally:
            sys.setprofile(None)

    return call


def spin(until: Callable[[], object]) -> None:
    """Run the event loop until a condition holds."""
    end = time.monotonic() + WAIT_S
    while not until() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


def click(method: str) -> None:
    """Open the phantom, click on Run, and record until the layers are added."""
    viewer, panel = build_window(sample="phantom")
    spin(lambda: "loading" not in panel.header.device.text() and panel.sampling.counts.text())
    panel.method.method.setCurrentIndex(panel.method.method.findData(method))
    spin(lambda: not panel.loader.is_busy and not panel.live.is_busy)
    finished: list[Any] = []
    panel.finished.connect(finished.append)
    start = jobs._start
    jobs._start = lambda work, **slots: start(recorded(work), **slots)
    sys.setprofile(record)
    panel.run_part.run.click()
    spin(lambda: finished)
    sys.setprofile(None)
    jobs._start = start
    panel.close_down()
    viewer.close()


def main() -> None:
    """Print the files."""
    click(sys.argv[1] if len(sys.argv) > 1 else "mtmri")
    for names in called.values():
        names -= {name for name in names if name.endswith(PAINTING) or "_Marks" in name}
    every = {file for file, names in called.items() if names}
    for title, found in (("on the path", on_path), ("run at all", every)):
        inside = sorted(file for file in found if file.startswith("gui/"))
        below = sorted(found - set(inside))
        print(f"{title}: {len(inside)} files of the window, {len(below)} below")
        print("  " + "\n  ".join([*inside, "", *below]))


if __name__ == "__main__":
    main()
