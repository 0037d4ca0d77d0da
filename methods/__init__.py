"""Mitigation methods, one file each; importing a module registers what it defines.

`from bench.methods import LDAM` finds a method by the name of its class, or by the one that tables call it.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from bench.registry import METHODS, load

    if not name.startswith("_"):
        load()
        for entry in METHODS:
            if name in (entry.name, entry.cls.__name__) and entry.cls.__module__.startswith(f"{__name__}."):
                return entry.cls
    raise AttributeError(f"no method {name!r}; `imbench list methods` names all")
