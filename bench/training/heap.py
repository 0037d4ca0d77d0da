"""Memory of freed maps, kept for the next layer: a C library that gives each back to the system pays for every page."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

ONE_ARENA, MAPPED_FROM, TRIMMED_FROM = -8, -3, -1  # mallopt(3): M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD
KEPT = 2**30  # bytes that stay at hand
MAPPED, TRIMMED = 2**25, 2**26  # where glibc's own thresholds end once blocks as large as a layer's maps were freed


@contextmanager
def kept_heap() -> Iterator[None]:
    """Keep freed memory at hand, for all threads, and give it back at the end; does nothing without glibc's `malloc`.

    A pretrained body makes a map of some megabytes at every layer. No number changes: only where it is written.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    for parameter, value in ((ONE_ARENA, 1), (MAPPED_FROM, KEPT), (TRIMMED_FROM, KEPT)):
        libc.mallopt(parameter, value)
    try:
        yield
    finally:
        libc.mallopt(MAPPED_FROM, MAPPED)
        libc.mallopt(TRIMMED_FROM, TRIMMED)
        libc.malloc_trim(0)
