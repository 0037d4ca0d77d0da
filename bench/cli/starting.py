"""Commands that begin something: a configuration, a method of one's own, a dataset of one's own."""

from __future__ import annotations

import re
from importlib import resources
from keyword import iskeyword
from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli.options import DEFAULT_FILE, load_names, say
from bench.errors import UserError

app = typer.Typer()
new_app = typer.Typer(no_args_is_help=True, help="Begin a method or a dataset of your own, as one commented file.")
app.add_typer(new_app, name="new")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
Name = Annotated[str, typer.Argument(help="Its name: letters, digits and _.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="The file to write; default: its name in small letters, .py, here.")
]


@app.command()
def init() -> None:
    """Write a bench.toml with every setting and what it means into this folder."""
    from bench.plan.toml import default_text

    _write(DEFAULT_FILE, default_text())
    say(f"{DEFAULT_FILE}: written; `imbench run --dry-run` says what a run would do")


@new_app.command("method")
def new_method(name: Name, out: Out = None) -> None:
    """Write a commented file with a method that works, to be made one's own."""
    path = _begin("method", name, out)
    say(f"{path}: written; add it to `plugins` in bench.toml, then: imbench run --method Vanilla --method {name}")


@new_app.command("dataset")
def new_dataset(name: Name, out: Out = None) -> None:
    """Write a commented file with a dataset, to be made one's own; folders of images need none, see bench.toml."""
    path = _begin("dataset", name, out)
    say(f"{path}: written; add it to `plugins` in bench.toml, then: imbench data check {name}")


def _begin(kind: Literal["method", "dataset"], name: str, out: Path | None) -> Path:
    if not NAME.fullmatch(name):
        raise UserError(f"{name!r} cannot be a name: it starts with a letter and has letters, digits and _")
    from bench.registry import DATASETS, METHODS

    path = out or Path(f"{name.lower()}.py")
    load_names()
    if not path.exists() and name in (METHODS if kind == "method" else DATASETS):
        raise UserError(f"there is a {kind} {name!r} already; choose another name")
    template = resources.files("bench.cli").joinpath(f"templates/{kind}.txt").read_text(encoding="utf8")
    title = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
    if iskeyword(title):
        raise UserError(f"{name!r} is a word of Python; choose another name")
    _write(path, template.replace("@NAME@", name).replace("@CLASS@", title))
    return path


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf8") as file:  # never over what is there
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path}: is there already, and is left as it is") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
