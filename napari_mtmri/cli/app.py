# SPDX-License-Identifier: BSD-3-Clause
"""The command ``napari-mtmri``: its commands, exit statuses and errors."""

from __future__ import annotations

import inspect
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from napari_mtmri.cli.compare import compare
from napari_mtmri.cli.demo import demo
from napari_mtmri.cli.doctor import doctor
from napari_mtmri.cli.evaluate import evaluate
from napari_mtmri.cli.experiment import experiment
from napari_mtmri.cli.export import export
from napari_mtmri.cli.methods import methods
from napari_mtmri.cli.output import (
    STOPPED,
    WRONG,
    sentence,
    status_of,
    write_anything,
    write_note,
    write_result,
)
from napari_mtmri.cli.patterns import patterns
from napari_mtmri.cli.report import report
from napari_mtmri.cli.review import review
from napari_mtmri.cli.run import run
from napari_mtmri.cli.sample import sample
from napari_mtmri.cli.session import Session, interruptible
from napari_mtmri.cli.sweep import sweep
from napari_mtmri.cli.train import train
from napari_mtmri.cli.window import open_
from napari_mtmri.cli.zoo import zoo

NAME = "napari-mtmri"
COMMANDS: dict[str, Callable[..., object]] = {
    "demo": demo,
    "sample": sample,
    "open": open_,
    "run": run,
    "evaluate": evaluate,
    "compare": compare,
    "sweep": sweep,
    "report": report,
    "methods": methods,
    "patterns": patterns,
    "review": review,
    "train": train,
    "experiment": experiment,
    "export": export,
    "zoo": zoo,
    "doctor": doctor,
}


def help_of(command: Callable[..., object]) -> str:
    """Return the docstring, with a mark that keeps the line breaks of its examples."""
    return (inspect.getdoc(command) or "").replace("\nExample:", "\n\b\nExample:")


app = typer.Typer(
    name=NAME,
    rich_markup_mode=None,  # plain help: fast, and the same in a file as on a screen
    add_completion=False,
    pretty_exceptions_enable=False,
)
for name, command in COMMANDS.items():
    app.command(name, help=help_of(command))(command)


def top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks; may follow any command.")
    ] = False,
) -> None:
    """Reconstruct and segment under-sampled MR scans. Research use only.

    Exit status: 0 done, 1 something failed, 2 wrong options or arguments, 130 stopped.
    Results go to stdout, progress and errors to stderr.

    Example: napari-mtmri demo
             napari-mtmri run patient.nii.gz --out results
             napari-mtmri run --help
    """
    if version:
        from napari_mtmri import __version__

        write_result(f"{NAME} {__version__}")
    elif context.invoked_subcommand is None:
        write_result(context.get_help())


app.callback(invoke_without_command=True, help=help_of(top))(top)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its status; the entry point.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command-line arguments; by default ``sys.argv[1:]``.
    """
    write_anything()
    words = [_home(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    session = Session(debug="--debug" in words)
    words = [word for word in words if word != "--debug"]
    if arguments is None and not session.debug:
        warnings.simplefilter("ignore")  # libraries address them to developers
    status = _run(words, session)
    if arguments is None and status == STOPPED:
        # Unloading torch would delay the exit noticeably.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(STOPPED)
    sys.exit(status)


def _home(word: str) -> str:
    """Return an argument with ``~`` expanded, which shells do not do in ``--out=~/runs``."""
    option, equals, value = word.partition("=")
    if word.startswith("-") and equals and value.startswith("~"):
        return f"{option}={os.path.expanduser(value)}"
    return os.path.expanduser(word) if word.startswith("~") else word


def _run(words: Sequence[str], session: Session) -> int:
    try:
        with interruptible(session.stop):
            status = app(words, prog_name=NAME, standalone_mode=False, obj=session)
    except SystemExit as end:  # the reader closed the pipe
        return end.code if isinstance(end.code, int) else 1
    except (Exception, KeyboardInterrupt) as why:
        return _explain(why, session.debug)
    if status == STOPPED:  # newer typers turn Ctrl-C into a status
        write_note("stopped.")
    return status or 0


def _explain(error: BaseException, debug: bool) -> int:
    if debug:
        write_note("".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        place = NAME if context is None else context.command_path
        text = error.format_message()
        write_note(f"{text}{'' if text.endswith(('.', '?')) else '.'} See {place} --help.")
        return WRONG
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        write_note("stopped.")
        return STOPPED
    write_note(sentence(error))
    return status_of(error)
