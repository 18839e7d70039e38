# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri doctor``: what is installed and works; the text for a bug report."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import typer

from napari_mtmri.cli import words

PACKAGES = (
    "napari-mtmri", "torch", "napari", "npe2", "PySide6_Essentials", "qtpy", "vispy", "numpy", "scipy",
    "scikit-image", "nibabel", "safetensors", "lightning-fabric",
)  # fmt: skip
# In a process of its own: a broken driver may take the whole process with it.
OPENGL = """
from qtpy.QtWidgets import QApplication
from qtpy.QtGui import QOffscreenSurface, QOpenGLContext
app = QApplication([])
context = QOpenGLContext()
assert context.create(), "no OpenGL context"
surface = QOffscreenSurface(); surface.create()
assert context.makeCurrent(surface), "no OpenGL surface"
version = context.format().version()
print(app.platformName(), "OpenGL", f"{version[0]}.{version[1]}")
"""
SECONDS = 30


def doctor(json: words.Json = False) -> None:
    """Say what is installed, which device is used and why, and whether a window can open.

    Example: napari-mtmri doctor
    """
    facts = {
        "system": f"{platform.platform()}, Python {platform.python_version()}",
        "cores": str(os.cpu_count()),
        **{name: _version(name) for name in PACKAGES},
        "device": _device(),
        "window": _window(),
        **{f"weights {name}": text for name, text in _weights().items()},
        "plugin": _plugin(),
    }
    if json:
        words.print_json(facts)
        return
    for name, text in facts.items():
        typer.echo(f"{name:<25} {text}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _device() -> str:
    try:
        from napari_mtmri.device import choose_device

        return choose_device().why
    except Exception as why:  # whatever is broken, the doctor goes on
        return f"torch does not work: {type(why).__name__}: {why}"


def _window() -> str:
    from napari_mtmri.cli.window import why_no_window

    reason = why_no_window()
    if reason is not None:
        return f"none: {reason}"
    try:
        done = subprocess.run(
            [sys.executable, "-c", OPENGL],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"Qt did not answer within {SECONDS} s"
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return f"does not work: {lines[-1] if lines else f'status {done.returncode}'}"
    return f"works: {done.stdout.strip()}"


def _weights() -> dict[str, str]:
    from napari_mtmri.errors import MtmriError
    from napari_mtmri.methods.base import METHODS
    from napari_mtmri.weights import find_weights, load_weights

    found = {}
    needed = {
        w for n in METHODS.names() if n not in METHODS.broken() for w in METHODS.get(n).weights
    }
    for name in sorted(needed):
        try:
            path = find_weights(name)
            _, card = load_weights(path, name)
            found[name] = f"{card.size}, {card.sha256[:12]}, {path}"
        except MtmriError as why:
            found[name] = str(why)
    return found


def _plugin() -> str:
    try:
        from npe2 import PluginManifest

        manifest = PluginManifest.from_distribution("napari-mtmri")
        return f"manifest valid, {len(manifest.contributions.widgets or ())} widget(s)"
    except Exception as why:  # npe2 may be absent or refuse the manifest
        return f"manifest: {type(why).__name__}: {why}"
