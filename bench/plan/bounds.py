"""Bounds: numbers beyond which no machine could plan a run, or hold it."""

from __future__ import annotations

from collections.abc import Iterator

from bench.errors import ConfigError

MOST_SEEDS = 10_000  # wherever a number of seeds is said
MOST_CELLS = 100_000  # to plan as many takes a quarter of a minute
# By the last part of a number's name.
MOST = dict.fromkeys(("image_size", "load_size", "crop_size"), 4096) | {
    "width": 10_000,
    "seeds": MOST_SEEDS,
    "blocks": 1000,
    "threads": 1024,
}
MOST_OF_ANYTHING = 10**12
MOST_OF_RATES = 3e38  # what a number of 32 bits can be


def out_of_reach(values: object) -> str:
    """Return what is wrong with the first number in a profile's tables that is too large, "" where none is.

    Decimal numbers are rates and weights, but for sizes.
    """
    for place, number in _numbers(values):
        name = place.rpartition(".")[2]
        most = MOST.get(name, MOST_OF_ANYTHING if isinstance(number, int) else MOST_OF_RATES)
        if not number <= most:
            limit = f"{most:,}" if isinstance(most, int) else f"{most:g}"
            return f"{place}: Input should be less than or equal to {limit}"
    return ""


def refuse_too_many(cells: int) -> None:
    """Refuse a grid of so many cells, and fits that no cell shows, where they are too many.

    Raises
    ------
    ConfigError
        They are; the text says what to take less of.
    """
    if cells > MOST_CELLS:
        asked = f"{cells:,} cells and more are asked for, at most {MOST_CELLS:,} are planned at a time"
        raise ConfigError(f"{asked}; take fewer seeds, translators, subsets, methods, places or datasets")


def _numbers(values: object, place: str = "") -> Iterator[tuple[str, float]]:
    """Yield every number in tables and lists, with the names that lead to it, joined by dots."""
    if isinstance(values, dict):
        for name, value in values.items():
            yield from _numbers(value, f"{place}.{name}" if place else name)
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _numbers(value, place)
    elif isinstance(values, int | float):
        yield place, values
