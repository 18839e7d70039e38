# SPDX-License-Identifier: BSD-3-Clause
"""Every command line and Python block that README and docs print runs as printed.

Each page is run in a folder of its own, from the first to the last line, on what ``napari-mtmri
sample`` writes. Here the sample is made small and the networks are tiny; under the mark ``slow``
the lines run in a shell, on the sample and the weights that a newcomer has.
"""

from __future__ import annotations

import csv
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import typer.main

import napari_mtmri as mt
from napari_mtmri.cli.app import NAME, app, main
from napari_mtmri.samples import write_samples
from tests.review.reader_studies import block, read_as, write_study
from tests.tiny import save_tiny_weights

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(rf"`({NAME} [^`]+)`")
PROGRAMS = (NAME, "pip", "dask", "torchrun", "srun", "apt-get", "python3")
VARIABLE = re.compile(r"[A-Z_]+=\S+")

# Lines that no test runs, why, and what is checked of them instead.
NOT_RUN = {
    "python3 -m venv": (
        "needs a package index; .ci/run installs the wheel the same way",
        "nothing",
    ),
    "apt-get ": ("installs system packages; .ci/run runs this very line", "nothing"),
    "pip install": ("needs a package index", "extras"),
    "dask ": ("runs until it is stopped; tests/batch/test_dask.py starts the same", "parsed"),
    "CUDA_VISIBLE_DEVICES=": ("needs two GPUs", "parsed"),
    "torchrun ": ("needs two computers with GPUs", "parsed"),
    "srun ": ("needs a SLURM cluster", "parsed"),
    "napari-mtmri run *.nii.gz --out results --dask": ("needs a cluster", "parsed"),
    "napari-mtmri review study --reader Anna": ("opens a window; tests/gui/review", "parsed"),
    "napari-mtmri review study --reading-key": (
        "needs several reconstructions of a case; tests/review/test_reading.py",
        "parsed",
    ),
    "napari-mtmri train --preset cpu-size": ("hours", "cases"),
    "napari-mtmri train --preset full-size": ("needs GPUs", "parsed"),
    "napari-mtmri train --preset fine-tune": ("hours", "cases"),
    "napari-mtmri zoo train": ("days", "parsed"),
    "napari-mtmri experiment": ("minutes to hours; tests/study/test_experiment.py", "parsed"),
    "napari-mtmri export training": ("needs hours of training", "parsed"),
    "napari-mtmri evaluate lgg-flair": ("needs the weights of the line before", "parsed"),
}
NOT_RUN_PYTHON = {"dask_jobqueue": "needs a SLURM cluster", "dask_kubernetes": "needs Kubernetes"}
# Lines that take long even on small images, and those that need what they made; the tests of
# their commands run the same options on less.
ONLY_SLOW = (
    "napari-mtmri sweep ",
    "napari-mtmri train --preset quick-check",
    "napari-mtmri train --resume training",
)
# Pages whose lines would run for hours on the whole sample: sweep.md alone computes some 470 results.
SMALL = ("sweep.md",)
# What a page takes for granted: folders that `sample` writes; "." is the working directory.
SAMPLES = {
    "README.md": (),
    "compare.md": (".",),
    "researcher.md": (".", "lgg-flair"),
    "sweep.md": (".",),
    "training.md": (".", "cases", "lgg-flair"),
}


@dataclass(frozen=True)
class Printed:
    """A command line, or a Python block, and where it is printed."""

    page: str
    line: int
    text: str
    is_python: bool = False

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def printed(page: Path) -> list[Printed]:
    """Return the command lines and Python blocks of a page, in order."""
    text, found = page.read_text(encoding="utf-8"), []
    for fence in BLOCK.finditer(text):
        first = text.count("\n", 0, fence.start()) + 2
        if fence[1] == "python":
            found.append(Printed(page.name, first, fence[2], is_python=True))
            continue
        whole = fence[2].replace("\\\n", " \n")
        for number, line in enumerate(whole.split("\n"), first):
            if VARIABLE.sub("", line).strip().startswith(PROGRAMS):
                rest = [line]
                if line.endswith(" "):  # it continued on the next line
                    rest.append(whole.split("\n")[number - first + 1])
                found.append(Printed(page.name, number, " ".join(" ".join(rest).split())))
            elif not fence[1] and line.strip() and not is_continued(whole, line):
                assert not line.startswith(PROGRAMS), line
    return found


def is_continued(block: str, line: str) -> bool:
    return f" \n{line}" in block


LINES = [one for page in PAGES for one in printed(page) if not one.is_python]
BLOCKS = [one for page in PAGES for one in printed(page) if one.is_python]
TEXTS = [
    Printed(page.name, text.count("\n", 0, found.start()) + 1, " ".join(found[1].split()))
    for page in PAGES
    for text in [page.read_text(encoding="utf-8")]
    for found in INLINE.finditer(BLOCK.sub(lambda fence: "\n" * fence[0].count("\n"), text))
]


def words_of(line: str) -> list[str]:
    """Return the words of a line as the shell splits them, without its comment."""
    words = shlex.split(line, comments=True)
    return [part for word in words for part in (sorted(glob.glob(word)) or [word])]


def not_run(one: Printed) -> str | None:
    """Return what is checked of a line that is not run; None if it is run."""
    return next((how for start, (_, how) in NOT_RUN.items() if one.text.startswith(start)), None)


def parse(words: list[str]) -> None:
    """Parse a command with all its options, without running it."""
    command = typer.main.get_command(app)
    context = command.make_context(NAME, list(words[:1]), resilient_parsing=True)
    found = command.get_command(context, words[0])  # type: ignore[attr-defined]
    assert found is not None, f"no command {words[0]}"
    found.make_context(words[0], list(words[1:]))


