"""Numbers as findings print them: three decimals, differences with a sign, ends of 90 % beside."""

from __future__ import annotations

import numpy as np

from bench.analysis.advice import Belief, belief

MISSING = "\N{EN DASH}"


def level(value: float) -> str:
    """Return a figure such as an F1."""
    return f"{round(value, 3) + 0.0:.3f}"


def change(value: float) -> str:
    """Return a difference; zero has no sign."""
    rounded = round(value, 3) + 0.0
    return f"{rounded:+.3f}" if rounded else "0.000"


def believed_change(draws: np.ndarray) -> str:
    """Return the mean of draws of a difference, with the ends that hold it with probability 0.9."""
    return in_ends(belief(draws))


def in_ends(found: Belief | None) -> str:
    """Return a difference with its ends, a dash where nothing is known of it."""
    return f"{change(found.mean)} ({change(found.low)} to {change(found.high)})" if found else MISSING


def percent(share: float) -> str:
    """Return a share."""
    return f"{round(100 * share)} %"


def counted(count: int, noun: str) -> str:
    """Return `1 place`, `2 places`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
