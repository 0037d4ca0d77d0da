"""Every field of bench.toml: its default, and what it means, from the file itself and from the models behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import registry
from bench.cli import registered
from bench.plan.config import Config, load_config
from bench.plan.toml import default_text
from bench.protocol import Protocol

_SECTION = re.compile(r"#? ?\[([\w.]+)\]\s*")
_FIELD = re.compile(r"#? ?(\w+) = (.+?)\s*(?:#\s*(.*))?")
_PROSE = re.compile(r"# [A-Z].*")
_MORE = re.compile(r"#\s{8,}#? ?(.+)")
SHOWN = ("", "run", "paths", "composition", "report", "datasets.mine")


def page() -> str:
    """Return the page as markdown."""
    registry.load()
    config = load_config(Path("bench.toml"))
    lines = [
        "# bench.toml\n",
        "One file holds every setting; `imbench init` writes it with all defaults, and without it the same defaults "
        "serve. A misspelt key is an error that names the nearest one.\n",
    ]
    for section, rows in _sections().items():
        if section in SHOWN:
            lines += [
                f"## {f'[{section}]' if section else 'At the top'}\n",
                *_table(("key", "default", "meaning"), rows),
            ]
    lines += ["## [profiles.NAME]\n", f"{_about_profiles()}\n", *_profiles(config)]
    lines += ["## [profiles.NAME.stages.STAGE]\n", "What is trained once and shared.\n", *_stages(config)]
    return "\n".join(lines)


def fields() -> dict[str, list[str]]:
    """Return the keys that the page names, by section."""
    return {section: [row[0].strip("`") for row in rows] for section, rows in _sections().items()}


def _sections() -> dict[str, list[tuple[str, str, str]]]:
    """Return the rows of each section of the default file; settings that are commented out are among them."""
    found: dict[str, list[tuple[str, str, str]]] = {"": []}
    section, opened, above = "", False, list[str]()
    for line in default_text().splitlines():
        match: re.Match[str] | None = None
        if match := _SECTION.fullmatch(line):
            section = match[1]
            found.setdefault(section, [])
        elif opened:  # the values of a list, a line each
            opened = not line.startswith("]")
        elif found[section] and (match := _MORE.fullmatch(line)):
            key, default, meaning = found[section][-1]
            found[section][-1] = key, default, f"{meaning} {match[1]}"
        elif (match := _FIELD.fullmatch(line)) and not _PROSE.fullmatch(line):
            opened = match[2].startswith("[") and "]" not in line
            default = "a list of rows" if opened else match[2]
            found[section].append((f"`{match[1]}`", f"`{default}`", match[3] or " ".join(above)))
        above = [*above, line.removeprefix("# ")] if line.startswith("# ") and not match else []
    return {section: rows for section, rows in found.items() if rows}


def _about_profiles() -> str:
    return (
        "A profile is a protocol: what all methods share. `[profiles.NAME.datasets.DATASET]` changes a field for one "
        "dataset, never for one method. Beside the protocol's fields a profile may have `majority_count`, "
        "`minority_counts`, `smallest_count` and `most_places`, which cut tasks, and tables `stages` and `methods`."
    )


def _profiles(config: Config) -> Iterator[str]:
    names = list(config.profiles)
    rows = []
    for row in registered.profiles(config):
        values = [f"`{row[name]}`" for name in names]
        rows.append((f"`{row['field']}`", str(Protocol.model_fields[row["field"]].description), *values))
    yield from _table(("field", "meaning", *names), rows)


def _stages(config: Config) -> Iterator[str]:
    by_stage: dict[str, list[dict[str, Any]]] = {}
    for row in registered.stages(config):
        by_stage.setdefault(row["stage"], []).append(row)
    for stage, settings in by_stage.items():
        yield f"### {stage}\n"
        rows = [(f"`{it['setting']}`", f"`{it['paper']}`", str(it["meaning"])) for it in settings]
        yield from _table(("setting", "in `paper`", "meaning"), rows)


def _table(header: tuple[str, ...], rows: Any) -> Iterator[str]:
    yield f"| {' | '.join(header)} |\n|{' --- |' * len(header)}"
    yield "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows) + "\n"
