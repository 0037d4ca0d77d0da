"""bench.toml says everything, the command line has the last word, and a typo is one clear line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from builders import bench_toml, imbench
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bench import registry
from bench.errors import ConfigError
from bench.expression import Call
from bench.networks.network import network_of
from bench.plan.config import Paths, ReportSection, Rules, RunSection, load_config
from bench.plan.grid import build_grid
from bench.protocol import Protocol

FILE = Path(__file__).resolve().parents[2] / "bench.toml"
SHIPPED = tomllib.loads(FILE.read_text(encoding="utf8"))
registry.load()


def plain(value: object) -> object:
    """Return a value as TOML spells it."""
    return str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize(
    ("section", "model"), [("run", RunSection), ("paths", Paths), ("composition", Rules), ("report", ReportSection)]
)
def test_the_shipped_file_shows_every_field_with_its_default(section: str, model: type[BaseModel]) -> None:
    shown = SHIPPED[section]
    assert shown.keys() == model.model_fields.keys()
    chosen = {"datasets", "methods", "subset_methods", "allow", "keep_weights"}  # what the suite is for, not a default
    defaults = {name: plain(field.default) for name, field in model.model_fields.items() if name not in chosen}
    assert {name: value for name, value in shown.items() if name not in chosen} == defaults


def test_the_paper_profile_shows_every_field_of_the_protocol_with_its_default() -> None:
    shown = {name: value for name, value in SHIPPED["profiles"]["paper"].items() if not isinstance(value, dict)}
    defaults = {name: value for name, value in Protocol().model_dump(mode="json").items() if value is not None}
    network = network_of(Call.parse(shown.pop("backbone"))).settings
    assert shown == {name: value for name, value in defaults.items() if name != "backbone"}
    assert network == network_of(Protocol().backbone).settings
    assert all(f"{name}=" in SHIPPED["profiles"]["paper"]["backbone"] for name in type(network).model_fields)
    text = FILE.read_text(encoding="utf8")
    assert [name for name in Protocol.model_fields if f"\n{name} = " not in text and f"\n# {name} = " not in text] == []


def test_the_paper_profile_shows_every_setting_of_stages_and_the_methods_they_serve_with_its_default() -> None:
    registry.load()
    paper = SHIPPED["profiles"]["paper"]
    for entry in registry.STAGES:
        defaults = entry.cls.Settings().model_dump(mode="json", exclude_none=True)
        assert paper["stages"].get(entry.name, {}) == defaults, entry.name
    for name, shown in paper["methods"].items():
        assert shown == registry.METHODS[name].cls().parameters, name


def test_every_shipped_profile_makes_a_grid_of_the_embedded_data() -> None:
    for profile in SHIPPED["profiles"]:
        grid = build_grid(load_config(FILE, profile=profile))
        assert grid.jobs and len({cell.method for cell in grid.cells}) == len(SHIPPED["run"]["methods"])


def test_a_profile_changes_what_it_names_and_an_exception_one_dataset() -> None:
    profile = load_config(FILE, profile="cpu").profile
    assert profile.protocol("digits").image_size == 32 and profile.protocol("celeba").image_size != 32
    assert profile.protocol("celeba").learning_rate == Protocol().learning_rate


def refusal(path: Path, **overrides: Any) -> str:
    """Return the one line that a file is refused with."""
    with pytest.raises(ConfigError) as raised:
        load_config(path, **overrides)
    assert "\n" not in str(raised.value) and str(raised.value).startswith((str(path), "command line"))
    return str(raised.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("[pathes]\n", "unknown key 'pathes': did you mean 'paths'?"),
        ("[report]\nintervall = true\n", "report: unknown key 'intervall': did you mean 'interval'?"),
        ("[profiles.mine]\nepoch_s = 3\n", "profiles.mine: unknown key 'epoch_s': did you mean 'epochs'?"),
        (
            "[profiles.mine.datasets.digits]\nmomentm = 3\n",
            "profiles.mine: datasets.digits: unknown key 'momentm': did you mean 'momentum'?",
        ),
        (
            "[datasets.mine]\nfolder = 'x'\nminorty = [3]\n",
            "datasets.mine: unknown key 'minorty': did you mean 'minority'?",
        ),
        (
            "[profiles.mine]\nimage_size = 64\nload_size = 32\n",
            "profiles.mine: load_size = 32 is smaller than image_size = 64",
        ),
        ("[profiles.mine]\nepochs = 0\n", "profiles.mine.epochs: Input should be greater than or equal to 1"),
        ("[profiles.mine]\nprecision = 'half'\n", "profiles.mine.precision: Input should be 'float32' or 'bfloat16'"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, more: str, line: str) -> None:
    assert refusal(bench_toml(tmp_path, more)) == line


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("[profiles.tiny.stages.CycleGAMN]\n", "stages: unknown stage 'CycleGAMN': did you mean 'CycleGAN'?"),
        ("[profiles.tiny.methods.AGU]\nviews = 3\n", "methods: unknown method 'AGU': did you mean 'AUG'?"),
        (
            "[profiles.tiny.stages.CycleGAN]\nepoch = 3\n",
            "stages.CycleGAN: unknown key 'epoch': did you mean 'epochs'?",
        ),
        ("[profiles.tiny.methods.AUG]\nview = 3\n", "methods.AUG: unknown key 'view': did you mean 'views'?"),
        (
            "[profiles.tiny.datasets.digits.methods.ATL]\nviews = 3\n",
            "datasets.digits.methods: unknown method 'ATL': did you mean 'ALT'?",
        ),
        ("[profiles.tiny.datasets.digits]\nstages = 3\n", "datasets.digits.stages must be a table, not 3"),
        (
            "[profiles.tiny.datasets.digits]\nbackbone = 'paper_cnn(wdith=3)'\n",
            "datasets.digits.backbone: paper_cnn: unknown argument 'wdith': did you mean 'width'?",
        ),
        (
            "[profiles.tiny.datasets.digits]\nbackbone = 'paper_cn'\n",
            "datasets.digits.backbone: unknown network 'paper_cn': did you mean 'paper_cnn'?",
        ),
    ],
)
def test_a_misspelt_stage_or_method_of_a_profile_is_named(tmp_path: Path, more: str, line: str) -> None:
    path = bench_toml(tmp_path, more)
    said = imbench("run", "--config", path, "--dry-run")
    assert (said.status, said.err) == (2, f"imbench: {path}: profiles.tiny.{line}\n")


def test_wrong_values_of_the_run_are_named(tmp_path: Path) -> None:
    path = bench_toml(tmp_path)
    assert refusal(path, profile="tiney") == "unknown profile 'tiney': did you mean 'tiny'?"
    assert refusal(path, seeds=0) == "command line: run.seeds: Input should be greater than or equal to 1"
    assert "command line: run.executor: Input should be 'inline', 'loky' or 'dask'" in refusal(path, executor="slurm")
    assert refusal(bench_toml(tmp_path, datasetz=["digits"])).startswith(
        "run: unknown key 'datasetz': did you mean 'datasets'?"
    )


def test_an_exception_that_contradicts_its_profile_is_one_line(tmp_path: Path) -> None:
    assert "load_size = 34 is smaller than image_size = 64" in refusal(
        bench_toml(tmp_path, "[profiles.tiny.datasets.digits]\nimage_size = 64\nload_size = 34\n")
    )


def test_a_file_that_is_missing_or_not_toml_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.toml").startswith("no such file; give --config another, or none")
    (tmp_path / "bad.toml").write_text("[run\n")
    assert "line 1" in refusal(tmp_path / "bad.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    assert "utf-8" in refusal(tmp_path / "bad.toml")


def test_sections_that_a_file_leaves_out_are_the_suites_own(tmp_path: Path) -> None:
    path = tmp_path / "bench.toml"
    path.write_text('[datasets.mine]\nfolder = "images"\n')
    few, whole = load_config(path), load_config(Path(__file__).resolve().parents[2] / "bench.toml")
    assert (few.run, few.profiles, few.composition) == (whole.run, whole.profiles, whole.composition)
    assert [*few.datasets] == ["mine"]
    path.write_text("[profiles.cpu]\nepochs = 3\n[profiles.cpu.methods.ALT]\nblocks = 2\n[profiles.mine]\nepochs = 4\n")
    few = load_config(path)
    assert few.profiles["pretrained"] == whole.profiles["pretrained"]
    assert few.profiles["mine"].protocol("digits").epochs == 4
    told, ours = few.profiles["cpu"], whole.profiles["cpu"]
    assert (told.protocol("celeba").epochs, told.protocol("celeba").image_size) == (3, 64)
    assert told.protocol("celeba") == ours.protocol("celeba").model_copy(update={"epochs": 3})
    assert told.methods["ALT"] == {**ours.methods["ALT"], "blocks": 2}
    assert ours.protocol("digits").epochs != 3 == told.protocol("digits").epochs, "what is said goes for every dataset"
    assert told.protocol("digits") == ours.protocol("digits").model_copy(update={"epochs": 3})
    said = "[profiles.cpu]\nepochs = 3\nload_size = 288\n[profiles.cpu.datasets.digits]\nepochs = 5\n"
    path.write_text(said + "[profiles.cpu.stages.CycleGAN]\nwidth = 4\n")
    told = load_config(path).profiles["cpu"]
    assert (told.protocol("digits").epochs, told.protocol("digits").load_size) == (5, 288)
    assert [it.stage_values("CycleGAN", "stripes")["width"] for it in (ours, told)] == [8, 4]
    path.write_text('[run]\ndatasets = ["mine"]\n[datasets.mine]\nfolder = "images"\n')
    assert load_config(path).run == whole.run.model_copy(update={"datasets": ("mine",)})


def test_a_link_to_a_file_that_is_gone_is_not_taken_for_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config().run.datasets
    (tmp_path / "bench.toml").symlink_to("gone.toml")
    with pytest.raises(ConfigError, match=r"bench\.toml: no such file"):
        load_config()


def test_the_command_line_goes_over_the_file(tmp_path: Path) -> None:
    path = bench_toml(tmp_path, "[profiles.other]\n")
    given: dict[str, Any] = {"datasets": ["digits"], "methods": ["CS"], "minority": [9], "seeds": 3, "profile": "other"}
    config = load_config(path, **given, executor="dask", scheduler="tcp://a:1", results=tmp_path / "r", workers=None)
    assert {key: plain(getattr(config.run, key)) for key in given} == given
    assert (config.run.executor, config.run.scheduler, config.run.workers) == ("dask", "tcp://a:1", 0)
    assert config.paths.results == tmp_path / "r" and config.paths.reports == tmp_path / "reports"


def test_the_default_profile_is_used_where_none_is_named(tmp_path: Path) -> None:
    path = bench_toml(tmp_path, "[profiles.other]\n", profile="")
    assert load_config(path, "other").run.profile == "other"
    assert load_config(path, "other", profile="tiny").run.profile == "tiny"


def test_the_variable_for_data_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(bench_toml(tmp_path))
    monkeypatch.delenv("IMBENCH_DATA", raising=False)
    assert config.paths.data_root == tmp_path / "data"
    monkeypatch.setenv("IMBENCH_DATA", "/elsewhere")
    assert config.paths.data_root == Path("/elsewhere")
    monkeypatch.setenv("IMBENCH_DATA", "")
    assert config.paths.data_root == tmp_path / "data"


def test_a_config_cannot_be_changed(tmp_path: Path) -> None:
    config = load_config(bench_toml(tmp_path))
    for section, name in (
        (config, "plugins"),
        (config.run, "seeds"),
        (config.profile, "epochs"),
        (config.paths, "data"),
    ):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(section, name, getattr(section, name))


toml_values = st.none() | st.integers(-2, 3) | st.text(max_size=4) | st.lists(st.text(max_size=3), max_size=2)


@settings(deadline=None, max_examples=100)
@drawn(st.dictionaries(st.sampled_from([*RunSection.model_fields, *Paths.model_fields, "x"]), toml_values, max_size=4))
def test_any_override_gives_a_config_or_one_clear_line(overrides: dict[str, Any]) -> None:
    try:
        said = repr(load_config(FILE, **overrides))
    except ConfigError as error:
        said = str(error)
    assert said and "\n" not in said
