"""Campaigns: runs and experiments that belong together, named in one file, done one after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator

from bench.errors import ConfigError
from bench.plan.beside import Beside
from bench.plan.bounds import MOST_SEEDS
from bench.plan.config import MOST, Config
from bench.plan.grid import Grid, build_grid
from bench.plan.sections import Strict
from bench.plan.toml import parsed
from bench.record import Record
from bench.store.regular import MIB, read_regular


class CampaignRun(Strict):
    """One run: what it takes from [run] of bench.toml unless said here, and the experiments beside its grid."""

    name: str = Field(min_length=1)
    datasets: tuple[str, ...] = Field(min_length=1)
    profile: str
    methods: tuple[str, ...] = ()
    minority: tuple[int, ...] = ()
    at: tuple[str, ...] = ()
    seeds: int | None = Field(None, ge=1, le=MOST_SEEDS)
    translators: int | None = Field(None, ge=1, le=MOST)
    controls: bool = False
    audit: bool = False
    noise: tuple[str, ...] = ()  # methods whose fits are repeated while one source of chance varies
    noise_times: int = Field(5, ge=2, le=MOST)

    @property
    def overrides(self) -> dict[str, Any]:
        """What is put over [run] of bench.toml."""
        own = ("datasets", "profile", "methods", "minority", "at", "seeds", "translators")
        return {key: value for key in own if (value := getattr(self, key)) not in (None, ())}

    @property
    def beside(self) -> Beside:
        """The experiments beside its grid."""
        return Beside(self.controls, self.audit, self.noise, self.noise_times)


class Campaign(Strict):
    """Runs in their order. `core_hours` is what all may take on the machine they are planned for."""

    core_hours: float | None = Field(None, gt=0)
    run: tuple[CampaignRun, ...] = Field(min_length=1)

    @field_validator("run")
    @classmethod
    def _names_differ(cls, run: tuple[CampaignRun, ...]) -> tuple[CampaignRun, ...]:
        names = [it.name for it in run]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two runs are called {twice!r}")
        return run


def read_campaign(path: Path) -> Campaign:
    """Read a campaign's file.

    Raises
    ------
    ConfigError
        The file is missing or not TOML, or a key or value is wrong; the text names it.
    """
    try:
        raw = parsed(read_regular(path, MIB).decode("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        return Campaign(**raw)
    except (ValidationError, TypeError) as error:
        wrong = error.errors()[0] if isinstance(error, ValidationError) else None
        place = ".".join(map(str, wrong["loc"])) if wrong else "run"
        said = wrong["msg"].removeprefix("Value error, ") if wrong else str(error)
        raise ConfigError(f"{path}: {place}: {said}") from None


def planned(run: CampaignRun, config: Config, found: Callable[[str], Record | None], processor: str) -> Grid:
    """Return every job of one run, its experiments among them; `config` is that with the run's overrides.

    The rest, and what is raised, is as for `Beside.jobs`.
    """
    return build_grid(config).extended(run.beside.jobs(config, found, processor))
