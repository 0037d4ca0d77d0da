"""The end of the program: a command brings it. Code of a plugin that would bring it sooner is no success."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from bench.cli.options import say

ONLY = "nothing but a command may end the program"
OF_C = ("exit", "_exit", "_Exit", "quick_exit", "execl", "execle", "execlp", "execv", "execve", "execvp", "execvpe")
LEAVERS = (os, sys.modules[os.name])  # os has its _exit from another module, posix say

_guarded: list[int] = []  # the process whose end is looked after: a forked child may come to its own
_listens = False


@contextmanager
def no_other_end() -> Iterator[None]:
    """Let no code leave this process, past every handler, as if all were well.

    `os._exit(0)` leaves with status 1 and a line. What would put another program in the place of this one, or have the
    C library end it, raises a RuntimeError where it is called. A library that ends the process from C is not seen.
    """
    leave = os._exit
    _leave_by(_leaving(leave, _leave_with_a_word))
    _listen()
    _guarded.append(os.getpid())
    try:
        yield
    finally:
        _guarded.pop()
        _leave_by(leave)


def end(status: int) -> NoReturn:
    """End Python with a status; nothing that runs after this, `os._exit(0)` in a handler at exit say, makes it 0."""
    _leave_by(_leaving(os._exit, lambda asked: asked or status))
    _guarded.append(os.getpid())
    sys.exit(status)


def of_plugin(error: BaseException) -> tuple[str, int, str] | None:
    """Return file, line and function of the plugin that an error went through last; None where there is none."""
    registry = sys.modules.get("bench.registry")  # which a help text does without
    frames = [*traceback.walk_tb(error.__traceback__)] if registry else []
    own = [it for it in frames if registry and str(it[0].f_globals.get("__name__", "")).startswith(registry.PLUGIN)]
    if not own:
        return None
    frame, line = own[-1]
    return frame.f_code.co_filename, line, frame.f_code.co_name


def _leaving(leave: Callable[[int], NoReturn], status_of: Callable[[int], int]) -> Callable[[int], NoReturn]:
    mine = os.getpid()

    def leave_here(status: int) -> NoReturn:
        leave(status_of(status) if os.getpid() == mine else status)

    return leave_here


def _leave_by(leave: Callable[[int], NoReturn]) -> None:
    for module in LEAVERS:
        module._exit = leave  # type: ignore[attr-defined]


def _leave_with_a_word(status: int) -> int:
    if status:
        return status
    say(f"imbench: os._exit in {_place(sys._getframe(2))}: {ONLY}")
    return 1


def _listen() -> None:
    """Hear of what ends a process otherwise; a hook for such events cannot be taken away again."""
    global _listens
    if not _listens:
        sys.addaudithook(_heard)
        _listens = True


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    ends = event == "os.exec" or (event == "ctypes.dlsym" and arguments[1] in OF_C)
    if ends and _guarded and os.getpid() == _guarded[-1]:
        raise RuntimeError(ONLY)


def _place(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
