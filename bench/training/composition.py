"""A composition: the methods of an expression merged slot by slot, as a fit sees them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.errors import ConfigError, unknown
from bench.expression import Call, Expression
from bench.method import SLOTS, TRAINING_SLOTS, Counts, Method
from bench.networks.network import network_of
from bench.protocol import Protocol
from bench.record import canonical
from bench.registry import METHODS
from bench.stage import Request

HEAD_ALONE = "needs images; this protocol trains a head on features"


def build(expression: Expression) -> Composition:
    """Return the composition of an expression.

    Raises
    ------
    ConfigError
        A name or argument is unknown, or two parts want one slot.
    """
    composition = Composition(expression, tuple(map(_method, expression.calls)))
    owner: dict[str, str] = {}
    for name, part in zip(composition.names, composition.parts, strict=True):
        for slot in part.slots:
            if slot in owner:
                raise ConfigError(f"{owner[slot]} and {name} both want the slot {slot!r} and cannot be composed")
            owner[slot] = name
    return composition


def _method(call: Call) -> Method:
    cls, arguments = METHODS[call.name].cls, call.all_arguments
    known = list(inspect.signature(cls).parameters)
    for argument in arguments:
        if argument not in known:
            raise ConfigError(f"{call.name}: {unknown('parameter', argument, known)}")
    try:
        canonical(arguments)  # an identity holds them
        return cls(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{call}: {error}") from error


@dataclass(frozen=True)
class Composition:
    """The methods of an expression merged slot by slot, as a fit sees them."""

    expression: Expression
    parts: tuple[Method, ...]
    _owner: dict[str, Method] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        owner = {slot: part for part in self.parts for slot in part.slots}
        object.__setattr__(self, "_owner", owner)

    @property
    def name(self) -> str:
        """How tables call it."""
        return str(self.expression)

    @property
    def names(self) -> tuple[str, ...]:
        """How tables call each part."""
        return tuple(map(str, self.expression.calls))

    def hook(self, name: str) -> Any:
        """Return the bound hook `name` of the part that fills its slot; Vanilla's where none does."""
        return getattr(self._owner.get(SLOTS[name], _VANILLA), name)

    @property
    def training_parts(self) -> dict[str, Method]:
        """The parts that change training, by registered name in alphabetical order; Vanilla has none."""
        trained = {
            call.name: part
            for call, part in zip(self.expression.calls, self.parts, strict=True)
            if any(slot in TRAINING_SLOTS for slot in part.slots)
        }
        return dict(sorted(trained.items()))

    @property
    def training_part(self) -> list[list[object]]:
        """Names and parameters of the training parts, as JSON values: what the identity of a fit holds of the method.

        Methods whose training parts are equal share one fit.
        """
        return [[name, part.parameters] for name, part in self.training_parts.items()]

    @property
    def decides(self) -> bool:
        """Whether a part changes the decision alone."""
        return any(SLOTS["adjust"] in part.slots for part in self.parts)

    @property
    def leaves(self) -> tuple[str, ...]:
        """The stages whose kind of artifact a fit of this leaves."""
        return tuple(part.leaves for part in self.parts if part.leaves)

    def bind(self, artifacts: Mapping[Request, object]) -> Composition:
        """Return this composition with the artifacts that its parts required."""
        return Composition(self.expression, tuple(part.bind(artifacts) for part in self.parts))

    def for_counts(self, counts: Counts) -> Composition:
        """Return this composition with parts that know the counts."""
        return Composition(self.expression, tuple(part.for_counts(counts) for part in self.parts))

    def tuned(self, probabilities: Any, labels: Any, counts: Any) -> Composition:
        """Return this composition with the numbers that its decision chose on validation data, see `Method.tuned`."""
        return Composition(self.expression, tuple(part.tuned(probabilities, labels, counts) for part in self.parts))

    @property
    def chosen(self) -> dict[str, float]:
        """The numbers that decisions chose on validation data, by name."""
        return {name: value for part in self.parts for name, value in part.chosen.items()}

    def requires(self, counts: tuple[int, ...], protocol: Protocol) -> tuple[Request, ...]:
        """Return the stages and fits that the parts need."""
        return tuple(request for part in self.parts for request in part.requires(counts, protocol))

    def supports(self, counts: tuple[int, ...], protocol: Protocol | None = None) -> str:
        """Return "" if every part supports the counts, and the protocol where one is given, else the reasons."""
        on_features = protocol is not None and network_of(protocol.backbone).views > 0
        each = (HEAD_ALONE if on_features and part.needs_images else part.supports(counts) for part in self.parts)
        reasons = [f"{name} {why}" for name, why in zip(self.names, each, strict=True) if why]
        fewest = max((part.fewest_epochs for part in self.parts), default=1)
        if protocol is not None and protocol.epochs < fewest:
            reasons.append(f"{self.name} needs {fewest} epochs, the protocol has {protocol.epochs}")
        return "; ".join(reasons)

    def extra_operations(self, counts: tuple[int, ...], settings: Callable[[str], Any]) -> float:
        """Return about how many floating-point operations a fit takes beyond the common budget of training."""
        return sum(part.extra_operations(counts, settings) for part in self.parts)


_VANILLA = Method()
