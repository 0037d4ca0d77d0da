"""Commands that look around: doctor, list, and data with its own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from bench.cli import registered
from bench.cli.options import DEFAULT_FILE, ConfigFile, Json, Profile, say, settings_of, show, tell

app = typer.Typer()
data_app = typer.Typer(no_args_is_help=True, help="Get images and check them.")
app.add_typer(data_app, name="data")


@app.command()
def doctor(as_json: Json = False, config: ConfigFile = DEFAULT_FILE) -> None:
    """Look at this machine: versions, processor, memory, folders, data."""
    from bench.running.doctor import examine

    checks = examine(settings_of(config))
    show(map(asdict, checks), as_json)
    if any(check.status == "fail" for check in checks):
        raise typer.Exit(1)


@app.command("list")
def list_(
    what: Annotated[
        Literal["methods", "datasets", "profiles", "stages", "networks"],
        typer.Argument(help="methods, datasets, profiles, networks or stages (settings of translators and evaluators)"),
    ],
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """List what there is to choose from."""
    settings = settings_of(config)
    tables = {
        "methods": registered.methods,
        "datasets": registered.datasets,
        "profiles": registered.profiles,
        "stages": registered.stages,
        "networks": registered.networks,
    }
    rows = tables[what](settings)
    show(rows, as_json)


@data_app.command("prepare")
def data_prepare(
    name: Annotated[str, typer.Argument(help="A dataset, see `imbench list datasets`.")],
    profile: Profile = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Download what can be downloaded, verify it, and decode the images at the profile's sizes."""
    from bench.data.download import obtain
    from bench.plan.grid import dataset_named
    from bench.running.progress import counting
    from bench.running.run import decode

    settings = settings_of(config, profile=profile)
    dataset = dataset_named(name, settings)
    with counting(f"{name}: getting") as progress:
        say(obtain(dataset, progress))
    with counting(f"{name}: decoding") as progress:
        files = decode(dataset, settings, progress)
    say(f"{name}: decoded to {', '.join(str(file) for file in files.values())}")


@data_app.command("show")
def data_show(
    name: Annotated[
        str, typer.Argument(help="A dataset, see `imbench list datasets`; or a folder of images, or a csv.")
    ],
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Say what is an image, a class and a part: counts, groups, what was guessed and left out. Nothing is written."""
    from bench.cli.fitting import settings_for
    from bench.data.census import census
    from bench.plan.grid import dataset_named
    from bench.running.progress import counting

    settings, name = settings_for(name, config)
    dataset = dataset_named(name, settings)
    with counting(f"{name}: looking") as dataset.progress:
        found = census(dataset)
    if as_json:
        shown = {part: [counts[k] for _, counts in found.rows] for k, part in enumerate(found.parts)}
        show([asdict(found) | {"root": str(found.root), "classes": [name for name, _ in found.rows]} | shown], as_json)
    else:
        tell(str(found))


@data_app.command("check")
def data_check(
    name: Annotated[
        str, typer.Argument(help="A dataset, see `imbench list datasets`; or a folder of images, or a csv.")
    ],
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Verify digests, decodability, class counts, and duplicates across parts. Exit status 1 if anything is wrong."""
    from bench.cli.fitting import settings_for
    from bench.data.check import findings_of
    from bench.plan.grid import dataset_named
    from bench.running.progress import counting

    settings, name = settings_for(name, config)
    dataset = dataset_named(name, settings)
    with counting(f"{name}: checking") as progress:
        findings = findings_of(dataset, progress)
    if as_json:
        show(map(asdict, findings), as_json)
    else:
        tell("\n".join(map(str, findings)))
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)
