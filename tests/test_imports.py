# SPDX-License-Identifier: BSD-3-Clause
"""What an import brings, seen in fresh interpreters."""

from __future__ import annotations

import ast
import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

import napari_mtmri as mt

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "napari", "qtpy", "nibabel", "matplotlib", "scipy", "skimage")


def loaded(code: str) -> set[str]:
    """Return which heavy packages a fresh interpreter has after some code."""
    ask = f"{code}\nimport sys; print(' '.join(n for n in {HEAVY!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


@pytest.mark.parametrize(
    "code",
    [
        "import napari_mtmri",
        "import napari_mtmri as mt; mt.Volume, mt.Pattern, mt.open, mt.run",
        "import napari_mtmri as mt; mt.Acquisition, mt.run_many, mt.evaluate_many",
        "import napari_mtmri.compare, napari_mtmri.report",
        "from napari_mtmri.methods.base import METHODS; [METHODS.get(n) for n in METHODS.names()]",
        "from napari_mtmri.cli.app import main\ntry: main(['--help'])\nexcept SystemExit: pass",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_used(code: str) -> None:
    assert loaded(code) == set()


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        ({}, {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "10000"}),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}),
        ({"GOMP_SPINCOUNT": "7"}, {"GOMP_SPINCOUNT": "7"}),
        ({"KMP_BLOCKTIME": "1"}, {"KMP_BLOCKTIME": "1"}),
    ],
)
def test_threads_wait_passively_unless_the_user_chose(
    chosen: dict[str, str], kept: dict[str, str]
) -> None:
    """Before torch is loaded, by any way in: all of them import the package first."""
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
    others = {name: value for name, value in os.environ.items() if name not in names}
    code = (
        f"import os, napari_mtmri; print({{n: os.environ[n] for n in {names} if n in os.environ}})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**others, **chosen}, capture_output=True, text=True
    )
    assert ast.literal_eval(done.stdout) == kept


def test_public_names_are_there_and_no_others() -> None:
    assert all(hasattr(mt, name) for name in mt.__all__)
    assert dir(mt) == sorted(mt.__all__)
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        _ = mt.magic


def test_reading_and_comparing_works_without_torch(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["torch"] = None
import numpy as np, napari_mtmri as mt
volume = mt.Volume(np.ones((8, 8, 4), np.float32), np.eye(4))
path = mt.save(volume, sys.argv[1] + "/a.nii.gz")
assert mt.open(path).same_grid(volume)
mt.simulate(volume, mt.Pattern("random", acceleration=2))
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_every_folder_of_code_is_packaged() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "napari_mtmri").rglob("__init__.py")
    }
    assert listed == found | {"napari_mtmri.sample_data"}


@pytest.mark.parametrize("kind", ["patterns", "methods", "metrics", "readers"])
def test_what_is_registered_can_be_loaded(kind: str) -> None:
    from napari_mtmri.registry import Registry

    registry: Registry[object] = Registry(kind)
    assert registry.broken() == {}
    assert registry.names()


def test_the_manifest_names_what_exists() -> None:
    import yaml

    from napari_mtmri.cli.app import COMMANDS

    manifest = yaml.safe_load((ROOT / "napari_mtmri" / "napari.yaml").read_text())["contributions"]
    commands = {command["id"] for command in manifest["commands"]}
    used = [
        one["command"]
        for kind in ("readers", "writers", "sample_data", "widgets")
        for one in manifest[kind]
    ]
    used += [i["command"] for items in manifest["menus"].values() for i in items if "command" in i]
    assert set(used) <= commands
    assert COMMANDS
