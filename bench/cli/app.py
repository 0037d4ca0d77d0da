"""The command `imbench`: parse, call, print; the work is done elsewhere."""

from __future__ import annotations

import re
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from bench import __version__
from bench.cli import (
    advising,
    campaign,
    findings,
    looking,
    models,
    records,
    repeating,
    reporting,
    running,
    second,
    starting,
)
from bench.cli.ending import ONLY, no_other_end, of_plugin
from bench.cli.options import refuse_empty_paths, say
from bench.cli.terminal import CLOSED, finish, settle
from bench.errors import Stopped, Terminated, UserError
from bench.running.stopping import SAID, listen_in_runner, listen_no_more

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Which method should I use against a rare class, how much does it buy, and can I believe the difference?",
)
OUT_OF_MEMORY = re.compile("allocate memory|out of memory|size calculation overflowed|unpacking long", re.IGNORECASE)
ENDS = ("typer", "click")  # who raises SystemExit where a command has ended
for part in (running, repeating, second, advising, campaign, reporting, findings, records, models, starting, looking):
    app.add_typer(part.app)


def main() -> None:
    """Run a command; a user's error is one line and exit status 2, Ctrl-C one line and 130, SIGTERM and SIGHUP 143."""
    status = 1
    try:
        status = _end()
    finally:
        reason = finish()
    if reason and reason != "closed" and not status:
        with suppress(OSError):
            say(f"imbench: the output cannot be written: {reason}")
    sys.exit(status or (0 if not reason else CLOSED if reason == "closed" else 1))


def _end() -> int:
    """Run a command to its end, whoever brings that, and return its exit status; signals then end the process."""
    try:
        try:
            listen_in_runner()
            settle()
            with no_other_end():
                status = _status()
        except BrokenPipeError:  # whoever read the output has gone, as `head` does
            status = CLOSED
        listen_no_more()
    except (Terminated, KeyboardInterrupt) as error:  # also in the instant in which the command ends by itself
        listen_no_more()
        system = isinstance(error, Terminated)
        with suppress(OSError):  # the terminal may be gone
            say(f"imbench: {SAID if system else 'stopped'}")
        status = (Terminated if system else Stopped).exit_status
    return status


def _status() -> int:
    """Run a command and return its exit status."""
    try:
        refuse_empty_paths(sys.argv[1:])
        app()
    except UserError as error:
        say(f"imbench: {error}")
        return error.exit_status
    except (Terminated, KeyboardInterrupt):
        raise
    except Exception as error:
        if said := _not_ours(error):
            say(f"imbench: {said}")
            return UserError.exit_status
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            # a file or folder that is none, forbidden or full, wherever it was used
            say(f"imbench: {': '.join(str(it) for it in (error.filename, error.strerror or error) if it)}")
            return UserError.exit_status
        raise
    except BaseException as error:
        if isinstance(error.__context__, BrokenPipeError):  # rich makes a SystemExit of it
            return CLOSED
        return _end_of_another(error)
    return 1


def _end_of_another(error: BaseException) -> int:
    """Return the status of what ended the command: typer itself, or a plugin as if all were well."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    place = frame.f_code.co_filename, line
    if isinstance(error, SystemExit) and frame.f_globals.get("__name__", "").split(".")[0] in ENDS:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
        # A plugin may call a command of its own, or raise what typer takes for the wish of ours to end.
        theirs = of_plugin(error) or (of_plugin(error.__context__) if error.__context__ else None)
        if status or theirs is None:
            if status == Stopped.exit_status:  # Ctrl-C in a command that has no words of its own for it
                say("imbench: stopped")
            return status
        place = theirs[:2]
    say(f"imbench: {type(error).__name__} in {Path(place[0]).name}:{place[1]}: {ONLY}")
    return 1


def _not_ours(error: Exception) -> str:
    """Return a line about an error of the machine's, or of a user's own code as it was asked what it needs; else ""."""
    lacking = isinstance(error, RuntimeError | TypeError) and OUT_OF_MEMORY.search(str(error))  # torch's own
    if isinstance(error, MemoryError) or lacking:
        return "this machine has not enough memory; a smaller network, image size or batch takes less"
    if (theirs := of_plugin(error)) is None:
        return ""
    path, line, function = theirs
    return f"plugin {path}, line {line}, in {function}: {type(error).__name__}: {error}"


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Print the version if asked to."""
    if show:
        print(__version__)
        raise typer.Exit
