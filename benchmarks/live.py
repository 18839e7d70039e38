# SPDX-License-Identifier: BSD-3-Clause
"""Responsiveness of the window: Live, run, Stop, and the longest functions of the plugin.

xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/live.py [METHOD]

Moves the acceleration slider for some seconds with Live on and counts the zero-filled images
drawn, then measures the time from the last change to the reconstruction on screen. Then the
whole volume: the time until the slice on screen is ready and until all slices are, and the
reaction time to Stop. All functions of the panel in the GUI thread are timed, excluding the time
of napari to add, change and slice layers and to move its camera, and of Python's garbage
collector. Nothing is asserted.
"""

from __future__ import annotations

import functools
import gc
import importlib
import inspect
import itertools
import os
import pkgutil
import platform
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

os.environ["NAPARI_CONFIG"] = os.path.join(tempfile.mkdtemp(), "napari.yaml")

import napari.layers
from napari.components import Camera, Dims, LayerList
from napari.utils.events.containers import EventedDict
from napari.viewer import Viewer
from qtpy.QtWidgets import QApplication

import napari_mtmri.gui
from napari_mtmri.gui.app.window import build_window

HOLD_S, STEP_S, WAIT_S = 6.0, 1 / 60, 120.0
PAUSES = (3.0, 5.0, 7.0, 4.0, 6.0, 2.5, 8.0)


