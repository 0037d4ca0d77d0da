"""The command `imbench`: parse, call, print; the work is done elsewhere."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from bench import __version__
from bench.cli import advising, looking, models, records, reporting, running, starting
from bench.cli.options import say
from bench.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Which method should I use against a rare class, how much does it buy, and can I believe the difference?",
)
for part in (running, advising, reporting, records, models, starting, looking):
    app.add_typer(part.app)


def main() -> None:
    """Run a command; a user's error is one line and exit status 2, Ctrl-C one line and 130."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        app()
    except UserError as error:
        say(f"imbench: {error}")
        sys.exit(error.exit_status)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Print the version if asked to."""
    if show:
        print(__version__)
        raise typer.Exit
