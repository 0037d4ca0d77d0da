"""The stage contract: a costly artifact, such as a trained translator, that several fits share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import torch

from bench.expression import Arguments, frozen
from bench.images import ImageSet
from bench.protocol import Protocol as FitProtocol
from bench.protocol import Settings
from bench.streams import Streams

Tensors = Mapping[str, "torch.Tensor"]


@dataclass(frozen=True)
class StageRequest:
    """What a method, or another stage, asks for: a registered stage by name, with its parameters."""

    name: str
    parameters: Arguments = ()

    @classmethod
    def of(cls, name: str, /, **parameters: object) -> StageRequest:
        """Return the request for a stage with these parameters."""
        return cls(name, frozen(parameters))


@dataclass(frozen=True)
class FitRequest:
    """What a stage asks for: the frozen classifier that a method's fit of the same task leaves, by its expression."""

    method: str


Request = StageRequest | FitRequest


class StageSettings(Settings):
    """Base of a stage's settings: the values under [profiles.NAME.stages.STAGE], all part of its identity."""


class Checkpoint(Protocol):
    """Where a stage keeps its state while it is being made, so that a killed run goes on where it was."""

    def load(self) -> dict[str, torch.Tensor] | None:
        """Return the state kept last, None at the first start."""

    @property
    def due(self) -> bool:
        """Whether some minutes have passed since the state was kept."""

    def save(self, state: Tensors) -> None:
        """Keep the state instead of the one before."""


@runtime_checkable
class Translator(Protocol):
    """An artifact that turns images of one class into images of the other."""

    def translate(self, images: torch.Tensor, source: int) -> torch.Tensor:
        """Return images (N, 3, H, W) of class `source`, floats in [-1, 1], as images of the other class."""


@runtime_checkable
class Generator(Protocol):
    """An artifact that makes images of a class out of noise."""

    image_size: int
    n_classes: int

    def generate(self, labels: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
        """Return an image of each class in `labels`, int64 (N,), as floats in [-1, 1], (N, 3, S, S)."""


@runtime_checkable
class Unasked(Protocol):
    """A generator that can tell what it makes where no class is asked for."""

    def unasked(self, count: int, rng: torch.Generator) -> torch.Tensor | None:
        """Return images as they come, as `generate` does; None where it makes what it is asked for and no other."""


class Reads:
    """The fields of a protocol that a stage declares to read, and that its identity therefore holds; no other."""

    def __init__(self, protocol: FitProtocol, names: Sequence[str], stage: str) -> None:
        self._protocol, self._names, self._stage = protocol, tuple(names), stage

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._names:
            raise AttributeError(f"the stage {self._stage} reads {name!r} of the protocol, which it does not declare")
        return getattr(self._protocol, name)


@dataclass(frozen=True, eq=False)
class Material:
    """What a stage is made of. There is no validation and no test image in it.

    `train` are the task's training images at load size, or all of the split's where the stage is for every count
    (`Stage.whole_split`); `judging` are images for judges, which no fit and no translator sees: the split's part of
    that name, or else its spare ones. `protocol` has the fields that the stage declares; `needed` holds the artifacts
    that the stage requires, by request.
    """

    train: ImageSet
    judging: ImageSet
    protocol: Reads
    streams: Streams
    device: Any
    needed: Mapping[Request, Any]
    checkpoint: Checkpoint


@dataclass(frozen=True, eq=False)
class Made:
    """A finished artifact as tensors, the history of its training, and the floating-point operations it took."""

    tensors: dict[str, torch.Tensor]
    history: list[dict[str, float]] = field(default_factory=list)
    flops: float = 0.0


class Stage:
    """One stage with its settings and parameters; a constructor only stores them.

    A subclass is registered by `@register_stage(name, reference)` and found by that name alone.
    """

    Settings: ClassVar[type[StageSettings]] = StageSettings
    whole_split: ClassVar[bool] = False  # True: made of the whole split, and one for all minority counts
    stream: ClassVar[Literal["stage", "none"]] = "stage"  # none: nothing about it is random
    judges: ClassVar[bool] = False  # True: its artifacts judge made images, as many of them as the setting `seeds` says
    generates: ClassVar[bool] = False  # True: its artifact is a Generator
    reads: ClassVar[tuple[str, ...]] = ("load_size",)  # fields of the protocol that it depends on

    def __init__(self, settings: StageSettings, parameters: Mapping[str, object]) -> None:
        self.settings, self.parameters = settings, dict(parameters)

    @property
    def uses(self) -> tuple[str, ...]:
        """Modules that it rests on beside its own and what that imports: those of classes found by name."""
        return ()

    def supports(self, counts: Sequence[int]) -> str:
        """Return "" if the stage can be made for these training counts, else the reason why not."""
        return ""

    def requires(self, counts: Sequence[int]) -> tuple[Request, ...]:
        """Return the stages and fits that must exist before."""
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

    def open(self, tensors: Tensors, counts: Sequence[int], device: Any) -> Any:
        """Return the artifact for use, from its tensors."""
        return tensors

    def use_operations(self, image_size: int) -> float:
        """Return about how many floating-point operations it takes to use the artifact on one image of a side.

        That is to make, translate or judge one; 0 where the artifact does none of these.
        """
        return 0.0

    def operations(self, counts: Sequence[int], protocol: FitProtocol, settings: Callable[[str], Any]) -> float:
        """Return about how many floating-point operations it takes: never 0, for time left rests on it.

        `settings` gives those of another stage by its name.
        """
        raise NotImplementedError
