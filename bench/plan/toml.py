"""The configuration's file: what it says, and of the suite's own settings what it leaves out."""

from __future__ import annotations

import os
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from bench.errors import ConfigError
from bench.store.regular import MIB, read_regular

DEFAULT_FILE = Path("bench.toml")
MOST_BITS = 14_000  # of a whole number: of more than 4,300 digits Python prints none


def default_text() -> str:
    """Return the configuration that comes with the suite, every setting with its meaning."""
    return resources.files("bench.plan").joinpath("default.toml").read_text(encoding="utf8")


def settings_in(path: Path) -> dict[str, Any]:
    """Return what a file says, laid over the suite's own settings.

    Raises
    ------
    ConfigError
        It cannot be read, or is not TOML; the text names it.
    """
    return _filled(_read(path))


def _filled(raw: dict[str, Any]) -> dict[str, Any]:
    """Return what a file says, and of the suite's own settings what it leaves out.

    So three lines about a dataset are a configuration. A [run] that names no datasets or no methods is filled likewise,
    and a profile of the suite's keeps all that the file does not say of it: what the file says of a profile goes for
    every dataset, before the suite's own exceptions for one.
    """
    shipped = tomllib.loads(default_text())
    whole = {key: shipped[key] for key in ("run", "composition") if key not in raw} | raw
    if isinstance(run := whole["run"], dict) and not {"datasets", "methods"} <= run.keys():
        whole["run"] = shipped["run"] | run
    said = whole.get("profiles", {})
    profiles = {name: _yielding(profile, said, name) for name, profile in shipped["profiles"].items()}
    return whole | {"profiles": _laid(profiles, said)}


def _yielding(profile: dict[str, Any], said: Any, name: str) -> dict[str, Any]:
    """Return a profile of the suite's without the exceptions for datasets where a file speaks of all of them."""
    if not (isinstance(said, dict) and isinstance(own := said.get(name), dict) and "datasets" in profile):
        return profile
    return profile | {"datasets": {dataset: _less(table, own) for dataset, table in profile["datasets"].items()}}


def _less(table: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Return a table without what another has a word about, table by table."""
    kept = {}
    for key, value in table.items():
        if isinstance(value, dict):
            there = said.get(key)
            kept[key] = _less(value, there if isinstance(there, dict) else {})
        elif key not in said:
            kept[key] = value
    return kept


def _laid(below: Any, above: Any) -> Any:
    """Return tables with others laid over them, key by key; any other value takes the place of what was there."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _laid(below[key], value) if key in below else value for key, value in above.items()}


def _read(path: Path) -> dict[str, Any]:
    """Return what a file says; where the default file is not there, what comes with the suite."""
    try:
        if path == DEFAULT_FILE and not os.path.lexists(path):
            return tomllib.loads(default_text())
        return parsed(read_regular(path, MIB).decode("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file; give --config another, or none for the settings that come with the suite"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from None


def parsed(text: str) -> dict[str, Any]:
    """Return what TOML of anybody's says.

    Raises
    ------
    ValueError
        It is no TOML, is nested too deeply, or holds what no setting can be; UTF-8 that is none is a ValueError, too.
    """
    try:
        raw = tomllib.loads(text)
        if wrong := _impossible(raw):
            raise ValueError(wrong)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return raw


def _impossible(value: object) -> str:
    """Return what is wrong with a text or number anywhere in a value, "" where nothing is."""
    if isinstance(value, dict | list):
        within = (*value, *value.values()) if isinstance(value, dict) else value
        return next(filter(None, map(_impossible, within)), "")
    if isinstance(value, str) and "\0" in value:
        return "a text in it holds a zero byte, as no name of a file can"
    endless = isinstance(value, int) and value.bit_length() > MOST_BITS  # in hexadecimal digits there may be thousands
    return f"a number in it has more than {MOST_BITS} bits" if endless else ""
