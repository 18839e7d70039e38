# SPDX-License-Identifier: BSD-3-Clause
"""What the package imports is declared in pyproject.toml, and what is declared is used."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "napari_mtmri"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FOR_DEVELOPERS = ("test", "dev", "all")
NOT_IMPORTED_BY_US = {
    "h5py": "nibabel reads MINC 2 with it, and sets no lower bound",
    "magicgui": "forms of parameters in the window",
    "pyside6-essentials": "the Qt binding that qtpy imports",
    "tensorboard": "torch.utils.tensorboard imports it",
}


def distribution(requirement: str) -> str:
    """Normalized name of the distribution that a requirement names."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()  # type: ignore[index]


REQUIRED = {distribution(line) for line in PROJECT["dependencies"]}
EXTRAS = {
    extra: {distribution(line) for line in lines} - REQUIRED
    for extra, lines in PROJECT["optional-dependencies"].items()
    if extra not in FOR_DEVELOPERS
}


def imported(node: ast.AST, inside: bool = False) -> Iterator[tuple[str, bool]]:
    """Names of imported top-level packages, and whether the import is inside a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name.partition(".")[0], inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield (child.module or "").partition(".")[0], inside
        else:
            function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
            yield from imported(child, inside or function)


def imports() -> dict[str, set[tuple[str, bool]]]:
    """Files, and whether inside a function, by distribution that they import."""
    owners = packages_distributions()
    found: dict[str, set[tuple[str, bool]]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name, inside in imported(tree):
            if name not in sys.stdlib_module_names and name != PACKAGE.name:
                # what is not installed here is taken to have the name of its module
                for owner in owners.get(name, [name]):
                    place = (str(path.relative_to(ROOT)), inside)
                    found.setdefault(distribution(owner), set()).add(place)
    return found


def test_what_is_imported_is_declared() -> None:
    declared = REQUIRED.union(*EXTRAS.values())
    assert {name: places for name, places in imports().items() if name not in declared} == {}


def test_what_is_declared_is_imported() -> None:
    assert REQUIRED.union(*EXTRAS.values()) - set(imports()) - set(NOT_IMPORTED_BY_US) == set()


def test_every_exception_is_declared() -> None:
    assert set(NOT_IMPORTED_BY_US) <= REQUIRED.union(*EXTRAS.values())


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_is_imported_inside_functions_and_a_message_names_it(extra: str) -> None:
    for name in EXTRAS[extra]:
        assert all(inside for _, inside in imports().get(name, ())), name
    texts = (path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    assert any(f"napari-mtmri[{extra}]" in text for text in texts)
