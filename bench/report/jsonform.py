"""The report as JSON: the whole value but for the pixels of its pictures and the frames that lie beside as CSV."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any

import pandas as pd

from bench.analysis.value import Kind, Value
from bench.report.report import Report
from bench.report.table import Row

SCHEMA = 1
PLAIN = (str, bool, int)  # are JSON as they are


def as_text(report: Report) -> str:
    """Return the JSON text of a report, the same for equal reports.

    Many figures rest on the same records: each list of ids stands once under `rests_on`, and a figure's `records` is
    its place there, counted from 0.
    """
    pool: dict[tuple[str, ...], int] = {}
    data = _pooled(as_data(report), pool)
    whole = {"schema": SCHEMA} | data | {"rests_on": [list(ids) for ids in pool]}
    return "{\n" + ",\n".join(f"{_dumped(key)}: {_lines(value)}" for key, value in whole.items()) + "\n}\n"


def _lines(value: Any) -> str:
    """Return a section with each of its entries on one line, so that two reports can be compared line by line."""
    return "[\n" + ",\n".join(map(_dumped, value)) + "\n]" if isinstance(value, list) and value else _dumped(value)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def from_text(text: str) -> Any:
    """Return what `as_text` was given as JSON values, each figure with its own list of records.

    Raises
    ------
    ValueError
        It is not the JSON text of a report of this schema.
    """
    whole = json.loads(text)
    if not isinstance(whole, dict) or whole.get("schema") != SCHEMA or not isinstance(whole.get("rests_on"), list):
        raise ValueError("it is not a report of this version")
    pool = whole.pop("rests_on")
    return _spread(whole, pool)


def _pooled(value: Any, pool: dict[tuple[str, ...], int]) -> Any:
    if isinstance(value, dict):
        return {
            key: pool.setdefault(tuple(it), len(pool)) if key == "records" else _pooled(it, pool)
            for key, it in value.items()
        }
    return [_pooled(it, pool) for it in value] if isinstance(value, list) else value


def _spread(value: Any, pool: list[Any]) -> Any:
    if isinstance(value, dict):
        return {
            key: pool[it] if key == "records" and isinstance(it, int) and 0 <= it < len(pool) else _spread(it, pool)
            for key, it in value.items()
        }
    return [_spread(it, pool) for it in value] if isinstance(value, list) else value


def as_data(value: Any) -> Any:
    """Return a value of the report as JSON values; what is empty is left out."""
    if value is None or type(value) in PLAIN:  # most of them, by far: ids of records
        return value
    if isinstance(value, Row):
        return _fields(value) | {"values": [_printed(it, value.kind) for it in value.values]}
    if is_dataclass(value):
        return _fields(value)
    if isinstance(value, Mapping):
        return {str(key): as_data(it) for key, it in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return as_data(value._asdict())
    if isinstance(value, frozenset):
        return sorted((as_data(it) for it in value), key=str)
    if isinstance(value, list | tuple):
        return [as_data(it) for it in value]
    if isinstance(value, bytes):
        return sha256(value).hexdigest()
    if isinstance(value, pd.DataFrame):
        return {"rows": len(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, str | bool | int) else str(value)


def _printed(value: Value, kind: Kind) -> dict[str, Any]:
    """Return a value of a table with its printed form, and half the width of its interval where it has one."""
    width = {} if value.half_width is None else {"half_width": value.half_width}
    said = _fields(value) | {"text": value.text(kind)} | width
    del said["bounded"]
    return said


def _fields(value: Any) -> dict[str, Any]:
    found = ((field.name, getattr(value, field.name)) for field in fields(value))
    empty: tuple[object, ...] = (None, "", (), frozenset(), {})
    return {
        name: as_data(it)
        for name, it in found
        if not (isinstance(it, str | tuple | frozenset | dict) and it in empty) and it is not None
    }


def unlike(printed: Any, anew: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Give (where, printed, anew) for each place in which two JSON values differ; numbers may by 1e-9."""
    if isinstance(printed, dict) and isinstance(anew, dict):
        for key in dict.fromkeys((*printed, *anew)):
            yield from unlike(printed.get(key), anew.get(key), f"{path}.{key}" if path else key)
    elif isinstance(printed, list) and isinstance(anew, list) and len(printed) == len(anew):
        for k, (ours, theirs) in enumerate(zip(printed, anew, strict=True)):
            yield from unlike(ours, theirs, f"{path}[{_name(ours) or k}]")
    elif isinstance(printed, float | int) and isinstance(anew, float | int):
        if printed != anew and not _close(printed, anew):
            yield path, printed, anew
    elif printed != anew:
        yield path, printed, anew


def _close(one: float, other: float) -> bool:
    try:
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    except OverflowError:  # an integer that no float holds
        return False


def _name(value: Any) -> str:
    """Return what a reader would call an entry of a list, "" where it has no name."""
    if isinstance(value, dict):
        label = next((it for it in (value.get("label"), value.get("spot")) if it and isinstance(it, dict)), value)
        return " ".join(str(label[key]) for key in ("name", "id", "key", "method", "task", "place") if key in label)
    return ""
