"""Contents of files as faults leave them, and what a reader makes of one: a value, or one line on what is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bench.errors import UserError
from bench.store.recordtext import Damaged, Newer

EXAMPLES = int(os.environ.get("EXAMPLES_OF_FAULTS", "40"))
MANY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[*HealthCheck], print_blob=True)
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
DEEP = 60_000  # brackets, more than any parser goes down
PIECES = [b"{", b"[", b'"', b"\n", b"nan", b"1e999", b"9" * 5000, b"[" * DEEP, b'{"":' * DEEP, b"null", b"-1", b"{}"]


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw a content with bytes replaced, left out, doubled or put in."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(content) - 1)))
        length = draw(st.integers(0, 12))
        content[start : start + length] = draw(st.one_of(st.binary(max_size=12), st.sampled_from(PIECES)))
    return bytes(content)


def contents(whole: bytes) -> st.SearchStrategy[bytes]:
    """Draw anything, or what was written with some of it changed."""
    return st.one_of(st.binary(max_size=200), mutated(whole))


def outcome(read: Callable[[], Any]) -> tuple[Any, str]:
    """Return what a reader gives and the line with which it refuses, one of them empty; no other error is one line."""
    try:
        found = read()
    except (UserError, Damaged, Newer) as error:
        said = str(error).strip()
        assert said and "\n" not in said, "one line; the command line shortens it"
        return None, said
    return found, ""
