"""Configuration: bench.toml and the command line become one frozen, validated Config; a typo is an error."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator, model_validator

from bench.errors import ConfigError, no_file_name, unknown
from bench.plan.bounds import MOST_SEEDS, out_of_reach
from bench.plan.sections import SUMS, DatasetSection, Strict, no_empty_path
from bench.plan.toml import DEFAULT_FILE, settings_in
from bench.protocol import Protocol
from bench.streams import Streams

DATA_VARIABLE = "IMBENCH_DATA"
MOST = 1000  # translators, or subsets, of one place
NESTED = ("stages", "methods")  # tables of a profile, which an exception for a dataset may also have


class RunSection(Strict):
    """What a run does and with how many hands."""

    datasets: tuple[str, ...] = Field(min_length=1)
    methods: tuple[str, ...] = Field(min_length=1)
    minority: tuple[int, ...] = ()
    at: tuple[str, ...] = ()
    seeds: int = Field(5, ge=1, le=MOST_SEEDS)
    translators: int = Field(3, ge=1, le=MOST)
    subsets: int = Field(3, ge=1, le=MOST)
    subset_methods: tuple[str, ...] = ()
    controls: tuple[str, ...] = ("Vanilla", "OS", "AUG")
    keep_weights: tuple[str, ...] = ()
    profile: str = ""
    executor: Literal["inline", "loky", "dask"] = "loky"
    workers: int = Field(0, ge=0, le=4096)  # more processes than any machine starts
    scheduler: str = ""


class Paths(Strict):
    """Folders, relative to the working directory."""

    data: Path = Path("data")
    results: Path = Path("results")
    reports: Path = Path("reports")
    cache: Path = Path(".cache")

    _are_said = field_validator("*", mode="before")(no_empty_path)

    @property
    def data_root(self) -> Path:
        """The data folder: IMBENCH_DATA where it is set, else [paths] data."""
        return Path(os.environ.get(DATA_VARIABLE) or self.data)


class Rules(Strict):
    """Which compositions may correct the class prior twice."""

    allow: tuple[str, ...] = ()


class ReportSection(Strict):
    """What a report shows beside the paper's tables and claims."""

    interval: bool = True
    claims: tuple[Annotated[Path, BeforeValidator(no_empty_path)], ...] = ()
    rise_masks: int = Field(1000, ge=1)


class Profile(Protocol, Strict):
    """A named protocol, with exceptions per dataset (never per method) and the sizes of the tasks it runs.

    `seeds` goes before that of [run] where a command gives none. With `seed_draws_subset` a seed draws the images of a
    class that is cut, too. Without `trained_generators`, rows that need a stage, such as a translator, do not apply.
    `stages` holds settings of stages by name; `methods` holds arguments of the methods that such stages serve, where
    a row does not give its own.
    """

    majority_count: int | None = Field(None, ge=1)
    minority_counts: tuple[int, ...] = ()
    smallest_count: int = Field(1, ge=1)
    most_places: int | None = Field(None, ge=1)
    seeds: int | None = Field(None, ge=1)
    seed_draws_subset: bool = False
    trained_generators: bool = True
    stages: dict[str, dict[str, Any]] = Field(default_factory=dict)
    methods: dict[str, dict[str, Any]] = Field(default_factory=dict)
    datasets: dict[str, dict[str, Any]] = Field(default_factory=dict)

    def protocol(self, dataset: str) -> Protocol:
        """Return the protocol of one dataset."""
        common = {name: getattr(self, name) for name in Protocol.model_fields}
        exceptions = self.datasets.get(dataset, {})
        return Protocol(**(common | {key: value for key, value in exceptions.items() if key not in NESTED}))

    def streams(self, seed: int) -> Streams:
        """Return the streams of one of the harness's seeds; the subset is among them where the profile says so."""
        streams = Streams.of(seed)
        return streams.model_copy(update={"subset": seed}) if self.seed_draws_subset else streams

    def stage_values(self, stage: str, dataset: str) -> dict[str, Any]:
        """Return what the profile sets of a stage for one dataset."""
        exceptions: dict[str, dict[str, Any]] = self.datasets.get(dataset, {}).get("stages", {})
        return self.stages.get(stage, {}) | exceptions.get(stage, {})

    def arguments(self, dataset: str) -> dict[str, dict[str, Any]]:
        """Return the arguments that the profile gives to methods, by name, for one dataset."""
        exceptions: dict[str, dict[str, Any]] = self.datasets.get(dataset, {}).get("methods", {})
        return {name: self.methods.get(name, {}) | exceptions.get(name, {}) for name in self.methods | exceptions}

    @model_validator(mode="after")
    def _exceptions_are_valid(self) -> Profile:
        for dataset, exceptions in self.datasets.items():
            for key in exceptions:
                if key not in NESTED and key not in Protocol.model_fields:
                    raise ValueError(f"datasets.{dataset}: {unknown('key', key, Protocol.model_fields)}")
            self.protocol(dataset)
        return self

    @model_validator(mode="after")
    def _numbers_are_within_reach(self) -> Profile:
        if wrong := out_of_reach(self.model_dump()):
            raise ValueError(wrong)
        return self


