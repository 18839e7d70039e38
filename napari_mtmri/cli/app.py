# SPDX-License-Identifier: BSD-3-Clause
"""The shell command: registers a command a file, turns errors into one sentence and a status.

Exit status: 0 done, 1 the job failed, 2 the request is wrong, 130 stopped by the user.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from napari_mtmri import __version__
from napari_mtmri.cli import (
    demo,
    doctor,
    evaluate,
    export,
    methods,
    patterns,
    run,
    train,
    window,
)
from napari_mtmri.errors import MtmriError, RequestError, Stopped

EXIT_FAILED, EXIT_REQUEST, EXIT_STOPPED = 1, 2, 130
EPILOG = "Research use only: not a medical device. Nothing leaves this machine."

app = typer.Typer(
    name="napari-mtmri",
    help="Reconstruct and segment under-sampled MR scans, and say honestly how well.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "open": window.open_,
    "run": run.run,
    "evaluate": evaluate.evaluate,
    "methods": methods.methods,
    "patterns": patterns.patterns,
    "train": train.train,
    "export": export.export,
    "doctor": doctor.doctor,
}
for name, command in COMMANDS.items():
    app.command(name)(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Options that stand before the command."""
    context.obj = {"debug": debug}


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with its status; the entry point."""
    words = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in words
    try:
        status = app(args=words, standalone_mode=False)
    except typer.Exit as leave:
        status = leave.exit_code
    except typer.TyperException as wrong:
        wrong.show()  # type: ignore[attr-defined]  # all of them have it
        status = EXIT_REQUEST
    except (Stopped, KeyboardInterrupt, typer.Abort) as why:
        _say(str(why) or "stopped.", why, debug)
        status = EXIT_STOPPED
    except RequestError as why:
        _say(str(why), why, debug)
        status = EXIT_REQUEST
    except MtmriError as why:
        _say(str(why), why, debug)
        status = EXIT_FAILED
    except Exception as why:  # the one place where the unexpected becomes words
        text = f"unexpected {type(why).__name__}: {why}; run with --debug and report it, please."
        _say(text, why, debug)
        status = EXIT_FAILED
    sys.exit(status if isinstance(status, int) else 0)


def _say(text: str, why: BaseException, debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exception(why)
    typer.echo(f"napari-mtmri: {text}", err=True)
