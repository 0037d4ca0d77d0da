"""Where output goes: a terminal, a file or a pipe, of any encoding, or one that nobody reads any more."""

from __future__ import annotations

import io
import os
import sys
import warnings
from contextlib import suppress
from typing import TextIO

FORCING = ("FORCE_COLOR", "PY_COLORS", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE")

CLOSED = 141  # exit status, as the system gives it to a program that nobody listens to any more


def speak_utf8() -> None:
    """Begin again in Python's UTF-8 mode where the locale is another: names of files are UTF-8, whatever it says."""
    narrow = sys.getfilesystemencoding().lower() not in ("utf-8", "utf8")
    if os.name == "posix" and narrow and sys.orig_argv and os.environ.get("PYTHONUTF8") != "1":  # tried, and ignored
        with suppress(OSError):
            os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | {"PYTHONUTF8": "1"})


def settle() -> None:
    """Make standard output and error fit to print anything on, and believe them alone whether they are terminals."""
    _open_closed()
    sys.stdout, sys.stderr = _there(sys.stdout), _there(sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a test or a notebook puts other things there
            stream.reconfigure(errors="backslashreplace" if stream is sys.stderr else "replace")
    # Where no semaphore can be made joblib says so when it is imported; who needs one is told in our words.
    warnings.filterwarnings("ignore", message=".*joblib will operate in serial mode", category=UserWarning)
    if not sys.stderr.isatty():
        for name in FORCING:
            os.environ.pop(name, None)
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"


def finish() -> str:
    """Write out what is left; return "" or why it cannot be, "closed" where whoever read it has gone."""
    reason = ""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            reason = "closed"
        except (OSError, ValueError) as error:
            reason = str(getattr(error, "strerror", None) or error)
        else:
            continue
        _give_up(stream)
    return reason


def _open_closed() -> None:
    """Lead a standard stream that is closed to nowhere: else a file takes its number, and workers write there."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)  # which workers inherit
            if nowhere != number:
                os.close(nowhere)
            else:
                os.set_inheritable(number, True)


def _there(stream: TextIO | None) -> TextIO:
    return open(os.devnull, "w", encoding="utf8") if stream is None else stream


def _give_up(stream: TextIO) -> None:
    """Send the rest to nowhere: Python would try again at its end, and complain."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
