"""The stage contract: a costly artifact that several fits share, such as a trained translator."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class StageRequest:
    """What a method asks for: a registered stage by name, with the parameters that are part of its identity."""

    name: str
    parameters: dict[str, object] = field(default_factory=dict)
