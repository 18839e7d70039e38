# SPDX-License-Identifier: BSD-3-Clause
"""What the package says about itself, and what its source distribution contains."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
from email import message_from_string
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LINK = re.compile(r"\]\(([^)]+)\)")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy of the tracked files, in which a build leaves its traces."""
    folder = tmp_path_factory.mktemp("checkout") / "napari-mtmri"
    try:
        words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs git and a checkout, to know which files belong to the project")
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def sdist(checkout: Path) -> tarfile.TarFile:
    build = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
    out = checkout.parent / "dist"
    words = [sys.executable, "-W", "ignore", "-c", build, str(out)]
    done = subprocess.run(words, cwd=checkout, capture_output=True, text=True)
    if done.returncode and "No module named 'setuptools'" in done.stderr:
        pytest.skip("needs setuptools")
    assert done.returncode == 0, done.stderr[-2000:]
    with tarfile.open(next(out.glob("*.tar.gz"))) as packed:
        yield packed


def test_the_source_distribution_contains_every_file_of_the_project(
    sdist: tarfile.TarFile, checkout: Path
) -> None:
    inside = {name.partition("/")[2] for name in sdist.getnames()}
    wanted = {
        str(path.relative_to(checkout))
        for path in checkout.rglob("*")
        if path.is_file() and "egg-info" not in str(path) and path.name != ".gitignore"
    }
    assert wanted - inside == set()


def test_links_and_pictures_of_the_description_are_absolute(sdist: tarfile.TarFile) -> None:
    name = next(name for name in sdist.getnames() if name.endswith("/PKG-INFO"))
    file = sdist.extractfile(name)
    assert file is not None
    said = message_from_string(file.read().decode("utf-8"))
    links = LINK.findall(said.get_payload())
    assert len(links) > 10
    assert [link for link in links if not link.startswith("https://")] == []
    start = f"{PROJECT['urls']['Repository']}/"
    for link in links:
        if link.startswith(start):
            assert (ROOT / link.removeprefix(start).split("/", 2)[2]).exists(), link
    assert said["License-Expression"] == PROJECT["license"]
    assert len(said.get_all("Project-URL")) >= 4


def test_the_licence_names_what_is_inside() -> None:
    """The program, the weights (not for commercial use) and the sample, each with its text."""
    assert {"BSD-3-Clause", "CC-BY-NC-SA-4.0", "LicenseRef-CC-BY"} == set(
        PROJECT["license"].split(" AND ")
    )
    assert "CC BY-NC-SA 4.0" in (ROOT / "LICENSE-WEIGHTS").read_text(encoding="utf-8")
    for name in PROJECT["license-files"]:
        assert (ROOT / name).is_file()


def test_the_citation_identifies_the_paper_and_this_version() -> None:
    import napari_mtmri

    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert said["version"] == napari_mtmri.__version__
    assert said["repository-code"] == PROJECT["urls"]["Repository"]
    assert said["preferred-citation"]["doi"].endswith(PROJECT["urls"]["Paper"].rpartition("/")[2])


def test_the_first_command_of_the_readme_needs_no_root() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first = text.split("```\n")[1]
    assert "apt-get" not in first
    assert "sudo" not in text.partition("## Tests")[0]
    assert "train" in first  # README's own training command must not ask for an extra
