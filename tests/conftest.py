"""What holds for every test: signals do what they do for a program that was started at a terminal."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Undo what `nohup` and a shell's `&` leave ignored, which tests that interrupt and hang up would inherit."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
