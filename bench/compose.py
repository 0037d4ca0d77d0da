"""Composition: `US+CS` is two methods whose slots are merged, `CBL(beta=0.99)` one with arguments."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from bench.errors import ConfigError, unknown
from bench.method import SLOTS, TRAINING_SLOTS, Counts, Method
from bench.protocol import Protocol
from bench.registry import METHODS
from bench.stage import StageRequest

_TERM = re.compile(r"(?P<name>[A-Za-z][\w-]*)(\((?P<arguments>.*)\))?")


@dataclass(frozen=True)
class Composition:
    """A row of the tables: one method, or several whose slots do not overlap."""

    name: str
    parts: tuple[Method, ...]
    names: tuple[str, ...]
    _owner: dict[str, Method] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        owner = {slot: part for part in self.parts for slot in part.slots}
        object.__setattr__(self, "_owner", owner)

    def hook(self, name: str) -> Any:
        """Return the bound hook `name` of the part that fills its slot; Vanilla's where none does."""
        return getattr(self._owner.get(SLOTS[name], _VANILLA), name)

    @property
    def training_parts(self) -> dict[str, Method]:
        """The parts that change training, by registered name in alphabetical order; Vanilla has none."""
        trained = {
            name.partition("(")[0]: part
            for name, part in zip(self.names, self.parts, strict=True)
            if any(slot in TRAINING_SLOTS for slot in part.slots)
        }
        return dict(sorted(trained.items()))

    @property
    def training_part(self) -> list[list[object]]:
        """Names and parameters of the training parts, as JSON values: what the identity of a fit holds of the method.

        Methods whose training parts are equal share one fit.
        """
        return [[name, part.parameters] for name, part in self.training_parts.items()]

    def bind(self, stages: Mapping[str, object]) -> Composition:
        """Return this composition with the artifacts that its parts required."""
        return Composition(self.name, tuple(part.bind(stages) for part in self.parts), self.names)

    def for_counts(self, counts: Counts) -> Composition:
        """Return this composition with parts that know the counts."""
        return Composition(self.name, tuple(part.for_counts(counts) for part in self.parts), self.names)

    def requires(self, counts: tuple[int, ...], protocol: Protocol) -> tuple[StageRequest, ...]:
        """Return the stages that the parts need."""
        return tuple(request for part in self.parts for request in part.requires(counts, protocol))

    def supports(self, counts: tuple[int, ...]) -> str:
        """Return "" if every part supports the counts, else the reasons."""
        named = zip(self.names, self.parts, strict=True)
        return "; ".join(f"{name} {why}" for name, part in named if (why := part.supports(counts)))


_VANILLA = Method()


def compose(expression: str, allowed: Collection[str] = ()) -> Composition:
    """Parse `A+B(x=1)` into a composition.

    Parameters
    ----------
    expression
        Registered names joined by `+`, each with keyword arguments in parentheses if it takes any.
    allowed
        Expressions that may rebalance twice, as bench.toml lists them.

    Raises
    ------
    ConfigError
        A name or argument is unknown, two parts want one slot, or two parts rebalance and the pair is not allowed.
    """
    calls = _split(expression)
    parts = tuple(_build(name, arguments) for name, arguments in calls)
    names = tuple(_spell(name, arguments) for name, arguments in calls)
    _refuse_shared_slots(names, parts)
    pairs = {frozenset(pair.split("+")) for pair in allowed}
    rebalancing = [name for (name, _), part in zip(calls, parts, strict=True) if part.rebalances and part.slots]
    if len(rebalancing) > 1 and frozenset(rebalancing) not in pairs:
        raise ConfigError(
            f"{expression}: {' and '.join(rebalancing)} would correct the class prior twice; "
            "if that is wanted, add the pair to [composition] allow in bench.toml"
        )
    return Composition("+".join(names), parts, names)


def _split(expression: str) -> list[tuple[str, dict[str, object]]]:
    """Return names and arguments of the terms of `A+B(x=1)`; names may hold letters, digits, `_` and `-`."""
    terms = [_TERM.fullmatch(term.strip()) for term in re.split(r"\+(?![^(]*\))", expression)]
    try:
        return [(term["name"], _arguments(term["arguments"] or "")) for term in terms if term or _refuse(expression)]
    except (SyntaxError, ValueError):
        _refuse(expression)


def _arguments(text: str) -> dict[str, object]:
    call = ast.parse(f"f({text})", mode="eval").body
    if not isinstance(call, ast.Call) or call.args or any(key.arg is None for key in call.keywords):
        raise ValueError(text)
    return {str(key.arg): _value(key.value) for key in call.keywords}


def _value(node: ast.expr) -> object:
    """Return a literal; a bare word is a string, so that `class_weight=off` needs no quotes."""
    return node.id if isinstance(node, ast.Name) else ast.literal_eval(node)


def _refuse(expression: str) -> NoReturn:
    raise ConfigError(f"method {expression!r} is not of the form NAME, NAME(key=value) or NAME+NAME")


def _build(name: str, arguments: dict[str, object]) -> Method:
    cls = METHODS[name].cls
    known = list(inspect.signature(cls).parameters)
    for argument in arguments:
        if argument not in known:
            raise ConfigError(f"{name}: {unknown('parameter', argument, known)}")
    try:
        return cls(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{_spell(name, arguments)}: {error}") from error


def _spell(name: str, arguments: dict[str, object]) -> str:
    inner = ", ".join(f"{key}={value}" for key, value in arguments.items())
    return f"{name}({inner})" if inner else name


def _refuse_shared_slots(names: tuple[str, ...], parts: tuple[Method, ...]) -> None:
    owner: dict[str, str] = {}
    for name, part in zip(names, parts, strict=True):
        for slot in part.slots:
            if slot in owner:
                raise ConfigError(f"{owner[slot]} and {name} both want the slot {slot!r} and cannot be composed")
            owner[slot] = name
