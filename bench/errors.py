"""Errors that a user can cause: one clear line each, never a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from unicodedata import category

FILE_NAME = re.compile(r"[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]{0,99}")  # what may become part of a path
LONGEST = 300  # characters of foreign text in a line
LONGEST_LINE = 1000  # characters of a line that says something; names of files alone have 255


class UserError(Exception):
    """Something outside the code is wrong; the text names the file, field or command to look at."""

    exit_status = 2


class ConfigError(UserError):
    """bench.toml, or the command line that overrides it, asks for something that cannot be."""


class DataError(UserError):
    """Images are missing, damaged or not the published ones."""


class StoreError(UserError):
    """The results folder cannot be read or written."""


class Stopped(UserError):
    """The user pressed Ctrl-C."""

    exit_status = 130


class Terminated(BaseException):
    """The system ends this process (SIGTERM, SIGHUP). No work may swallow it: it is not an Exception."""

    exit_status = 143


class TrainingDiverged(Exception):
    """A loss became NaN or infinite; `epoch` counts from 1, in the unit that the training counts in."""

    def __init__(self, epoch: int, value: float, unit: str = "epoch") -> None:
        super().__init__(f"the loss became {value} in {unit} {epoch}")
        self.epoch = epoch


def printable(text: str) -> str:
    """Return text for a terminal: what would steer it, in a file's name or a foreign record say, is escaped."""
    if text.isprintable():
        return text
    steers = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "".join(
        it.encode("unicode_escape").decode() if it not in "\n\t" and category(it) in steers else it for it in text
    )


def one_line(text: str) -> str:
    """Return printable text as one line: a name that holds a line break begins no line that looks like one of ours."""
    return printable(text).replace("\n", "\\n")


def shortened(line: str) -> str:
    """Return a line of sensible length: of a longer one the middle is left out, for its end says what to do."""
    left_out = len(line) - LONGEST_LINE
    if left_out <= 0:
        return line
    end = LONGEST_LINE // 3
    return f"{line[: LONGEST_LINE - end]} ... ({left_out:,} characters left out) ... {line[-end:]}"


def told(text: str, more: str = "") -> str:
    """Return foreign text, an error's or that of a record, as one line that can be read and steers no terminal.

    Parameters
    ----------
    more
        What stands behind a text that was cut.
    """
    line = printable(" ".join(text.split()))
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}...{more}"


def no_file_name(kind: str, name: str) -> str:
    """Return why a name of a kind (dataset, profile, ...) cannot be part of a path, "" where it can."""
    return "" if FILE_NAME.fullmatch(name) else f"{name[:99]!r} cannot be the name of a {kind}: files are called by it"


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that does not exist, with the nearest one that does."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    folded = [candidate for candidate in names if candidate.lower() == name.lower()]
    if best := (folded or close):
        return f"unknown {kind} {name!r}: did you mean {best[0]!r}?"
    return f"unknown {kind} {name!r}: known are {', '.join(names) or 'none'}"
