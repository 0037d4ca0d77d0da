"""Jobs: the pieces of work that make records: fits, the stages they share, and measurements of those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.dataset import Task
from bench.errors import ConfigError
from bench.protocol import Protocol
from bench.registry import STAGES
from bench.stage import Stage
from bench.streams import Streams

Kind = Literal["fit", "stage", "measurement", "audit"]
Arguments = Mapping[str, Mapping[str, object]]  # arguments that a profile gives to methods, by name


@dataclass(frozen=True)
class StageCall:
    """A registered stage with its parameters and settings: all that is needed to build it in another process."""

    name: str
    parameters: Mapping[str, object]
    settings: Mapping[str, object]

    def build(self) -> Stage:
        """Return the stage.

        Raises
        ------
        ConfigError
            There is no such stage.
        """
        cls = STAGES[self.name].cls
        try:
            return cls(cls.Settings(**self.settings), self.parameters)
        except ValueError as error:
            raise ConfigError(f"stage {self.name}: {error}") from None

    @property
    def label(self) -> str:
        """The stage with its parameters, such as `CycleGAN(epochs=32)`."""
        inner = ", ".join(f"{key}={value}" for key, value in self.parameters.items())
        return f"{self.name}({inner})" if inner else self.name


@dataclass(frozen=True)
class Need:
    """An artifact that a job needs: the name it goes by, the record it belongs to, and the stage that opens it.

    `file` is `artifact` for what a stage made, or the name under which a fit left it.
    """

    name: str
    id: str
    call: StageCall
    file: str = "artifact"


@dataclass(frozen=True)
class Job:
    """One piece of work: its identity, and what a worker needs to do it.

    `method` is the row of any cell that shares a fit; of a measurement, what it judges. `arguments` are what the
    profile gives to methods. `call` is a stage's. An audit is a fit whose epoch is picked on the test set, to see what
    that would have claimed.
    """

    id: str
    identity: dict[str, Any]
    method: str
    task: Task
    protocol: Protocol
    streams: Streams
    kind: Kind = "fit"
    needs: tuple[Need, ...] = ()
    call: StageCall | None = None
    arguments: Arguments = field(default_factory=dict)
    operations: float = 0.0  # floating-point operations, about, beyond a plain fit's

    @property
    def label(self) -> str:
        """Short name for a progress display."""
        counts = ":".join(map(str, self.task.counts))
        if self.kind in ("fit", "audit"):
            luck = f" translator {self.streams.stage}" if self.streams.stage else ""
            audit = " (audit)" if self.kind == "audit" else ""
            return f"{self.task.dataset} {counts} {self.method} seed {self.streams.order}{luck}{audit}"
        stream = f" stream {self.streams.stage}" if self.streams.stage else ""
        verb = "measure " if self.kind == "measurement" else ""
        return f"{self.task.dataset} {counts} {verb}{self.method}{stream}"


def noun(jobs: Iterable[Job]) -> str:
    """Return what jobs are called when they are counted together: by their kind if they are of one, else `job`."""
    kinds = {job.kind for job in jobs}
    return kinds.pop() if len(kinds) == 1 else "job"
