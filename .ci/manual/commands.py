"""Every command with its arguments and options, as the command line itself declares them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import typer

from bench.cli.app import app


def page() -> str:
    """Return the page as markdown."""
    head = (
        "# Commands\n\n`imbench` and `python -m bench` are the same. Exit status: 0 all cells done, 1 some failed, 2 "
        "wrong usage or configuration. Options override bench.toml for one command.\n"
    )
    root: Any = typer.main.get_command(app)
    return "\n".join([head, *_commands(root, "imbench", 2)])


def names() -> list[str]:
    """Return every command as it is typed, `imbench data check` among them."""
    root: Any = typer.main.get_command(app)
    return [f"imbench {name}" for name in _names(root)]


def _names(group: Any) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from (f"{name} {inner}" for inner in _names(command))
        else:
            yield name


def _commands(group: Any, typed: str, level: int) -> Iterator[str]:
    for name, command in group.commands.items():
        yield f"{'#' * level} `{typed} {name}`\n"
        yield _prose(command.help or "") + "\n"
        if hasattr(command, "commands"):
            yield from _commands(command, f"{typed} {name}", level + 1)
        elif rows := list(_rows(command)):
            yield "| argument or option | default | what it is |\n| --- | --- | --- |"
            yield "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _rows(command: Any) -> Iterator[tuple[str, str, str]]:
    for it in command.params:
        if it.name == "help":
            continue
        argument = it.param_type_name == "argument"
        called = f"`{str(it.name).upper()}`" if argument else " ".join(f"`{name}`" for name in it.opts)
        plain = it.default is None or callable(it.default) or it.default in ("", (), [], False)
        default = "needed" if it.required else "" if plain else f"`{it.default}`"
        annotation = it.type_descriptor.annotation
        choices = get_args(annotation) if get_origin(annotation) is Literal else ()
        known = f" One of {', '.join(map(str, choices))}." if choices else ""
        variable = f" Environment: `{it.envvar}`." if it.envvar else ""
        yield called, default, _cell(f"{it.help or ''}{known}{variable}")


def _prose(text: str) -> str:
    return " ".join(line.strip() for line in text.strip().splitlines()).replace("  ", "\n\n")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
