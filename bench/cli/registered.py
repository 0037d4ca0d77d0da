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
    from bench.registry import METHODS

    rows: Rows = []
    for entry in METHODS:
        try:
            method = entry.cls()
        except TypeError as error:  # one of a user's own that has no default for something
            rows.append(dict.fromkeys(METHOD, "-") | {"method": entry.name, "needs": str(error), "idea": entry.summary})
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

    return [
        {
            "stage": entry.name,
            "setting": name,
            **{
                profile: stage_settings(settings, "", entry.name)[name] for profile, settings in config.profiles.items()
            },
            "meaning": field.description,
        }
        for entry in STAGES
        for name, field in entry.cls.Settings.model_fields.items()
    ]


def networks(config: Config) -> Rows:
    """Return every registered network: title, arguments with defaults, what its weights have seen, whether at hand."""
    from bench.networks.network import network_named
    from bench.registry import NETWORKS

    rows = []
    for entry in NETWORKS:
        network = network_named(entry.name)
        fields = network.settings.model_dump()
        rows.append(
            {
                "network": entry.name,
                "title": network.title,
                "arguments": ", ".join(f"{key}={value}" for key, value in fields.items()),
                "trained on": network.trained_on or "-",
                "at hand": "yes" if network.at_hand else "no",
                "idea": entry.summary,
                "reference": entry.reference,
            }
        )
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
