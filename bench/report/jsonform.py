"""The report as JSON: the whole value but for the pixels of its pictures and the frames that lie beside as CSV."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any

import pandas as pd

from bench.analysis.value import Value
from bench.report.report import Report

SCHEMA = 1


def as_text(report: Report) -> str:
    """Return the JSON text of a report, the same for equal reports."""
    return json.dumps({"schema": SCHEMA} | as_data(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_data(value: Any) -> Any:
    """Return a value of the report as JSON values; what is empty is left out."""
    if isinstance(value, Value):
        return _fields(value) | {"text": value.text()}
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
    return value if value is None or isinstance(value, str | bool | int) else str(value)


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
        if not math.isclose(printed, anew, rel_tol=1e-9, abs_tol=1e-9):
            yield path, printed, anew
    elif printed != anew:
        yield path, printed, anew


def _name(value: Any) -> str:
    """Return what a reader would call an entry of a list, "" where it has no name."""
    if isinstance(value, dict):
        label = value.get("label") or value.get("spot") or value
        return " ".join(str(label[key]) for key in ("name", "id", "key", "method", "task", "place") if key in label)
    return ""
