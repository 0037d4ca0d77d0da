"""What can be chosen: rows of every registered method, stage, network, dataset and profile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.cli.listing import Rows

if TYPE_CHECKING:  # help needs none of it
    from bench.method import Method
    from bench.plan.config import Config

METHOD = ("method", "fills", "parameters", "needs", "rebalances", "on balanced counts", "idea", "reference")


def methods(config: Config) -> Rows:
    """Return every registered method: slots, parameters with defaults, all that it declares, idea, reference."""
    from bench.registry import METHODS, parameters_of

    rows: Rows = []
    for entry in METHODS:
        try:
            method = entry.cls()
        except (TypeError, ValueError) as error:  # a user's own: something has no default, or a wrong one
            told = {"parameters": ", ".join(parameters_of(entry.cls)), "needs": str(error), "idea": entry.summary}
            rows.append(dict.fromkeys(METHOD, "-") | {"method": entry.name} | told)
            continue
        rows.append(
            {
                "method": entry.name,
                "fills": ", ".join(method.slots) or "-",
                "parameters": ", ".join(f"{key}={value}" for key, value in method.parameters.items()) or "-",
                "needs": ", ".join(_needs(method)) or "-",
                "rebalances": "yes" if method.rebalances and method.slots else "no",
                "on balanced counts": method.differs_when_balanced or "as Vanilla",
                "idea": entry.summary,
                "reference": entry.reference,
            }
        )
    return rows


def _needs(method: Method) -> Iterator[str]:
    """Yield what a method needs beyond images: many of them, two classes, stages, epochs for its phases."""
    from bench.protocol import Protocol
    from bench.stage import StageRequest

    if method.smallest_count > 1:
        yield f"{method.smallest_count} images a class"
    plenty = 100 * method.smallest_count
    if method.supports((plenty,) * 3) and not method.supports((plenty,) * 2):
        yield "two classes"
    for request in method.requires((plenty,) * 2, Protocol()):
        yield request.name if isinstance(request, StageRequest) else f"a fit of {request.method}"
    if (phases := len(method.phases())) > 1:
        yield f"{phases} epochs"


def stages(config: Config) -> Rows:
    """Return every setting of every registered stage with its meaning and its value in each profile."""
    from bench.plan.grid import stage_settings
    from bench.registry import STAGES

    rows: Rows = []
    for entry in STAGES:
        fields = entry.cls.Settings.model_fields
        needed = {name for name, field in fields.items() if field.is_required()}
        given = {profile: settings.stage_values(entry.name, "") for profile, settings in config.profiles.items()}
        values = {
            profile: stage_settings(config.profiles[profile], "", entry.name) if needed <= {*mine} else mine
            for profile, mine in given.items()
        }
        rows += [
            {"stage": entry.name, "setting": name}
            | {profile: mine.get(name, "-") for profile, mine in values.items()}
            | {"meaning": field.description}
            for name, field in fields.items()
        ]
    return rows


def networks(config: Config) -> Rows:
    """Return every registered network: title, arguments with defaults, what its weights have seen, whether at hand."""
    from bench.errors import ConfigError
    from bench.networks.network import network_named
    from bench.registry import NETWORKS

    rows: Rows = []
    for entry in NETWORKS:
        told = {"network": entry.name, "title": "-", "arguments": ", ".join(entry.cls.Settings.model_fields)}
        told |= {"trained on": "-", "at hand": "-", "idea": entry.summary, "reference": entry.reference}
        rows.append(told)
        try:
            network = network_named(entry.name)
        except ConfigError:  # a user's own, with an argument that has no default
            continue
        fields = network.settings.model_dump()
        told |= {"title": network.title, "arguments": ", ".join(f"{key}={value}" for key, value in fields.items())}
        told |= {"trained on": network.trained_on or "-", "at hand": "yes" if network.at_hand else "no"}
    return rows


def datasets(config: Config) -> Rows:
    """Return every shipped dataset and every folder of the user's."""
    from bench.registry import shipped_datasets

    shipped = [
        {
            "dataset": entry.name,
            "classes": " / ".join(entry.cls.classes),
            "imbalances": ", ".join(it.spelled for it in entry.cls.imbalances),
            "files": str(config.paths.data_root / entry.name) if entry.cls.has_files else "embedded",
            "reference": entry.reference,
        }
        for entry in shipped_datasets()
    ]
    own = [
        {"dataset": name, "classes": "", "imbalances": "", "files": str(own.root), "reference": "bench.toml"}
        for name, own in config.datasets.items()
        if own.root is not None
    ]
    return shipped + own


def profiles(config: Config) -> Rows:
    """Return every field of the protocol with its meaning and its value in each profile."""
    from bench.protocol import Protocol

    return [
        {
            "field": name,
            **{profile: settings.model_dump(mode="json")[name] for profile, settings in config.profiles.items()},
            "meaning": field.description,
        }
        for name, field in Protocol.model_fields.items()
    ]
