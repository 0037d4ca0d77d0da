"""A composition: one method, or several merged slot by slot, as a fit sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.method import SLOTS, TRAINING_SLOTS, Counts, Method

if TYPE_CHECKING:
    from bench.protocol import Protocol
    from bench.stage import StageRequest


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
