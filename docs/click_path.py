# SPDX-License-Identifier: BSD-3-Clause
"""List the files of the package that run between a click on Run and the layers.

xvfb-run -a python docs/click_path.py [METHOD]

Every call is recorded, in the window's thread and in the threads of its jobs. What Qt calls to
lay out and paint widgets is left out: it runs at any time, not only after a click.
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
OF_QT = ("Event", "event", "eventFilter", "sizeHint", "minimumSizeHint", "heightForWidth")
WAIT_S = 300.0
# What only supports the others: declarations, records and small conversions.
files: dict[str, set[str]] = {}


def record(frame: Any, event: str, argument: object) -> None:
    """Note the file and the name of a function that is called."""
    code = frame.f_code
    if event == "call" and code.co_filename.startswith(str(ROOT)):
        if code.co_name == "<module>" or code.co_name.endswith(OF_QT):
            return
        name = str(Path(code.co_filename).relative_to(ROOT))
        files.setdefault(name, set()).add(code.co_qualname)


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
    """Run the event loop until something is so."""
    end = time.monotonic() + WAIT_S
    while not until() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


def main() -> None:
    """Open the sample, click, and print the files."""
    viewer, panel = build_window(sample="phantom")
    spin(lambda: "loading" not in panel.header.device.text() and panel.sampling.counts.text())
    if len(sys.argv) > 1:
        panel.method.method.setCurrentIndex(panel.method.method.findData(sys.argv[1]))
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
    in_window = sorted(name for name in files if name.startswith("gui/"))
    below = sorted(name for name in files if not name.startswith("gui/"))
    for title, names in (("gui", in_window), ("below", below)):
        print(f"{title}: {len(names)} files")
        for name in names:
            print(f"  {name}: {', '.join(sorted(files[name]))}")
    panel.close_down()
    viewer.close()


if __name__ == "__main__":
    main()
