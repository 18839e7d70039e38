# SPDX-License-Identifier: BSD-3-Clause
"""``napari-mtmri doctor``: versions, device, weights and window, for bug reports."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from napari_mtmri.cli import options
from napari_mtmri.cli.output import columns, write_json, write_result

PACKAGES = (
    "napari-mtmri", "napari", "npe2", "PySide6_Essentials", "PySide6", "PyQt6", "PyQt5", "qtpy",
    "vispy", "torch", "numpy", "scipy", "scikit-image", "nibabel", "matplotlib", "safetensors",
    "pydantic", "typer", "rich", "lightning-fabric",
)  # fmt: skip
SHOWN_IF_ABSENT = ("napari", "torch", "lightning-fabric")


def doctor(json: options.Json = False) -> None:
    """Show installed versions, device, weights, and whether a window can be opened.

    The text is for bug reports: it contains no patient names, and shows your home folder as ~.

    Example: napari-mtmri doctor
    """
    facts = examine()
    if json:
        write_json(facts)
        return
    rows = []
    for name, value in facts.items():
        if isinstance(value, dict):
            rows += [[f"{name} {part}", str(text)] for part, text in value.items()]
        else:
            rows.append([name, str(value)])
    write_result(columns(rows))


def examine() -> dict[str, Any]:
    """Return facts about this installation, including what is broken."""
    from napari_mtmri.cli.window import window_here

    window = window_here()
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        **_versions(),
        "device": _device(),
        "window": f"{'works' if window.works else 'none'}: {window.text}",
        "display": os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or "not set",
        "weights folder": _home(_user_folder()),
        "weights": _weights(),
        "cannot load": _broken() or "nothing",
        "napari plugin": _plugin(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            if package in SHOWN_IF_ABSENT:
                found[package] = "not installed"
    return found


def _device() -> str:
    try:
        from napari_mtmri.device import choose_device

        return choose_device().why
    except Exception as why:
        return f"none: {type(why).__name__}: {why}"


def _user_folder() -> Path:
    from napari_mtmri.weights import user_folder

    return user_folder()


def _home(text: object) -> str:
    """Replace the home folder, which may contain a person's name, by ~."""
    home = str(Path.home())
    return str(text).replace(home, "~") if len(home) > 1 else str(text)


def _weights() -> dict[str, str]:
    """Return size, hash and place of each weights file, checked against its model card."""
    from napari_mtmri.errors import MtmriError
    from napari_mtmri.files import sha256
    from napari_mtmri.methods.base import METHODS
    from napari_mtmri.weights import find_weights, list_weights, read_card

    names = [name for name in METHODS.names() if name not in METHODS.broken()]
    found = {}
    for part in sorted({part for name in names for part in METHODS.get(name).weights}):
        try:
            file = find_weights(part)
            card = read_card(file)
            same = card.sha256 == sha256(file) and card.method == part
            state = "matches its card" if same else "does NOT match its card"
            found[part] = f"{card.size}, SHA-256 {card.sha256[:12]} {state}, {_home(file)}"
        except (MtmriError, OSError) as why:
            found[part] = _home(why)
    for name in names:
        for file in list_weights(name):
            found.setdefault(file.stem, f"your own, for {name}, {_home(file)}")
    return found


def _broken() -> dict[str, str]:
    """Return the patterns, methods, metrics and readers that cannot be loaded, with the reason."""
    from napari_mtmri.registry import Registry

    kinds = ("patterns", "methods", "networks", "metrics", "readers")
    return {
        f"{kind} {name}": why
        for kind in kinds
        for name, why in Registry[Any](kind).broken().items()
    }


def _plugin() -> str:
    try:
        from npe2 import PluginManifest

        manifest = PluginManifest.from_distribution("napari-mtmri")
        widgets = [widget.display_name for widget in manifest.contributions.widgets or ()]
    except Exception as why:
        text = " ".join(str(why).split())
        return f"manifest cannot be used: {type(why).__name__}: {text}"
    return f"manifest valid, panels: {', '.join(widgets) or 'none'}"
