"""What holds for every test: signals do what they do at a terminal, and no test fails because a machine is slow."""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings

from bench.running import speed

speed.SECONDS = 0.0  # two steps tell a fresh folder enough: no test looks at how fast this machine is

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_configure() -> None:
    """Undo what `nohup` and a shell's `&` leave ignored, which tests that interrupt and hang up would inherit."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no charts, which take most of a small report's time; for tests that look at something else of it."""
    monkeypatch.setattr("bench.report.illustrate.charts", lambda subject: ())
    monkeypatch.setattr("bench.report.illustrate.critical_difference", lambda subjects: ())
