"""Spelling: the stages and methods that profiles set something of must exist, and so must what is set."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.errors import ConfigError, unknown
from bench.networks.network import network_of
from bench.plan.config import Config, Profile
from bench.registry import METHODS, STAGES, Registry, parameters_of


def check_spelling(config: Config, path: Path) -> None:
    """Check the tables `stages` and `methods` of every profile, and of its exceptions for datasets.

    Parameters
    ----------
    path
        The file that the Config was read from, for the errors' text.

    Raises
    ------
    ConfigError
        A stage, method, setting or argument does not exist; the text says where it stands.
    """
    for name, profile in config.profiles.items():
        _check_backbones(f"{path}: profiles.{name}", profile)
        for place, tables in _tables(f"{path}: profiles.{name}", profile):
            _check(f"{place}.stages", tables.get("stages", {}), STAGES, lambda it: STAGES[it].cls.Settings.model_fields)
            _check(f"{place}.methods", tables.get("methods", {}), METHODS, lambda it: parameters_of(METHODS[it].cls))


def _check_backbones(place: str, profile: Profile) -> None:
    for where, dataset in [(place, ""), *((f"{place}.datasets.{name}", name) for name in profile.datasets)]:
        try:
            network_of(profile.protocol(dataset).backbone)
        except ConfigError as error:
            raise ConfigError(f"{where}.backbone: {error}") from None


def _tables(place: str, profile: Profile) -> Iterator[tuple[str, Mapping[str, object]]]:
    yield place, {"stages": profile.stages, "methods": profile.methods}
    for dataset, exceptions in profile.datasets.items():
        yield f"{place}.datasets.{dataset}", exceptions


def _check(place: str, table: object, registry: Registry[Any], keys_of: Callable[[str], Collection[str]]) -> None:
    for name, values in _mapping(place, table).items():
        if name not in registry:
            raise ConfigError(f"{place}: {unknown(registry.kind, name, [entry.name for entry in registry])}")
        for key in _mapping(f"{place}.{name}", values):
            if key not in keys_of(name):
                raise ConfigError(f"{place}.{name}: {unknown('key', key, keys_of(name))}")


def _mapping(place: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{place} must be a table, not {value!r}")
    return value
