"""Summary: the runs of each place in a table as one mean over seeds, with what it lacks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.frame import ALIKE
from bench.analysis.metrics import METRICS
from bench.analysis.spots import Key, Place, method_key
from bench.analysis.states import COUNTED
from bench.analysis.value import Flag, Value

Summary = dict[tuple[Key, Place], Value]


def summarise(frame: pd.DataFrame, metric: str) -> Summary:
    """Return the mean of per-run figures for each (method key, place) that `frame` has cells of."""
    groups: dict[tuple[Key, Place], list[int]] = {}
    for row, (method, task, place) in enumerate(zip(frame["method"], frame["task"], frame["place"], strict=True)):
        groups.setdefault((method_key(method), (task, place)), []).append(row)
    states, values = frame["status"].to_numpy(), frame[metric].to_numpy(dtype=float)
    marks = f"{ALIKE}{metric}"
    alike = frame[marks].to_numpy(dtype=bool) if marks in frame else np.zeros(len(frame), dtype=bool)
    bounded = metric in METRICS and METRICS[metric].bounded
    ids = frame["record"].to_numpy() if "record" in frame else np.full(len(frame), "")
    return {
        spot: _value(states[rows], values[rows], bool(alike[rows].all()), ids[rows], bounded)
        for spot, rows in groups.items()
    }


def _value(states: np.ndarray, values: np.ndarray, alike: bool, ids: np.ndarray, bounded: bool) -> Value:
    counted = np.isin(states, COUNTED) & ~np.isnan(values)
    figures = values[counted]
    n, expected = len(figures), len(states)
    flags: set[Flag] = set()
    flag: Flag
    for flag in ("failed", "missing", "stale", "not applicable"):
        if (states == flag).any():
            flags.add(flag)
    if not n and np.isin(states, COUNTED).any():
        flags.add("not applicable")  # a metric that says nothing of this task
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
        records=tuple(dict.fromkeys(id for id in ids[counted] if id)),
        bounded=bounded,
    )
