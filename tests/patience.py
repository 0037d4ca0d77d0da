"""Waiting for a condition: as long as it takes on a slow and busy machine; only what never comes is given up."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 300.0  # seconds, some hundred times what an idle machine needs; a test that passes never waits so long


def wait_for(condition: Callable[[], bool], what: str = "what was waited for") -> None:
    """Return as soon as a condition holds.

    Raises
    ------
    AssertionError
        It does not hold in good time.
    """
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"{what} does not come"
        time.sleep(0.01)
