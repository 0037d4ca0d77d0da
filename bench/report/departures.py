"""Settings: the protocol that a report's runs had, and in what it departs from that of the papers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import Parameter

from bench.papers import shelf
from bench.plan.config import Config, Profile
from bench.plan.grid import stage_settings
from bench.protocol import Protocol
from bench.record import Record
from bench.registry import METHODS, STAGES, parameters_of
from bench.report.figure import Figure, number
from bench.report.report import Listing


@dataclass(frozen=True)
class Setting:
    """One setting: of the protocol all fits share, of a stage, or an argument that the profile gives a method."""

    owner: str
    name: str
    meaning: str = ""

    @property
    def shown(self) -> str:
        """As the table of settings calls it."""
        return f"{self.owner}: {self.name}" if self.owner else self.name


Values = dict[Setting, object]
# Fields of a protocol that are read where another one has one of these values.
READ_WHERE = {
    "beta1": ("optimiser", ("adam", "adamw")),
    "beta2": ("optimiser", ("adam", "adamw")),
    "momentum": ("optimiser", ("sgd",)),
    "steps": ("schedule", ("steps",)),
    "step_factor": ("schedule", ("steps",)),
}


def settings(config: Config, tasks: Mapping[str, str], records: Iterable[Record]) -> Listing:
    """Return every setting with its value for each dataset, the paper's beside it where there is one, and its meaning.

    `tasks` are the datasets with what they are called in print; of the first fit of each, the sizes of its parts are
    told. Settings of stages are among them if one was made.
    """
    made = list(records)
    columns: dict[str, Values] = {}
    for task, shown in tasks.items():
        ours, theirs = _ours_and_papers(config, task, made)
        columns |= {shown: ours} | ({f"{shown}, as the paper": theirs} if theirs else {})
    every = dict.fromkeys(setting for values in columns.values() for setting in values)
    rows = [
        (it.shown, *(_text(values.get(it)) for values in columns.values()), it.meaning)
        for it in every
        if any(values.get(it) is not None for values in columns.values())
    ]
    fits: dict[str, Record] = {}
    for it in made:
        if it.kind == "fit" and it.test:
            fits.setdefault(str(it.identity["dataset"]), it)
    parts = [f"{shown}: {_sizes(fits[task])}." for task, shown in tasks.items() if task in fits]
    return Listing("settings", "Protocol", " ".join(parts), ("Setting", *columns, "Meaning"), tuple(rows))


def departures(config: Config, tasks: Mapping[str, str], records: Iterable[Record]) -> Iterator[str]:
    """Say in what the protocol is not the paper's: a difference of protocols is not one of methods."""
    made = list(records)
    for task, shown in tasks.items():
        ours, theirs = _ours_and_papers(config, task, made)
        paper = shelf.paper_of(task)
        silent = paper.silent if paper else ()
        apart = [
            it
            for it, value in theirs.items()
            if it.name not in silent and value is not None and value != ours[it] and _is_read(it, theirs)
        ]
        own = [f"{_words(it)} {ours[it]} (there {theirs[it]})" for it in apart if not it.owner]
        others: dict[str, list[str]] = {}
        for it in apart:
            if it.owner:
                others.setdefault(it.owner, []).append(_words(it))
        staged = [f"{owner}'s {', '.join(names)}" for owner, names in others.items()]
        parts = [*([", ".join(own)] if own else []), *staged]
        if paper and parts:
            yield (
                f"{shown}: profile {config.run.profile} is not that of the papers (profile {paper.profile}), it "
                f"differs in {'; '.join(parts)}; see Protocol. A difference to published numbers may be one of "
                "protocols."
            )


def _is_read(setting: Setting, values: Values) -> bool:
    """Return whether a protocol reads one of its fields; SGD has no beta1."""
    field, wanted = READ_WHERE.get("" if setting.owner else setting.name, ("", ()))
    return not field or next(value for it, value in values.items() if not it.owner and it.name == field) in wanted


def _ours_and_papers(config: Config, task: str, records: Iterable[Record]) -> tuple[Values, Values]:
    """Return our settings for a dataset, and the paper's; none where it is not one of its own, or they are ours."""
    stages = sorted({str(it.identity["stage"]) for it in records if it.kind == "stage" and _is_of(it, task)})
    paper = shelf.paper_of(task)
    theirs = config.profiles.get(paper.profile) if paper else None
    methods = {name for it in (config.profile, theirs) if it for name in it.arguments(task)}
    served = sorted(methods) if stages else []
    ours = _values(config.profile, task, stages, served)
    if paper is None or theirs is None or config.run.profile == paper.profile:
        return ours, {}
    return ours, _values(theirs, task, stages, served)


def _is_of(record: Record, task: str) -> bool:
    return record.identity.get("dataset") == task and str(record.identity.get("stage")) in STAGES


def _values(profile: Profile, task: str, stages: Iterable[str], methods: Iterable[str]) -> Values:
    common = profile.protocol(task).model_dump()
    found: Values = {Setting("", k, it.description or ""): common[k] for k, it in Protocol.model_fields.items()}
    for stage in stages:
        fields, values = STAGES[stage].cls.Settings.model_fields, stage_settings(profile, task, stage)
        found |= {Setting(stage, name, fields[name].description or ""): value for name, value in values.items()}
    given = profile.arguments(task)
    for method in methods:
        parameters = parameters_of(METHODS[method].cls) | dict(given.get(method, {}))
        found |= {
            Setting(method, name, f"argument of {method}"): value
            for name, value in parameters.items()
            if value is not Parameter.empty
        }
    return found


def _sizes(record: Record) -> str:
    """Say how many images of each class validation and test have."""
    parts = {"validation": record.validation, "test": record.test}
    named = (f"{' + '.join(map(str, part.counts))} {name} images" for name, part in parts.items() if part)
    return " and ".join(named) + ", by class"


def _words(setting: Setting) -> str:
    return setting.name.replace("_", " ")


def _text(value: object) -> str | Figure:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value, text=str(value))
    return "\N{EN DASH}" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
