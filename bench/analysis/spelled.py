"""Spelled: the row that a stored method is one of, as a configuration would name it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bench.analysis.baseline import plain
from bench.errors import ConfigError
from bench.plan.compose import compose
from bench.registry import METHODS, parameters_of
from bench.training.composition import Composition


def spelled_row(
    parts: list[tuple[str, dict[str, object]]], given: Mapping[str, Mapping[str, object]], allowed: Iterable[str] = ()
) -> str:
    """Return the method's name with the arguments that it has and neither its class nor the profile gives it anyway.

    Parts of an `allowed` composition, such as LDAM+DRW, stand in its order; others in that of the identity.
    """
    calls, names = [], sorted(name for name, _ in parts)
    order = next((it.split("+") for it in allowed if sorted(it.split("+")) == names), [])
    for name, arguments in sorted(parts, key=lambda part: order.index(part[0]) if order else 0):
        expected = (parameters_of(METHODS[name].cls) if name in METHODS else {}) | dict(given.get(name, {}))
        own = [f"{k}={v}" for k, v in arguments.items() if k not in expected or expected[k] != v]
        calls.append(f"{name}({', '.join(own)})" if own else name)
    return "+".join(calls) or plain()


def known_row(expression: str, given: Mapping[str, Mapping[str, object]]) -> Composition | None:
    """Return the composition, None where its method is not registered any more; what was run once was allowed."""
    names = [term.split("(")[0] for term in expression.split("+")]
    try:
        return compose(expression, ["+".join(names)], given)
    except ConfigError:
        return None
