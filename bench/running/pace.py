"""How long an operation of a stage takes on this machine: some of its steps on made-up images, timed and remembered.

A classifier's speed says little of a translator's: layers of other sizes reach other shares of what a processor can do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bench.plan.job import TRAINED, Job, StageCall
from bench.record import digest
from bench.registry import STAGES
from bench.running.speed import is_possible, machine, read_speeds, write_speeds
from bench.stage import StageRequest

TRIAL_SECONDS = 20.0  # of one stage; beyond, the speed of a classifier has to do
SettingsOf = Callable[[str, str], Mapping[str, object]]  # of a stage, by dataset and name


class Paces:
    """Seconds per operation of stages, by what they are told.

    Parameters
    ----------
    file
        Where they are remembered, by machine, stage and settings.
    settings
        What a profile tells a stage.
    measure
        Whether to measure what is not remembered; that loads torch, and takes seconds.
    speed
        Operations a second of a classifier's training here: what would take long at that speed is not tried.
    """

    def __init__(self, file: Path, settings: SettingsOf, measure: bool = True, speed: float | None = None) -> None:
        self._file, self._settings, self._measure, self._speed = file, settings, measure, speed
        self._known: dict[str, float] = read_speeds(file)
        self._failed: set[str] = set()
        self._keys: dict[str, str] = {}  # by job: time left is asked for again and again

    def of(self, job: Job) -> float | None:
        """Return the seconds that an operation takes which is not a classifier's own; None where nobody knows.

        Of a fit that is the stage which made its images, of a measurement its judges' network.
        """
        if (call := _timed(job)) is None:
            return None
        key = self._keys.get(job.id) or self._keys.setdefault(job.id, _key(job, call))
        if key not in self._known and key not in self._failed and self._measure:
            try:
                measured = 1 / self._measured(job, call)
            except Exception:  # a plugin's, say, or weights that are not here: then nobody knows
                measured = 0.0
            if is_possible(measured):
                self._known[key] = measured
                write_speeds(self._file, self._known)
            else:
                self._failed.add(key)
        return 1 / self._known[key] if key in self._known else None

    def _measured(self, job: Job, call: StageCall) -> float:
        from bench.running.trial import Trial
        from bench.training.device import Device

        device = Device.best()
        trial = Trial(job.protocol, len(job.task.counts), device, lambda stage: self._settings(job.task.dataset, stage))
        request = StageRequest.of(call.name, **_parameters(call))
        judges = STAGES[call.name].cls.judges
        counted = trial.operations_of_looks(call.name) if judges else trial.operations_of_steps(request)
        if self._speed and not counted / self._speed <= TRIAL_SECONDS:
            raise TooLong
        with device.session(job.protocol):
            return trial.seconds_of_looks(call.name) if judges else trial.seconds_of_steps(request)


class TooLong(Exception):
    """A trial would take so long that its answer is not worth it."""


def _key(job: Job, call: StageCall) -> str:
    told = [_parameters(call), dict(call.settings), job.protocol.load_size, len(job.task.counts)]
    return f"{machine(job.protocol)}, {call.name} {digest(told)}"


def _parameters(call: StageCall) -> dict[str, object]:
    """Return what makes a stage's steps others: judges are alike but for their seed, a training however long it is."""
    judges = STAGES[call.name].cls.judges
    return {} if judges else {name: value for name, value in call.parameters.items() if name != "epochs"}


def _timed(job: Job) -> StageCall | None:
    """Return the stage whose steps, or whose looks at images, tell how long a job takes; None where none does."""
    calls = [job.call] if job.call else []
    calls += [need.stage for need in job.needs if need.fit is None]
    if job.kind == "measurement":
        calls = [call for call in calls if STAGES[call.name].cls.judges]
    elif job.kind in TRAINED:
        calls = [call for call in calls if not STAGES[call.name].cls.judges]
    return next((call for call in calls if {"epochs", "steps"} & {*STAGES[call.name].cls.Settings.model_fields}), None)
