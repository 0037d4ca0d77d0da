"""Jobs: the pieces of work that make records: fits, the stages they share, and measurements of those."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from bench.dataset import Task
from bench.errors import ConfigError
from bench.expression import Call, Expression
from bench.protocol import Protocol
from bench.registry import STAGES
from bench.stage import Request, Stage, StageRequest
from bench.streams import Streams

if TYPE_CHECKING:
    from bench.training.composition import Composition

Kind = Literal["fit", "stage", "measurement", "audit", "twin"]
TRAINED: tuple[Kind, ...] = ("fit", "audit", "twin")  # kinds that train a classifier


@dataclass(frozen=True)
class StageCall:
    """A registered stage with its parameters and settings: all that is needed to build it in another process."""

    request: StageRequest
    settings: Mapping[str, object]

    @property
    def name(self) -> str:
        """The name that the stage is registered under."""
        return self.request.name

    @property
    def parameters(self) -> dict[str, object]:
        """The parameters of the request."""
        return dict(self.request.parameters)

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
        return str(Call(self.name, self.request.parameters))


@dataclass(frozen=True)
class Need:
    """An artifact that a job needs: what asked for it, the record it belongs to, and the stage that opens it.

    `role` is what a measurement calls it: `translator`, `judge 0`; "" where a request asked for it. `file` is
    `artifact` for what a stage made, or the name under which a fit left it. A classifier that a fit leaves is opened by
    no stage: there `call` is None and `fit` the job.
    """

    request: Request
    id: str
    call: StageCall | None = field(compare=False)
    file: str = "artifact"
    role: str = ""
    fit: Job | None = field(default=None, compare=False)

    @property
    def stage(self) -> StageCall:
        """The stage that opens the artifact; only a fit's classifier has none."""
        assert self.call is not None, f"{self.request} is opened by no stage"
        return self.call


@dataclass(frozen=True)
class Job:
    """One piece of work: its identity, and what a worker needs to do it.

    `counting` counts its floating-point operations, about; that takes torch, and is asked for by `operations` only.
    `expression` is the row of any cell that shares a fit; `judged` what a measurement is about; `call` is a stage's. An
    audit is a fit whose epoch is picked on the test set, to see what that would have claimed; a twin is a fit done
    again on the processor of what it is compared with.
    """

    id: str
    identity: dict[str, Any]
    task: Task
    protocol: Protocol
    streams: Streams
    kind: Kind = "fit"
    needs: tuple[Need, ...] = ()
    expression: Expression | None = None
    call: StageCall | None = None
    judged: str = ""
    counting: Callable[[], float] | None = field(default=None, compare=False, repr=False)

    @property
    def method(self) -> str:
        """The work in print: the method of a fit, the stage with its parameters, or what is judged."""
        if self.expression is not None:
            return str(self.expression)
        return self.call.label if self.call else self.judged

    @property
    def label(self) -> str:
        """Short name for a progress display."""
        counts = self.task.place
        if self.kind in TRAINED:
            luck = f" translator {self.streams.stage}" if self.streams.stage else ""
            luck += f" subset {self.streams.subset}" if self.streams.subset else ""
            beside = f" ({self.kind})" if self.kind != "fit" else ""
            return f"{self.task.dataset} {counts} {self.method} seed {self.streams.order}{luck}{beside}"
        stream = f" stream {self.streams.stage}" if self.streams.stage else ""
        verb = "measure " if self.kind == "measurement" else ""
        return f"{self.task.dataset} {counts} {verb}{self.method}{stream}"


def bare(job: Job) -> Job:
    """Return a job as it is sent to another process: without what only plans need."""
    return replace(job, counting=None)


def noun(jobs: Iterable[Job]) -> str:
    """Return what jobs are called when they are counted together: by their kind if they are of one, else `job`."""
    kinds = {job.kind for job in jobs}
    return kinds.pop() if len(kinds) == 1 else "job"


def add_jobs(jobs: dict[str, Job], made: Iterable[Job], method: Composition) -> None:
    """Add a method's jobs to those by id; a fit that several rows share goes by the one whose decision is its own."""
    for job in made:
        if job.id not in jobs or not method.decides:
            jobs[job.id] = job
