"""A plugin that prints, decides nothing, or makes a dataset's images is told from one that behaves."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from builders import as_on_a_fresh_machine, bench_toml, imbench, refused, reported_cells

from bench import registry
from bench.datasets import stripes
from bench.errors import ConfigError
from bench.plan.config import load_config
from bench.plan.grid import build_grid
from bench.plan.jobcode import code_of

LOUD = """
import numpy as np
from bench.method import Method
from bench.registry import register

print("hello")

@register("Loud")
class Loud(Method):
    def adjust(self, probabilities, counts):
        return probabilities * {factor}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    as_on_a_fresh_machine(monkeypatch, tmp_path)
    return tmp_path


def plugin(home: Path, name: str, text: str) -> Path:
    (home / f"{name}.py").write_text(text)
    return home / f"{name}.py"


def test_what_a_plugin_prints_is_no_part_of_an_answer(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    toml = bench_toml(home, methods=["Loud"], plugins=[plugin(home, "loud", LOUD.format(factor=1))])
    said = imbench("status", "--json", "--config", toml)
    assert said.status in (0, 1) and json.loads(said.out)


def test_a_decision_that_is_no_number_is_refused_by_the_methods_name(home: Path) -> None:
    toml = bench_toml(
        home, methods=["Vanilla", "Loud"], seeds=2, plugins=[plugin(home, "nan", LOUD.format(factor="np.nan"))]
    )
    assert imbench("run", "--config", toml).status == 0
    refused(imbench("report", "--config", toml), "Loud: its decision does not give a number for each image and class")


def test_the_code_of_a_dataset_of_ones_own_counts_as_its_images_do(home: Path) -> None:
    text = Path(stripes.__file__).read_text().replace('@register_dataset("stripes"', '@register_dataset("mystripes"')
    text = text.replace('name = "stripes"', 'name = "mystripes"')
    file = plugin(home, "mystripes", text)
    toml = bench_toml(home, datasets=["mystripes"], methods=["Vanilla"], minority=[6], plugins=[file])
    config = load_config(toml)
    registry.load(config.plugins)
    jobs = [job for job in build_grid(config).jobs if job.kind == "fit"]
    name = next(name for name in sys.modules if name.startswith(f"{registry.PLUGIN}mystripes_"))
    assert jobs and all(name in code_of(job) or "plugin mystripes" in code_of(job) for job in jobs)


def test_a_run_of_nothing_is_refused(home: Path) -> None:
    for section in ("datasets", "methods"):
        toml = bench_toml(home, **{section: []})
        refused(imbench("run", "--config", toml), section)
    toml = bench_toml(home, translators=1_000_000_000)
    refused(imbench("status", "--config", toml), "translators")


RAISING = """
from bench.method import Method
from bench.registry import register

@register("Bad")
class Bad(Method):
    def class_weights(self, counts, progress):
        return counts / counts

    def {what}:
        {body}
"""


@pytest.mark.parametrize(
    ("what", "body", "line"),
    [
        ("supports(self, counts)", "raise KeyError('no')", "line 11, in supports: KeyError: 'no'"),
        ("requires(self, counts, protocol)", "return 1 / 0", "line 11, in requires: ZeroDivisionError"),
        ("__init__(self, k=1)", "raise RuntimeError('made')", "line 11, in __init__: RuntimeError: made"),
        ("__init__(self, k=float('nan'))", "self.k = k", "Bad cannot be told from others by k = nan"),
        ("__init__(self, k)", "self.k = k", "missing 1 required positional argument: 'k'"),
    ],
)
def test_what_a_method_raises_while_it_is_asked_what_it_needs_is_one_line(
    home: Path, what: str, body: str, line: str
) -> None:
    file = plugin(home, "bad", RAISING.format(what=what, body=body))
    toml = bench_toml(home, methods=["Vanilla", "Bad"], plugins=[file])
    refused(imbench("run", "--dry-run", "--config", toml), line)


def test_a_method_without_defaults_is_listed_with_what_it_needs(home: Path) -> None:
    file = plugin(home, "bad", RAISING.format(what="__init__(self, k)", body="self.k = k"))
    toml = bench_toml(home, methods=["Vanilla", "Bad(k=3)"], plugins=[file])
    rows = {row["method"]: row for row in json.loads(imbench("list", "methods", "--json", "--config", toml).out)}
    assert "'k'" in rows["Bad"]["needs"] and {*rows["Bad"]} == {*rows["Vanilla"]}
    assert imbench("run", "--dry-run", "--config", toml).status == 0


def test_a_plugin_that_is_no_python_file_is_one_line(home: Path) -> None:
    (home / "notes.txt").write_text("notes")
    toml = bench_toml(home, plugins=[home / "notes.txt"])
    refused(imbench("run", "--dry-run", "--config", toml), "no Python file; its name must end in .py")


def test_a_plugin_in_a_folder_whose_name_is_no_text_is_loaded(home: Path) -> None:
    file = home / "b\udcff.py"
    file.write_text(RAISING.format(what="__init__(self, k=float('nan'))", body="self.k = k"))
    with pytest.raises(ConfigError, match="Bad cannot be told"):
        registry.load((str(file),))


@pytest.mark.parametrize(
    ("row", "more"),
    [("Bad(k=3)", ""), pytest.param("Bad", "[profiles.tiny.methods.Bad]\nk = 2\n", marks=pytest.mark.long)],
)
def test_a_row_of_a_method_without_defaults_is_shown_by_every_command(home: Path, row: str, more: str) -> None:
    file = plugin(home, "bad", RAISING.format(what="__init__(self, k)", body="self.k = k"))
    toml = bench_toml(home, more, methods=["Vanilla", row], seeds=2, plugins=[file])
    assert imbench("run", "--config", toml).status == 0
    for command in (["report"], ["recommend"], ["claims"], ["fit", "stripes", "--method", row, "--out", home / "mine"]):
        said = imbench(*command, "--config", toml)
        assert said.status == 0, (command, said.err)
    assert {cell["method"] for cell in reported_cells(home)} == {"Vanilla", row}
    assert imbench("verify", home / "reports" / "tiny", "--config", toml).status == 0


NEEDY = """
from bench.networks.network import Network
from bench.protocol import Settings
from bench.registry import register_network, register_stage
from bench.stage import Stage, StageSettings

class Width(Settings):
    width: int

@register_network("wide")
class Wide(Network):
    Settings = Width

class StageWidth(StageSettings):
    width: int

@register_stage("Needy")
class Needy(Stage):
    Settings = StageWidth
"""


@pytest.mark.parametrize(("kind", "name"), [("networks", "wide"), ("stages", "Needy")])
def test_a_network_or_stage_without_a_default_is_listed_with_its_argument(home: Path, kind: str, name: str) -> None:
    toml = bench_toml(home, plugins=[plugin(home, "needy", NEEDY)])
    rows = json.loads(imbench("list", kind, "--json", "--config", toml).out)
    (mine,) = [row for row in rows if name in row.values()]
    assert "width" in mine.values() and {*mine} == {*rows[0]}
