"""What fits need: from a method's requests to stages with identities, and to the measurements of what they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bench.composition import Composition
from bench.dataset import Task
from bench.plan.identity import fit_identity, measurement_identity, stage_identity
from bench.plan.job import Arguments, Job, Need, StageCall
from bench.protocol import Protocol
from bench.record import digest
from bench.registry import STAGES
from bench.stage import Stage, StageRequest
from bench.streams import Streams

JUDGE = "Evaluator"
SettingsOf = Callable[[str], Mapping[str, object]]


@dataclass(frozen=True)
class Workshop:
    """Where stages of one task are made: the task, the whole split for those that serve every count, the settings."""

    task: Task
    whole: Task
    protocol: Protocol
    settings: SettingsOf

    def needs(self, requests: Iterable[StageRequest], stream: int) -> tuple[tuple[Need, ...], list[Job]]:
        """Return the artifacts that answer requests, and the jobs that make them, each after those it needs."""
        needs: list[Need] = []
        jobs: dict[str, Job] = {}
        for request in requests:
            need, made = self._stage(request, stream)
            needs.append(need)
            jobs |= {job.id: job for job in made}
        return tuple(needs), list(jobs.values())

    def fit(
        self,
        method: Composition,
        streams: Streams,
        arguments: Arguments,
        protocol: Protocol | None = None,
        kind: Literal["fit", "audit"] = "fit",
    ) -> list[Job]:
        """Return the stages that a fit needs, each after those it needs itself, and the fit as the last."""
        task, protocol = self.task, protocol or self.protocol
        requests = method.requires(task.counts, protocol)
        needs, jobs = self.needs(requests, streams.stage)
        identity = fit_identity(task, method, streams, protocol, tuple(need.id for need in needs)) | {"kind": kind}
        job = Job(
            digest(identity),
            identity,
            method.name,
            task,
            protocol,
            streams,
            kind,
            needs,
            arguments=arguments if requests else {},
            operations=extra_operations(method, task, needs),
        )
        return [*jobs, job]

    def supports(self, requests: Iterable[StageRequest]) -> str:
        """Return "" if every stage asked for can be made for the task, else why not."""
        reasons = (self._call(request).build().supports(self.task.counts) for request in requests)
        return next((reason for reason in reasons if reason), "")

    def measurements(self, method: Composition, fit: Job, requests: Iterable[StageRequest]) -> list[Job]:
        """Return the measurements that a fit's translators call for, after the jobs that they need.

        Those of a stage are the same for every seed; those of what a fit leaves are its own. Longer trainings are for
        the first stream: of the others only the luck is asked.
        """
        jobs: dict[str, Job] = {}
        if JUDGE not in STAGES:
            return []
        stream = fit.streams.stage
        for request in self._measured(requests, longer=not stream):
            need, made = self._stage(request, stream)
            jobs |= {job.id: job for job in (*made, *self._judged(need, need.call.label, Streams(stage=stream)))}
        for part in method.parts:
            if leaves := getattr(part, "leaves", ""):
                need = Need("translator", fit.id, self._call(StageRequest(leaves)), "translator")
                jobs |= {job.id: job for job in self._judged(need, method.name, fit.streams)}
        return list(jobs.values())

    def _measured(self, requests: Iterable[StageRequest], longer: bool) -> list[StageRequest]:
        found: list[StageRequest] = []
        for request in requests:
            stage = self._call(request).build()
            measured = [it for it in stage.measured() if longer or it == request]
            found += measured or self._measured(stage.requires(), longer)
        return found

    def _judged(self, need: Need, label: str, streams: Streams) -> list[Job]:
        count = int(str(self.settings(JUDGE)["seeds"]))
        judges, jobs = self.needs((StageRequest(JUDGE, {"seed": seed}) for seed in range(count)), 0)
        judges = tuple(replace(judge, name=f"judge {seed}") for seed, judge in enumerate(judges))
        protocol = self.protocol
        images = {
            "image_size": protocol.image_size,
            "eval_per_class": protocol.eval_per_class,
            "threads": protocol.threads,
        }
        identity = measurement_identity(self.task, need.id, [judge.id for judge in judges], images)
        job = Job(
            digest(identity),
            identity,
            label,
            self.task,
            protocol,
            streams,
            "measurement",
            (replace(need, name="translator"), *judges),
        )
        return [*jobs, job]

    def _stage(self, request: StageRequest, stream: int) -> tuple[Need, list[Job]]:
        call = self._call(request)
        stage = call.build()
        needs, jobs = self.needs(stage.requires(), stream)
        task = self.whole if stage.whole_split else self.task
        seed = int(str(call.parameters.get("seed", stream)))
        identity = stage_identity(
            task,
            call.name,
            call.parameters,
            call.settings,
            stream=stream if stage.stream == "stage" else None,
            images={name: getattr(self.protocol, name) for name in ("load_size", "flip", "threads")},
            stages=[need.id for need in needs],
        )
        key = digest(identity)
        work = stage.operations(task.counts, self.protocol)
        streams = Streams(stage=seed)
        job = Job(key, identity, call.label, task, self.protocol, streams, "stage", needs, call, operations=work)
        return Need(call.name, key, call), [*jobs, job]

    def _call(self, request: StageRequest) -> StageCall:
        return StageCall(request.name, request.parameters, self.settings(request.name))


def modules(needs: Sequence[Need]) -> list[str]:
    """Return the modules of the stages that are needed, directly or not."""
    found: list[str] = []
    waiting: list[Stage] = [need.call.build() for need in needs]
    while waiting:
        stage = waiting.pop()
        if (name := type(stage).__module__) not in found:
            found.append(name)
        for request in stage.requires():
            if request.name not in {need.call.name for need in needs}:
                waiting.append(StageCall(request.name, request.parameters, {}).build())
    return found


def extra_operations(method: Composition, task: Task, needs: tuple[Need, ...]) -> float:
    """Return about how many operations a fit takes beyond training its classifier."""
    stages = {need.name: need.call.build() for need in needs}
    count = [getattr(part, "extra_operations", None) for part in method.parts]
    return sum(float(extra(task.counts, stages)) for extra in count if extra)