class Config(Strict):
    """Everything a command needs to know; nothing is read from anywhere else."""

    run: RunSection
    plugins: tuple[str, ...] = ()
    paths: Paths = Paths()
    composition: Rules = Rules()
    report: ReportSection = ReportSection()
    profiles: dict[str, Profile]
    datasets: dict[str, DatasetSection] = Field(default_factory=dict)

    @field_validator("datasets", "profiles")
    @classmethod
    def _names_are_files(cls, named: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        for name in named:
            if wrong := no_file_name(str(info.field_name).removesuffix("s"), name):
                raise ValueError(wrong)
        return named

    @field_validator("datasets")
    @classmethod
    def _splits_are_apart(cls, named: dict[str, DatasetSection]) -> dict[str, DatasetSection]:
        kept: dict[Path, tuple[str, Path]] = {}
        for name, it in named.items():
            if it.split is not None:
                other, split = kept.setdefault(it.split.with_suffix(SUMS), (name, it.split))
                if split != it.split:
                    raise ValueError(f"{other} and {name}: their splits {split} and {it.split} would share {SUMS}")
        return named

    @model_validator(mode="after")
    def _profile_exists(self) -> Config:
        if self.run.profile and self.run.profile not in self.profiles:
            raise ValueError(unknown("profile", self.run.profile, self.profiles))
        return self

    @property
    def profile(self) -> Profile:
        """The profile of this run."""
        return self.profiles[self.run.profile]


def load_config(path: Path = DEFAULT_FILE, default_profile: str = "cpu", **overrides: Any) -> Config:
    """Read bench.toml, put command-line values over it, and validate the whole.

    Parameters
    ----------
    path
        The file to read.
    default_profile
        The profile to use where neither the file nor `overrides` name one.
    overrides
        Values for [run] by key, or for [paths] as `results`, `reports`, ...; None means "not given".

    Raises
    ------
    ConfigError
        The file is missing or not TOML, or a key or value is wrong; the text names it.
    """
    raw = settings_in(path)
    for key, value in overrides.items():
        if value is not None:
            section = "paths" if key in Paths.model_fields else "run"
            if isinstance(raw.setdefault(section, {}), dict):  # what else it is, is told below
                raw[section][key] = value
    if isinstance(raw.get("run"), dict) and not raw["run"].get("profile"):
        raw["run"]["profile"] = default_profile
    try:
        config = Config(**raw)
        own = config.profile.seeds if overrides.get("seeds") is None else None
        return (
            config if own is None else config.model_copy(update={"run": config.run.model_copy(update={"seeds": own})})
        )
    except ValidationError as error:
        given = {("run", key) for key, value in overrides.items() if value is not None}
        place = "command line" if error.errors()[0]["loc"][:2] in given else path
        raise ConfigError(f"{place}: {_first_line(error)}") from None
    except (RecursionError, OverflowError) as error:
        raise ConfigError(f"{path}: a value is nested too deeply, or too large ({error})") from None


def _first_line(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    text = " ".join(first["msg"].removeprefix("Value error, ").split())
    if first["type"] in ("tuple_type", "list_type"):
        text = f"needs a list: [{json.dumps(first['input'], default=str)}]"
    text = text if len(text) <= 300 else f"{text[:300]}..."
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{place}: {text}{more}" if place else f"{text}{more}"
