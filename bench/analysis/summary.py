"""Summary: the runs of each place in a table as one mean over seeds, with what it lacks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.layout import Key, Place, method_key
from bench.report.table import Flag, Value

Summary = dict[tuple[Key, Place], Value]


def summarise(frame: pd.DataFrame, metric: str) -> Summary:
    """Return the mean of per-run figures for each (method key, (task, minority count)) that `frame` has cells of."""
    groups: dict[tuple[Key, Place], list[int]] = {}
    for row, (method, task, count) in enumerate(
        zip(frame["method"], frame["task"], frame["minority_count"], strict=True)
    ):
        groups.setdefault((method_key(method), (task, int(count))), []).append(row)
    states, values = frame["status"].to_numpy(), frame[metric].to_numpy(dtype=float)
    alike = [metric in str(text).split() for text in frame["alike"]] if "alike" in frame else [False] * len(frame)
    return {spot: _value(states[rows], values[rows], all(alike[row] for row in rows)) for spot, rows in groups.items()}


def _value(states: np.ndarray, values: np.ndarray, alike: bool) -> Value:
    figures = values[np.isin(states, ["done", "stale"]) & ~np.isnan(values)]
    n, expected = len(figures), len(states)
    flags: set[Flag] = set()
    flag: Flag
    for flag in ("failed", "missing", "stale", "not applicable"):
        if (states == flag).any():
            flags.add(flag)
    if 0 < n < expected:
        flags.add("partial")
    if alike:
        flags.add("alike")
    return Value(
        mean=float(figures.mean()) if n else None,
        sd=float(figures.std(ddof=1)) if n > 1 else None,
        n=n,
        expected=expected,
        flags=frozenset(flags),
    )