def test_lines_and_blocks_are_found() -> None:
    assert {one.page for one in LINES} > set(SAMPLES) - {"sweep.md"}
    assert {one.page for one in BLOCKS} >= {"README.md", "researcher.md", "compare.md", "sweep.md"}
    for start in NOT_RUN:
        assert any(one.text.startswith(start) for one in LINES), f"no page prints {start!r}"


@pytest.mark.parametrize("one", [line for line in LINES if not_run(line)], ids=str)
def test_a_line_that_is_not_run_is_at_least_valid(one: Printed) -> None:
    how, line = not_run(one), VARIABLE.sub("", one.text).rstrip("& ")
    words = words_of(line)
    if how == "extras":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        for named in re.findall(r"\[([\w,]+)\]", one.text):
            assert set(named.split(",")) <= set(extras["optional-dependencies"])
    elif how == "parsed" and words[0] == "dask":
        distributed = pytest.importorskip("distributed.cli")
        assert distributed is not None
        from distributed.cli import dask_scheduler, dask_worker

        {"worker": dask_worker, "scheduler": dask_scheduler}[words[1]].main.make_context(
            words[1], words[2:]
        )
    elif how in ("parsed", "cases"):
        start = next(n for n, word in enumerate(words) if word.replace("_", "-") == NAME)
        parse(words[start + 1 :])


@pytest.mark.parametrize("one", TEXTS, ids=str)
def test_a_command_in_the_text_exists(one: Printed) -> None:
    """A sentence may name a command without all its arguments; what it does name is parsed."""
    words = words_of(one.text)[1:]
    try:
        parse(words)
    except typer.TyperException as why:
        assert "Missing" in f"{why}", one.text


@pytest.fixture(scope="session")
def small_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``sample`` writes, with few voxels around the lesions."""
    folder = tmp_path_factory.mktemp("printed") / "sample"
    write_samples(folder)
    make_small(folder)
    return folder


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_weights(tmp_path_factory.mktemp("weights"))


def make_small(folder: Path, n_around: int = 1) -> None:
    """Keep some slices around the lesion and every n-th voxel of the cases in a folder."""
    table = (folder / "cases.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(table.splitlines()):
        image, lesion = mt.open(folder / row["image"]), mt.open(folder / row["mask"], "labels")
        middle = int(lesion.data.sum((0, 1)).argmax())
        step = max(1, round(min(image.shape[:2]) / 32))
        kept = np.s_[::step, ::step, max(middle - n_around, 0) : middle + n_around + 1]
        affine = image.affine @ np.diag([step, step, 1, 1])
        for volume, name in ((image, row["image"]), (lesion, row["mask"])):
            mt.save(mt.Volume(volume.data[kept], affine, kind=volume.kind), folder / name)


def reviewed(folder: Path) -> None:
    """Make a study of which two readers have signed off all cases."""
    write_study(folder, 2)
    for reader, size in (("Anna", 6), ("Ben", 5)):
        read_as(folder, reader, {name: block(size) for name in ("p0", "p1")})


def prepare(page: str, folder: Path, sample: Path | None) -> None:
    """Make the files that a page takes for granted."""
    for name in SAMPLES.get(page, ()):
        if sample is not None:
            shutil.copytree(sample, folder / name, dirs_exist_ok=True)
    if page == "review.md":
        reviewed(folder / "study")


@pytest.mark.parametrize("page", [page.name for page in PAGES if printed(page)])
def test_a_page_runs_on_a_small_sample(
    page: str,
    small_sample: Path,
    weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    prepare(page, folder, small_sample)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MTMRI_WEIGHTS", str(weights))
    for one in [one for one in LINES if one.page == page]:
        words, how = words_of(one.text)[1:], not_run(one)
        if how == "cases":
            words += ["--check"]
        elif one.text.startswith(ONLY_SLOW):
            parse(words)
            continue
        elif how is not None:
            continue
        with pytest.raises(SystemExit) as left:
            main(words)
        out, err = capsys.readouterr()
        assert left.value.code in (0, None), f"{one}: {one.text}\n{out}{err}"
        if words[0] == "sample":
            make_small(folder / words[-1])
    for one in [one for one in BLOCKS if one.page == page]:
        code = compile("\n" * (one.line - 1) + one.text, one.page, "exec")
        if page != "sweep.md" and not any(word in one.text for word in NOT_RUN_PYTHON):
            exec(code, {})


@pytest.mark.slow
@pytest.mark.parametrize("page", [page.name for page in PAGES if printed(page)])
def test_a_page_runs_as_printed(page: str, tmp_path: Path) -> None:
    """In a shell, as a newcomer: an empty folder and home, the sample, the shipped weights."""
    folder, home = tmp_path / "work", tmp_path / "home"
    folder.mkdir()
    commands = Path(sys.executable).parent
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    env = {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8", "MPLBACKEND": "Agg"}

    def shell(line: str, at: Path = folder) -> None:
        done = subprocess.run(["bash", "-c", line], cwd=at, env=env, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"

    for name in SAMPLES.get(page, ()):
        shell(f"{NAME} sample --out {name}")
        if page in SMALL:
            make_small(folder / name, n_around=12)  # a lesion of 20 mm fits in
    prepare(page, folder, None)
    for one in [one for one in LINES if one.page == page]:
        how = not_run(one)
        if how in (None, "cases"):
            shell(one.text if how is None else f"{one.text.partition('#')[0]} --check")
    for one in [one for one in BLOCKS if one.page == page]:
        if not any(word in one.text for word in NOT_RUN_PYTHON):
            shell(f"{shlex.quote(sys.executable)} -c {shlex.quote(one.text)}")
