"""The stage contract: a costly artifact, such as a trained translator, that several fits share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict
from torch import Tensor

if TYPE_CHECKING:
    from bench.images import ImageSet
    from bench.protocol import Protocol as FitProtocol
    from bench.streams import Streams
    from bench.training.device import Device

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class StageRequest:
    """What a method, or another stage, asks for: a registered stage by name, with its parameters."""

    name: str
    parameters: dict[str, object] = field(default_factory=dict)


class StageSettings(BaseModel):
    """Base of a stage's settings: the values under [profiles.NAME.stages.STAGE], all part of its identity."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Checkpoint(Protocol):
    """Where a stage keeps its state while it is being made, so that a killed run goes on where it was."""

    def load(self) -> dict[str, Tensor] | None:
        """Return the state kept last, None at the first start."""

    @property
    def due(self) -> bool:
        """Whether some minutes have passed since the state was kept."""

    def save(self, state: Tensors) -> None:
        """Keep the state instead of the one before."""


class Translator(Protocol):
    """An artifact that turns images of one class into images of the other."""

    def translate(self, images: Tensor, source: int) -> Tensor:
        """Return images (N, 3, H, W) of class `source`, floats in [-1, 1], as images of the other class."""


@dataclass(frozen=True, eq=False)
class Material:
    """What a stage is made of. There is no validation and no test image in it.

    `train` are the task's training images at load size, or all of the split's where the stage is for every count
    (`Stage.whole_split`); `spare` are images that no part of the split uses. `needed` holds the artifacts that the
    stage requires, by name.
    """

    train: ImageSet
    spare: ImageSet
    protocol: FitProtocol
    streams: Streams
    device: Device
    needed: Mapping[str, Any]
    checkpoint: Checkpoint


@dataclass(frozen=True, eq=False)
class Made:
    """A finished artifact as tensors, the history of its training, and the floating-point operations it took."""

    tensors: dict[str, Tensor]
    history: list[dict[str, float]] = field(default_factory=list)
    flops: float = 0.0


class Stage:
    """One stage with its settings and parameters; a constructor only stores them.

    A subclass is registered by `@register_stage(name, reference)` and found by that name alone.
    """

    Settings: ClassVar[type[StageSettings]] = StageSettings
    whole_split: ClassVar[bool] = False  # True: made of the whole split, and one for all minority counts
    stream: ClassVar[Literal["stage", "none"]] = "stage"  # none: nothing about it is random

    def __init__(self, settings: StageSettings, parameters: Mapping[str, object]) -> None:
        self.settings, self.parameters = settings, dict(parameters)

    def supports(self, counts: Sequence[int]) -> str:
        """Return "" if the stage can be made for these training counts, else the reason why not."""
        return ""

    def requires(self) -> tuple[StageRequest, ...]:
        """Return the stages that must exist before."""
        return ()

    def measured(self) -> tuple[StageRequest, ...]:
        """Return the artifacts that Table 2 judges when this one is used: itself, or relatives of it; mostly none."""
        return ()

    def make(self, material: Material) -> Made:
        """Make the artifact.

        Raises
        ------
        TrainingDiverged
            A loss became NaN or infinite.
        """
        raise NotImplementedError

    def open(self, tensors: Tensors, counts: Sequence[int], device: Device) -> Any:
        """Return the artifact for use, from its tensors."""
        return tensors

    def operations(self, counts: Sequence[int], protocol: FitProtocol) -> float:
        """Return about how many floating-point operations it takes, for time left and for the order of work."""
        return 1.0
