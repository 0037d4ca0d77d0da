"""The command that says what all records say together: findings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.options import DEFAULT_FILE, ConfigFile, Json, Results, say, say_aside, settings_of, show

app = typer.Typer()


@app.command()
def findings(
    profile: Annotated[
        list[str] | None, typer.Option("--profile", help="A profile; may be repeated. Default: all that have records.")
    ] = None,
    results: Results = None,
    out: Annotated[
        Path, typer.Option("--out", help="The page to write; its charts go to a folder of its name.")
    ] = Path("docs/findings.md"),
    readme: Annotated[
        Path | None, typer.Option("--readme", help="Also renew what stands between the marks of this README.")
    ] = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Write one page of what all records say together, over datasets and profiles. `make findings` does so here.

    Without --results, from the records of results/reference.
    """
    from bench.findings.opening import write_opening
    from bench.findings.page import write_page
    from bench.findings.study import evidence
    from bench.store.remembering import RememberingStore
    from bench.store.store import REFERENCE

    settings = settings_of(config)
    configs = [settings_of(config, profile=name) for name in profile or settings.profiles]
    store = RememberingStore(results or settings.paths.results / REFERENCE)  # each profile asks for every record
    found = evidence(configs, [store], Path())
    say_aside(store)
    for line in found.lost:
        say(line)
    page, pictures = out.as_posix(), out.with_suffix("").as_posix()
    written = write_page(found, Path(), page, pictures)
    if readme:
        write_opening(found, readme, page, pictures)
        written.append(readme)
    show([{"file": str(path)} for path in written], as_json)
