# SPDX-License-Identifier: BSD-3-Clause
"""All commands: exit statuses, arguments, help, and tracebacks only with --debug."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

import napari_mtmri as mt
from napari_mtmri import __version__
from napari_mtmri.cli.app import COMMANDS, main
from napari_mtmri.cli.output import columns, pairs, sentence, status_of
from napari_mtmri.errors import InputError, RequestError, ResourceError, Stopped, WeightsError
from napari_mtmri.samples import phantom
from tests.cli.conftest import SHAPE, Shell


def test_without_a_command_the_help_is_shown(sh: Shell) -> None:
    assert sh().out == sh("--help").out
    assert sh("--version").out.split() == ["napari-mtmri", __version__]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_of_each_command_is_on_a_separate_line(command: str, sh: Shell) -> None:
    answer = sh(command, "--help")
    assert answer.status == 0
    lines = [line.strip() for line in answer.out.splitlines()]
    assert any(line.startswith(f"Example: napari-mtmri {command}") for line in lines)
    assert "\b" not in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fly",), "No such command"),
        (("run",), "VOLUME"),
        (("run", "a.nii"), "--out"),
        (("run", "a.nii", "--out", "o", "--seed", "x"), "--seed"),
        (("run", "a.nii", "--out", "o", "--jobs", "0"), "--jobs"),
        (("patterns", "--nothing"), "--nothing"),
    ],
)
def test_wrong_arguments_give_one_line_and_status_2(
    words: tuple[str, ...], said: str, sh: Shell
) -> None:
    answer = sh(*words)
    assert answer.status == 2
    assert answer.out == ""
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1
    assert "--help" in answer.err


def test_tracebacks_are_shown_with_debug(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--debug", "methods", "magic"], ["methods", "magic", "--debug"]):
        with pytest.raises(SystemExit) as left:
            main(words)
        assert left.value.code == 2
        assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RequestError("x"), 2),
        (InputError("x"), 1),
        (WeightsError("x"), 1),
        (ResourceError("x"), 1),
        (Stopped("x"), 130),
        (KeyboardInterrupt(), 130),
        (ValueError("x"), 1),
    ],
)
def test_every_kind_of_error_has_its_status(error: BaseException, status: int) -> None:
    assert status_of(error) == status


def test_an_unexpected_error_becomes_one_sentence() -> None:
    assert "--debug" in sentence(ValueError("two\nlines"))
    assert "\n" not in sentence(ValueError("two\nlines"))
    assert sentence(OSError(28, "No space left on device", "x.nii")).startswith("x.nii: No space")
    assert "memory" in sentence(MemoryError())


def test_parameters_in_errors_are_spelled_as_options() -> None:
    error = RequestError("give `n_processes` or another `out`; see `napari-mtmri methods`.")
    assert sentence(error) == "give --jobs or another --out; see `napari-mtmri methods`."


def test_columns_are_aligned_without_trailing_blanks() -> None:
    assert columns([["a", "bb", ""], ["ccc", "d", "e"]]) == "a    bb\nccc  d   e"


def test_pairs_are_parsed() -> None:
    assert pairs(["a=1", "b=x=y"], "--param") == {"a": "1", "b": "x=y"}
    for wrong in (["a"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(RequestError, match="--param"):
            pairs(wrong, "--param")


def test_a_closed_pipe_is_not_an_error(here: Path) -> None:
    if os.name == "nt":
        pytest.skip("pipes end otherwise on Windows")
    command = f"{sys.executable} -m napari_mtmri patterns | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("NAME")
    assert "Traceback" not in done.stderr


def test_abort_is_a_stop(capsys: pytest.CaptureFixture[str]) -> None:
    from napari_mtmri.cli.app import _explain

    assert _explain(typer.Abort(), False) == 130
    assert capsys.readouterr().err == "stopped.\n"


@pytest.mark.parametrize("words", [("--out=~/runs",), ("--out", "~/runs")])
def test_the_home_folder_is_expanded_as_in_no_shell(
    words: tuple[str, ...], here: Path, monkeypatch: pytest.MonkeyPatch, sh: Shell
) -> None:
    monkeypatch.setenv("HOME", str(here / "home"))
    monkeypatch.setenv("USERPROFILE", str(here / "home"))
    (here / "home").mkdir()
    volume, _ = phantom((16, 16, 3))
    place = mt.save(volume, "~/head.nii.gz")
    assert place == here / "home" / "head.nii.gz"
    assert mt.open("~/head.nii.gz").shape == (16, 16, 3)
    assert sh("run", "~/head.nii.gz", *words, "-m", "zero-filled").status == 0
    assert (here / "home" / "runs" / "head").is_dir()
    assert not (here / "~").exists()


def started(*words: str, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "napari_mtmri", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


def test_what_stdout_cannot_encode_is_replaced(here: Path) -> None:
    image, _ = phantom(SHAPE)
    mt.save(image, here / "kopf-ä.nii")
    words = ("run", "kopf-ä.nii", "--out", "r", "--method", "zero-filled", "--phase")
    done = started(*words, PYTHONIOENCODING="koi8-r", PYTHONUTF8="0")
    out, err = done.communicate()
    assert done.returncode == 0, err
    assert b"kopf-?" in out
    assert b"kopf-?" in err
    done = started(*words, "--json", PYTHONIOENCODING="koi8-r", PYTHONUTF8="0")
    assert json.loads(done.communicate()[0])[0]["case"] == "kopf-ä"


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode here")
def test_a_file_name_that_is_not_utf8_is_run(here: Path) -> None:
    image, lesion = phantom(SHAPE)
    name = os.fsdecode(b"caf\xe9.nii")
    os.rename(mt.save(image, here / "a.nii"), here / name)
    os.rename(mt.save(lesion, here / "b.nii"), here / f"l{name}")
    done = started(
        "run", name, "--labels", f"l{name}", "--out", "r", "--method", "zero-filled", "--json"
    )
    out, err = done.communicate()
    assert done.returncode == 0, err
    assert json.loads(out)[0]["case"] == r"caf\xe9"
    result = mt.open(here / "r" / r"caf\xe9")
    assert isinstance(result, mt.Result)
    assert result.name == r"caf\xe9"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("after_s", [0.15, 0.3, 0.6])
def test_an_early_ctrl_c_shows_no_traceback(after_s: float, here: Path) -> None:
    process = started("methods")
    time.sleep(after_s)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate()
    # Python itself may still be starting, or the command may be done.
    assert process.returncode in (130, 0, -signal.SIGINT, 1)
    assert not (b"Traceback" in err and b"napari_mtmri" in err), err.decode()
    if process.returncode == 130:
        assert b"stopped." in err


def test_the_demo_looks_first_whether_it_may_write(
    sh: Shell, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "notes.txt").write_text("x")

    def never(*words: object, **more: object) -> None:
        raise AssertionError("computed before it looked")

    monkeypatch.setattr("napari_mtmri.verbs.simulate", never)
    answer = sh("demo", "--headless", "--out", "mine")
    assert answer.status == 2
    assert "mine" in answer.err