class Clock:
    """Net time of the plugin's functions in the GUI thread, by name."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}
        self._window = threading.get_ident()
        self._entered = ""
        self._napari_s = 0.0
        self._in_napari = False
        self.longest_collection = 0.0
        self._collection_began = 0.0

    def ours(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function of the plugin to time its outermost calls."""

        @functools.wraps(function)
        def timed(*arguments: Any, **more: Any) -> Any:
            if self._entered or threading.get_ident() != self._window:
                return function(*arguments, **more)
            outside, self._in_napari = self._in_napari, False
            self._entered, self._napari_s = name, 0.0
            began = time.perf_counter()
            try:
                return function(*arguments, **more)
            finally:
                own = time.perf_counter() - began - self._napari_s
                self.longest[name] = max(self.longest.get(name, 0.0), own)
                self._entered, self._in_napari = "", outside

        return timed

    def napari(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a napari function to subtract its time from the plugin function that calls it."""

        @functools.wraps(function)
        def timed(*arguments: Any, **more: Any) -> Any:
            if self._in_napari or threading.get_ident() != self._window:
                return function(*arguments, **more)
            self._in_napari = True
            began = time.perf_counter()
            try:
                return function(*arguments, **more)
            finally:
                self._in_napari = False
                self._napari_s += time.perf_counter() - began

        return timed

    def collection(self, phase: str, info: dict[str, int]) -> None:
        """Subtract the time of Python's garbage collector from the function it interrupts."""
        if threading.get_ident() != self._window:
            return
        if phase == "start":
            self._collection_began = time.perf_counter()
            return
        took = time.perf_counter() - self._collection_began
        self.longest_collection = max(self.longest_collection, took)
        if not self._in_napari:
            self._napari_s += took

    def watch_ours(self) -> None:
        """Time all functions of all classes of the gui package."""
        package = napari_mtmri.gui
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith("__main__"):
                continue
            module = importlib.import_module(found.name)
            for name, kind in vars(module).items():
                if inspect.isclass(kind) and kind.__module__ == found.name:
                    self._watch_class(f"{name}.", kind)

    def _watch_class(self, prefix: str, kind: type) -> None:
        for name, member in list(vars(kind).items()):
            if inspect.isfunction(member) and (not name.startswith("__") or name == "__init__"):
                setattr(kind, name, self.ours(prefix + name, member))

    def watch_napari(self) -> None:
        """Time the napari functions that add, change and slice layers."""
        for kind, names in (
            (LayerList, ("insert", "remove", "append")),
            (Viewer, ("add_layer", "open", "open_sample")),
            (napari.layers.Layer, ("refresh",)),
            (napari.layers.Image, ("__init__",)),
            (napari.layers.Labels, ("__init__",)),
            (Dims, ("__setattr__",)),
            (Camera, ("__setattr__",)),
            (EventedDict, ("__setitem__",)),
        ):
            for name in names:
                setattr(kind, name, self.napari(getattr(kind, name)))
        for kind, name in (
            (napari.layers.Image, "data"),
            (napari.layers.Labels, "data"),
            (napari.layers.Layer, "visible"),
            (napari.layers.Image, "contrast_limits"),
            (napari.layers.Labels, "contour"),
            (LayerList, "selection"),
        ):
            owner = next(one for one in kind.__mro__ if name in vars(one))
            known = vars(owner)[name]
            setattr(owner, name, property(known.fget, self.napari(known.fset)))


def spin(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Run the event loop for some time, or until a condition holds."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and not until():
        QApplication.processEvents()
        time.sleep(0.0005)


def hold_and_move(panel: Any, viewer: Any) -> list[str]:
    """Drag the slider; return the results."""
    drawn: list[float] = []
    moves, ran = 0, (panel.live.fast.n_runs, panel.live.slow.n_runs)
    fresh: list[bool] = []
    panel.live.ticked.connect(lambda _: fresh.append(True))

    def draw(event: Any) -> None:
        if fresh:
            fresh.clear()
            drawn.append(time.perf_counter())

    viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(draw)
    slider = panel.sampling.acceleration.slider
    slider.setSliderDown(True)
    cpu, window = time.process_time(), time.thread_time()
    began, value, way = time.perf_counter(), 40, 1
    while time.perf_counter() - began < HOLD_S:
        value += way
        way = -way if value in (20, 80) else way
        slider.setValue(value)
        moves += 1
        spin(STEP_S)
    took = time.perf_counter() - began
    slider.setSliderDown(False)
    cpu, window = time.process_time() - cpu, time.thread_time() - window
    gaps = [later - sooner for sooner, later in itertools.pairwise(drawn)]
    fast, slow = panel.live.fast.n_runs - ran[0], panel.live.slow.n_runs - ran[1]
    return [
        f"slider held and moved for {took:.1f} s       {moves / took:6.1f} moves a second",
        f"zero-filled image redrawn                 {len(drawn) / took:6.1f} times a second, "
        f"longest gap {1000 * max(gaps):.0f} ms",
        f"requests: {moves} moves, {fast} zero-filled, {slow} of the method; none queue up",
        f"processor time of the window's thread     {1000 * window / len(drawn):6.1f} ms an update: "
        f"{len(drawn) / window:.0f} a second on a dedicated core; all threads "
        f"{cpu / took:.2f} s a second",
    ]


def after_a_change(panel: Any) -> list[str]:
    """Change R and wait for the reconstruction; return the results."""
    waits = []
    for value in PAUSES:
        shown: list[Any] = []
        panel.live.shown.connect(shown.append)
        changed = time.perf_counter()
        panel.sampling.acceleration.set_value(value)
        spin(WAIT_S, lambda shown=shown: bool(shown))
        waits.append(time.perf_counter() - changed)
        panel.live.shown.disconnect(shown.append)
        spin(0.3)
    return [
        f"reconstruction after a change             {statistics.median(waits):6.2f} s median, "
        f"{min(waits):.2f} to {max(waits):.2f}"
    ]


def whole_volume(panel: Any) -> list[str]:
    """Run the volume, then run it again and stop; return the results."""
    first: list[float] = []
    panel.running.progressed.connect(lambda _: first.append(time.perf_counter()))
    finished: list[Any] = []
    panel.finished.connect(finished.append)
    clicked = time.perf_counter()
    panel.run_volume()
    spin(WAIT_S, lambda: bool(finished))
    whole = time.perf_counter() - clicked
    count = len(first)
    panel.run_volume()
    spin(WAIT_S, lambda: len(first) > count + 2)
    asked = time.perf_counter()
    panel.stop()
    spin(WAIT_S, lambda: not panel.running.is_running)
    felt = time.perf_counter() - asked
    from napari_mtmri.gui.jobs import threads

    spin(WAIT_S, lambda: threads().activeThreadCount() == 0)
    quiet = time.perf_counter() - asked
    return [
        f"slice on screen after the click           {first[0] - clicked:6.2f} s",
        f"whole volume, scored and in its layers    {whole:6.2f} s",
        f"window reacts to Stop after               {felt:6.2f} s, its thread ends after {quiet:.2f} s",
    ]


def main() -> None:
    """Print the results."""
    method = sys.argv[1] if len(sys.argv) > 1 else "mtmri"
    clock = Clock()
    clock.watch_ours()
    clock.watch_napari()
    gc.callbacks.append(clock.collection)
    viewer, panel = build_window(sample="flair-lesion")
    viewer.window._qt_window.resize(1400, 900)
    panel.method.method.setCurrentIndex(panel.method.method.findData(method))
    spin(
        WAIT_S, lambda: "cpu" in panel.header.device.text() or "cuda" in panel.header.device.text()
    )
    spin(1)
    panel.run_part.live.setChecked(True)
    spin(WAIT_S, lambda: not panel.live.is_busy)
    spin(2)
    lines = hold_and_move(panel, viewer)
    spin(WAIT_S, lambda: not panel.live.is_busy)
    lines += after_a_change(panel)
    lines += whole_volume(panel)
    panel.run_part.live.setChecked(False)
    shape = " x ".join(map(str, panel.input.volume().shape))
    print(f"{method}, sample {shape}, {panel.header.device.toolTip()}")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"system load {os.getloadavg()[0]:.1f}, software OpenGL under Xvfb")  # fmt: skip
    print("\n".join(lines))
    print(
        "longest functions of the plugin in the GUI thread, without napari's layers and\nPython's garbage collector:"
    )
    for name, longest in sorted(clock.longest.items(), key=lambda one: -one[1])[:8]:
        print(f"  {name:<40} {1000 * longest:6.1f} ms")
    print(f"  (Python's garbage collector: {1000 * clock.longest_collection:.0f} ms at once)")
    panel.close_down()
    viewer.close()


if __name__ == "__main__":
    main()
