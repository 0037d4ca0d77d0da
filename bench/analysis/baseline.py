"""The baseline: what every method is held against."""

from __future__ import annotations

from bench.registry import METHODS, slots_of


def plain() -> str:
    """Return its name: that of the registered method that fills no slot."""
    return next(entry.name for entry in METHODS if not slots_of(entry.cls))
