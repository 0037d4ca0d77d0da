"""Whatever bench.toml and the command line hold, a run is planned in seconds or refused in one line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused
from typer import Typer
from typer.models import OptionInfo

from bench.claims.files import load_claims
from bench.cli.app import app
from bench.cli.options import PATHS
from bench.errors import ConfigError
from bench.plan.campaign import read_campaign

ODD = {
    "run = 3\n": "run: Input should be a valid dictionary",
    "[[run]]\nseeds = 1\n": "run: Input should be a valid dictionary",
    'paths = "x"\n': "paths: Input should be a valid dictionary",
    f"x = {'9' * 5000}\n": "limit (4300 digits)",
    f"run.seeds = 0x{'F' * 4000}\n": "a number in it has more than 14000 bits",
    f"run.minority = 0x{'F' * 4000}\n": "a number in it has more than 14000 bits",
    f"x = {'[' * 2000}{']' * 2000}\n": "nested too deeply",
    "[profiles]\nmine = 3\n": "profiles.mine: Input should be a valid dictionary",
    "profiles = 3\n": "profiles: Input should be a valid dictionary",
    "run.workers = 1000000000\n": "run.workers: Input should be less than or equal to 4096",
    "[run\n": "line 1",
    'paths.results = "a\\u0000b"\n': "zero byte",
    'plugins = ["a\\u0000b"]\n': "zero byte",
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_a_fresh_machine(monkeypatch, tmp_path)


@pytest.mark.parametrize(("text", "said"), ODD.items(), ids=[text[:12].strip() for text in ODD])
def test_an_odd_file_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bench.toml").write_text(text)
    line = refused(imbench("run", "--dry-run", "--results", "elsewhere"), "bench.toml: ", said)
    assert len(line) < 500 and line.count("\n") == 0


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ({"seeds": True}, "run: seeds = true: true and false are no numbers"),
        ({"minority": [6, True]}, "run: minority = [6, true]: true and false are no numbers"),
        ({"methods": ["CBL(beta='x')"]}, "CBL(beta=x): beta = 'x' must be a finite number"),
        ({"methods": ["CBL(beta=nan)"]}, "CBL(beta=nan): beta = 'nan' must be a finite number"),
        ({"methods": [f"CBL(beta={'9' * 400})"]}, "must be a finite number"),
        ({"methods": ["CBL(beta=True)"]}, "beta = True must be a finite number"),
        ({"methods": ["CBL(beta=2)"]}, "beta = 2 must be at least 0 and below 1"),
    ],
)
def test_what_is_no_number_is_named_with_its_field(tmp_path: Path, run: dict[str, object], said: str) -> None:
    bench_toml(tmp_path, **run)
    refused(imbench("run", "--dry-run"), said)


@pytest.mark.parametrize("line", ["epochs = true", "learning_rate = inf", "learning_rate = nan", "flip = 3"])
def test_a_field_of_a_profile_is_named(tmp_path: Path, line: str) -> None:
    bench_toml(tmp_path, f'[profiles.mine]\nbackbone = "small"\n{line}\n')
    refused(imbench("run", "--dry-run"), "bench.toml: profiles.mine", line.split()[0])


@pytest.mark.parametrize(
    ("run", "cells"),
    [
        ({"methods": [f"CBL(beta=0.9{n}5)" for n in range(11)]}, "110,000"),
        ({"methods": ["CS"], "minority": [*range(1, 12)]}, "110,000"),
        ({"methods": ["AUG"], "translators": 1000}, "10,000,000"),
        ({"methods": ["CS"], "subset_methods": ["CS"], "subsets": 1000}, "10,000,000"),
        ({"methods": ["CS", "AUG"], "translators": 6, "subset_methods": ["CS"], "subsets": 5}, "110,000"),
    ],
)
@pytest.mark.parametrize("beside", [(), ("--oracle-audit",), ("--controls",)])
def test_a_grid_that_nobody_could_run_is_refused_before_it_is_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: dict[str, Any], cells: str, beside: tuple[str, ...]
) -> None:
    bench_toml(tmp_path, **run)
    monkeypatch.setattr("bench.plan.needs.Workshop.fit", lambda *_: pytest.fail("a fit is planned"))
    said = imbench("run", "--dry-run", "--seeds", 10_000, *beside)
    refused(said, f"{cells} cells and more are asked for, at most 100,000", "fewer seeds, translators, subsets")


@pytest.mark.parametrize("digits", [5, 4300])
def test_no_number_of_seeds_is_beyond_what_is_said(tmp_path: Path, digits: int) -> None:
    bench_toml(tmp_path)
    seeds = "9" * digits
    for command in (("run", "--dry-run"), ("status",), ("report",)):
        refused(imbench(*command, "--seeds", seeds), "command line: run.seeds: ", "less than or equal to 10000")
    for command in (("run", "--decide", "--max-seeds", seeds), ("fit", "stripes", "--seed", seeds)):
        said = imbench(*command)
        assert said.status == 2 and "Traceback" not in said.err, command
    (tmp_path / "odd.toml").write_text(
        f'[[run]]\nname = "a"\nprofile = "tiny"\ndatasets = ["stripes"]\nseeds = {seeds[:4200]}'
    )
    refused(imbench("campaign", "odd.toml"), "odd.toml: run.0.seeds: ", "less than or equal to 10000")


@pytest.mark.parametrize(
    ("section", "line", "most"),
    [
        (
            "",
            "image_size = 1_000_000_000\nload_size = 1_000_000_000",
            "image_size: Input should be less than or equal to",
        ),
        ("", "threads = 1_000_000", "threads: Input should be less than or equal to 1,024"),
        ("", f"epochs = {10**400}", "epochs: Input should be less than or equal to 1,000,000,000,000"),
        (
            ".stages.CycleGAN",
            "blocks = 1_000_000_000",
            "stages.CycleGAN.blocks: Input should be less than or equal to 1",
        ),
        (".stages.Evaluator", "seeds = 1_000_000_000", "stages.Evaluator.seeds: Input should be less than or equal to"),
        (".stages.BAGAN", "width = 1e308", "stages.BAGAN.width: Input should be less than or equal to 10,000"),
        (".stages.BAGAN", "width = inf", "stages.BAGAN.width: Input should be less than or equal to 10,000"),
        (".stages.BAGAN", "width = nan", "stages.BAGAN.width: Input should be less than or equal to 10,000"),
        (".stages.GAN", "average_horizon = 1e39", "stages.GAN.average_horizon: Input should be less than or equal to"),
        (".datasets.digits", "load_size = 10_000", "datasets.digits.load_size: Input should be less than or equal to"),
    ],
)
def test_a_number_that_no_machine_could_hold_is_refused_with_its_field(
    tmp_path: Path, section: str, line: str, most: str
) -> None:
    bench_toml(tmp_path, f"[profiles.mine{section}]\n{line}\n")
    refused(imbench("run", "--dry-run"), f"bench.toml: profiles.mine: {most}")


@pytest.mark.parametrize("read", [read_campaign, lambda path: load_claims([path])], ids=["campaign", "claims"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"x = {'9' * 5000}", r"limit \(4300 digits\)"),
        (f"x = 0x{'F' * 4000}", "more than 14000 bits"),
        (f"x = {'[' * 2000}{']' * 2000}", "nested too deeply"),
    ],
    ids=["decimal", "hexadecimal", "nested"],
)
def test_an_odd_file_beside_it_is_one_line(
    tmp_path: Path, read: Callable[[Path], object], text: str, said: str
) -> None:
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(ConfigError, match=f"odd.toml: .*{said}"):
        read(tmp_path / "odd.toml")


@pytest.mark.parametrize("command", [("status", "--config"), ("campaign",)])
def test_a_pipe_is_no_file_of_settings_and_nobody_waits_for_it(command: tuple[str, ...], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    refused(imbench(*command, "fifo"), "fifo: a pipe")


@pytest.mark.parametrize("path", ["", "  "])
@pytest.mark.parametrize(
    "field", ["paths.data", "paths.results", "paths.reports", "paths.cache", "report.claims", "datasets.mine.folder"]
)
def test_an_empty_path_is_not_the_working_folder(tmp_path: Path, field: str, path: str) -> None:
    value = f'["{path}"]' if field == "report.claims" else f'"{path}"'
    (tmp_path / "bench.toml").write_text("\n".join([f"{field} = {value}", "[run]", 'datasets = ["stripes"]']))
    refused(imbench("run", "--dry-run"), f"bench.toml: {field}", "an empty path; leave")
    assert [it.name for it in tmp_path.iterdir()] == ["bench.toml"]


def commands(app: Typer) -> Iterator[Callable[..., Any]]:
    """Yield the functions behind the commands of an application."""
    yield from (it.callback for it in app.registered_commands if it.callback)
    for group in app.registered_groups:
        yield from commands(group.typer_instance)  # type: ignore[arg-type]


def options_of_paths() -> set[str]:
    """Return the options, of whichever command, whose value is a path."""
    found = set()
    for command in commands(app):
        for name, hint in get_type_hints(command, include_extras=True).items():
            kind, *told = get_args(hint) if hasattr(hint, "__metadata__") else (hint,)
            if Path in (kind, *get_args(kind)) and told and isinstance(told[0], OptionInfo):
                found |= {*(told[0].param_decls or [f"--{name.replace('_', '-')}"])}
    return found


def test_every_option_that_is_a_path_is_known_as_one() -> None:
    assert options_of_paths() == PATHS


@pytest.mark.parametrize("given", [("--results", ""), ("--results=",), ("--out", " "), ("--config", "")])
def test_an_empty_path_of_an_option_is_not_the_working_folder(tmp_path: Path, given: tuple[str, ...]) -> None:
    bench_toml(tmp_path)
    refused(imbench("run", *given), given[0].removesuffix("="), "an empty path")
    assert [it.name for it in tmp_path.iterdir()] == ["bench.toml"]
