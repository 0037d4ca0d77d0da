"""Names of compositions: `US+CS` is two methods whose slots are merged, `CBL(beta=0.99)` one with arguments."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NoReturn

from bench.composition import Composition
from bench.errors import ConfigError, unknown
from bench.method import Method
from bench.record import canonical
from bench.registry import METHODS

_TERM = re.compile(r"(?P<name>[A-Za-z][\w-]*)(\((?P<arguments>.*)\))?")


def compose(
    expression: str,
    allowed: Collection[str] = (),
    given: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> Composition:
    """Parse `A+B(x=1)` into a composition.

    Parameters
    ----------
    expression
        Registered names joined by `+`, each with keyword arguments in parentheses if it takes any.
    allowed
        Expressions that may rebalance twice, as bench.toml lists them.
    given
        Arguments by method name, as a profile gives them; those of the expression go first. The name stays as written.

    Raises
    ------
    ConfigError
        A name or argument is unknown, two parts want one slot, or two parts rebalance and the pair is not allowed.
    """
    calls = _split(expression)
    parts = tuple(_build(name, {**given.get(name, {}), **arguments}) for name, arguments in calls)
    names = tuple(_spell(name, arguments) for name, arguments in calls)
    _refuse_shared_slots(names, parts)
    pairs = {frozenset(name for name, _ in _split(pair)) for pair in allowed}
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
    except (SyntaxError, ValueError, RecursionError, MemoryError):
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
        canonical(arguments)  # an identity holds them
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
