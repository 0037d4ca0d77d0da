"""What work needs: from requests to stages and fits with identities, and to the measurements of what they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from bench.dataset import Task
from bench.plan.compose import compose
from bench.plan.identity import fit_identity, measurement_identity, stage_identity
from bench.plan.job import Job, Need, StageCall, bare
from bench.plan.operations import as_told, classifier_operations
from bench.protocol import Protocol
from bench.record import digest
from bench.registry import judging_stage
from bench.stage import FitRequest, Request, StageRequest
from bench.streams import Streams
from bench.training.composition import Composition

CLASSIFIER = "classifier"  # the file of a fit's weights
REGULARISER = "regulariser"  # the role of a classifier that a generator was trained against
Shared = tuple[tuple[Need, ...], list[Job], dict[str, Any]]
SettingsOf = Callable[[str], Mapping[str, object]]
ALWAYS_READ = ("load_size", "threads")  # of the protocol, by every stage: its images have that size; order of sums


@dataclass(frozen=True)
class Workshop:
    """Where the work of one place is made up: its task, the whole split for stages of every place, the settings.

    `arguments` are what the profile gives to methods, `allowed` the expressions that may rebalance twice.
    """

    task: Task
    whole: Task
    protocol: Protocol
    settings: SettingsOf
    arguments: Mapping[str, Mapping[str, object]]
    allowed: tuple[str, ...] = ()
    judged: int = 0  # validation and test images, which measurements look at
    _known: dict[tuple[object, ...], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def needs(self, requests: Iterable[Request], stream: int, task: Task) -> tuple[tuple[Need, ...], list[Job]]:
        """Return the artifacts that answer requests, and the jobs that make them, each after those it needs."""
        needs: list[Need] = []
        jobs: dict[str, Job] = {}
        for request in requests:
            need, made = self._answer(request, stream, task)
            needs.append(need)
            jobs |= {job.id: job for job in made}
        return tuple(needs), list(jobs.values())

    def fit(
        self,
        method: Composition,
        streams: Streams,
        protocol: Protocol | None = None,
        kind: Literal["fit", "audit"] = "fit",
    ) -> list[Job]:
        """Return the stages that a fit needs, each after those it needs itself, and the fit as the last."""
        task, protocol = self.task, protocol or self.protocol
        needs, jobs, shared = self._of_every_seed(method, streams.stage, protocol)
        identity = shared | {"streams": streams.model_dump(), "kind": kind}
        job = Job(
            digest(identity),
            identity,
            task,
            protocol,
            streams,
            kind,
            needs,
            expression=method.expression,
            counting=partial(self._fit_operations, method, protocol),
        )
        return [*jobs, job]

    def _of_every_seed(self, method: Composition, stream: int, protocol: Protocol) -> Shared:
        """Return what a method's fits of all seeds share: what they need, and their identity but for its streams."""
        key = ("fit", id(method), stream, id(protocol))
        if key not in self._known:
            needs, jobs = self.needs(method.requires(self.task.counts, protocol), stream, self.task)
            ids = tuple(need.id for need in needs)
            shared = fit_identity(self.task, method, Streams(stage=stream), protocol, ids)
            self._known[key] = (needs, jobs, shared), (method, protocol)  # which keep their ids for as long
        found: Shared = self._known[key][0]
        return found

    def supports(self, requests: Iterable[Request]) -> str:
        """Return "" if every stage asked for can be made for the task, else why not."""
        calls = (self._call(request) for request in requests if isinstance(request, StageRequest))
        reasons = (call.build().supports(self.task.counts) for call in calls)
        return next((reason for reason in reasons if reason), "")

    def measurements(self, method: Composition, fit: Job) -> list[Job]:
        """Return the measurements that a fit's translators call for, after the jobs that they need.

        Those of a stage are the same for every seed; those of what a fit leaves are its own. Other streams tell the
        luck of each training, of the longer ones too: it is not that of a shorter one.
        """
        if not judging_stage():
            return []
        key = ("measurements", id(method), fit.streams.stage)
        if method.leaves or key not in self._known:
            self._known[key] = self._measurements(method, fit), method
        found: list[Job] = self._known[key][0]
        return found

    def _measurements(self, method: Composition, fit: Job) -> list[Job]:
        jobs: dict[str, Job] = {}
        stream = fit.streams.stage
        for request in self._measured([need.request for need in fit.needs]):
            need, made = self._answer(request, stream, self.task)
            jobs |= {job.id: job for job in (*made, *self._judged(need, need.stage.label, Streams(stage=stream)))}
        for leaves in method.leaves:
            need = Need(StageRequest(leaves), fit.id, self._call(StageRequest(leaves)), "translator")
            jobs |= {job.id: job for job in self._judged(need, method.name, fit.streams)}
        return list(jobs.values())

    def _measured(self, requests: Iterable[Request]) -> list[StageRequest]:
        found: list[StageRequest] = []
        for request in requests:
            if isinstance(request, StageRequest):
                stage = self._call(request).build()
                found += stage.measured() or self._measured(stage.requires(self.task.counts))
        return found

    def _judged(self, need: Need, label: str, streams: Streams) -> list[Job]:
        name = judging_stage()
        count = int(str(self.settings(name)["seeds"]))
        asked = (StageRequest.of(name, seed=seed) for seed in range(count))
        judges, jobs = self.needs(asked, 0, self.task)
        judges = tuple(replace(judge, role=f"judge {seed}") for seed, judge in enumerate(judges))
        against, more = self._trained_against(need)
        names = ("image_size", "eval_per_class", "threads")
        images = {name: getattr(self.protocol, name) for name in names}
        identity = measurement_identity(self.task, need.id, [judge.id for judge in judges], images)
        identity |= {"regulariser": against.id} if against else {}
        job = Job(
            digest(identity),
            identity,
            self.task,
            self.protocol,
            streams,
            "measurement",
            (replace(need, role="translator"), *judges, *([replace(against, role=REGULARISER)] if against else [])),
            judged=label,
            counting=partial(self._judging_operations, need, judges),
        )
        return [*jobs, *more, job]

    def _trained_against(self, need: Need) -> tuple[Need | None, list[Job]]:
        """Return the classifier that a generator was trained against, with its jobs; None where there was none."""
        stage = need.stage.build()
        asked = [it for it in stage.requires(self.task.counts) if isinstance(it, FitRequest)] if stage.generates else []
        needs, jobs = self.needs(asked[:1], 0, self.task)
        return (needs[0] if needs else None), jobs

    def _answer(self, request: Request, stream: int, task: Task) -> tuple[Need, list[Job]]:
        if isinstance(request, FitRequest):
            method = compose(request.method, self.allowed, self.arguments)
            *before, fit = self.fit(method, Streams())
            return Need(request, fit.id, None, CLASSIFIER, fit=bare(fit)), [*before, fit]
        call = self._call(request)
        stage = call.build()
        task = self.whole if stage.whole_split else task
        needs, jobs = self.needs(stage.requires(task.counts), stream, task)
        seed = int(str(call.parameters.get("seed", stream)))
        values = self.protocol.model_dump(mode="json")  # as JSON: a backbone is spelled out
        identity = stage_identity(
            task,
            call.name,
            call.parameters,
            stage.settings.identity(),
            stream=stream if stage.stream == "stage" else None,
            protocol={name: values[name] for name in (*ALWAYS_READ, *stage.reads)},
            stages=[need.id for need in needs],
        )
        job = Job(
            digest(identity),
            identity,
            task,
            self.protocol,
            Streams(stage=seed),
            "stage",
            needs,
            call=call,
            counting=lambda: as_told(
                stage.operations(task.counts, self.protocol, self._settings_value), f"{call.name}.operations"
            ),
        )
        return Need(request, job.id, call), [*jobs, job]

    def _fit_operations(self, method: Composition, protocol: Protocol) -> float:
        counts = self.task.counts
        extra = (
            as_told(part.extra_operations(counts, self._settings_value), f"{name}.extra_operations")
            for name, part in zip(method.names, method.parts, strict=True)
        )
        return classifier_operations(protocol, counts) + sum(extra)

    def _judging_operations(self, need: Need, judges: tuple[Need, ...]) -> float:
        # Every image is made once, and seen by each judge and by the published network that distances are measured in;
        # judges that are new last layers of that network look through its eyes.
        size, stage, images = self.protocol.image_size, need.stage.build(), self.judged
        looks = 1 if judges[0].stage.settings.get("layers") == "head" else len(judges) + 1
        seen = looks * max(_of_use(judge.stage, size) for judge in judges)
        if stage.generates:  # beside as many real ones, of which a few may do
            limit = judges[0].stage.settings.get("judged_per_class")
            images = min(images, int(str(limit)) * len(self.task.counts)) if limit else images
            return images * (_of_use(need.stage, size) + 2 * seen)
        return images * (_of_use(need.stage, size) + seen)

    def _call(self, request: StageRequest) -> StageCall:
        return StageCall(request, self.settings(request.name))

    def _settings_value(self, stage: str) -> object:
        return self._call(StageRequest(stage)).build().settings


def _of_use(call: StageCall, size: int) -> float:
    return as_told(call.build().use_operations(size), f"{call.name}.use_operations")
