"""The door for method expressions: text from bench.toml or a command line becomes an allowed composition."""

from __future__ import annotations

import inspect
import math
from collections.abc import Collection, Mapping
from types import MappingProxyType

from bench.errors import ConfigError
from bench.expression import Call, Expression
from bench.registry import METHODS
from bench.training.composition import Composition, build


def compose(
    text: str,
    allowed: Collection[str] = (),
    given: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> Composition:
    """Parse `A+B(x=1)` into a composition.

    Parameters
    ----------
    allowed
        Expressions that may rebalance twice, as bench.toml lists them.
    given
        Arguments by method name, as a profile gives them; those of the expression go first. The name stays as written.

    Raises
    ------
    ConfigError
        The text is no expression, a name or argument is unknown, two parts want one slot, or two parts rebalance and
        the pair is not allowed.
    """
    expression = Expression.parse(text).with_given(given)
    for call in expression.calls:
        _numbers_are_numbers(call)
    composition = build(expression)
    calls = composition.expression.calls
    pairs = {frozenset(call.name for call in Expression.parse(pair).calls) for pair in allowed}
    rebalancing = [
        call.name for call, part in zip(calls, composition.parts, strict=True) if part.rebalances and part.slots
    ]
    if len(rebalancing) > 1 and frozenset(rebalancing) not in pairs:
        raise ConfigError(
            f"{text}: {' and '.join(rebalancing)} would correct the class prior twice; "
            "if that is wanted, add the pair to [composition] allow in bench.toml"
        )
    return composition


def _numbers_are_numbers(call: Call) -> None:
    """Refuse a word, a truth value or an infinity where a method declares a number; its range the method checks."""
    if call.name not in METHODS:
        return
    declared = inspect.signature(METHODS[call.name].cls).parameters
    for name, value in call.all_arguments.items():
        if name in declared and declared[name].annotation in ("float", "int", float, int):
            number = isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)
            if not number:
                raise ConfigError(f"{call}: {name} = {value!r} must be a finite number")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False
