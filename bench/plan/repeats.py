"""The noise experiment: one fit repeated while a single source of chance varies, all others held.

What varies are the streams of a fit (`bench.streams`): which minority images are drawn, initialisation, order,
augmentation, dropout; resampling and the translator for methods that have one. And rounding: another number of threads
adds the same numbers in another order, which training makes as much of as another processor does (decision 0014). The
test images' share needs no training: the stored probabilities tell it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.dataset import Task
from bench.plan.config import Config
from bench.plan.grid import composed, not_applicable, rarest_workshop
from bench.plan.job import Job
from bench.plan.needs import Workshop
from bench.plan.twins import Pair
from bench.streams import Streams
from bench.training.composition import Composition

ROUNDING = "rounding"  # no stream: the protocol's threads vary
ROUNDINGS = 3  # fits of it at most: threads beyond a machine's cores wait for each other
ALWAYS = ("subset", "initialisation", "order", "augmentation", "dropout", ROUNDING)


@dataclass(frozen=True)
class Repeat:
    """One fit of the experiment: the source that varies, its number, and the jobs with the fit as the last."""

    source: str
    number: int
    method: str
    jobs: tuple[Job, ...]

    @property
    def task(self) -> Task:
        """What is fitted."""
        return self.jobs[-1].task


def repeats(config: Config, times: int) -> list[Repeat]:
    """Return every fit of the experiment at the smallest minority count of each dataset; number 0 is seed 0's fit.

    Parameters
    ----------
    times
        Fits of each source, the one that all share included; at least 2.

    Raises
    ------
    ConfigError
        A dataset, method or minority count does not exist.
    """
    found = []
    for name in dict.fromkeys(config.run.datasets):
        place = rarest_workshop(name, config)
        for method in composed(name, config):
            if not_applicable(place, config, method):
                continue
            for source in sources(method, bool(method.requires(place.task.counts, place.protocol))):
                for number in range(min(times, ROUNDINGS) if source == ROUNDING else times):
                    found.append(Repeat(source, number, method.name, tuple(_varied(place, method, source, number))))
    return found


def not_repeated(config: Config) -> list[str]:
    """Return a line for each dataset and method that there is no fit of to repeat; raises as `repeats`."""
    found = []
    for name in dict.fromkeys(config.run.datasets):
        place = rarest_workshop(name, config)
        reasons = {method.name: not_applicable(place, config, method) for method in composed(name, config)}
        found += [f"{name}: {method} is not repeated: {reason}" for method, reason in reasons.items() if reason]
    return found


def repeat_pairs(found: list[Repeat]) -> list[Pair]:
    """Return every fit that sources share, with each of those that differ from it in one."""
    shared = {(it.method, it.task): it.jobs[-1] for it in found if not it.number}
    return [(shared[it.method, it.task], it.jobs[-1]) for it in found if it.number]


def _varied(place: Workshop, method: Composition, source: str, number: int) -> list[Job]:
    """Return the jobs of one repeat, the fit as the last."""
    if source == ROUNDING:
        threads = place.protocol.threads + number
        return place.fit(method, Streams(), place.protocol.model_copy(update={"threads": threads}))
    return place.fit(method, Streams(**{source: number}))


def sources(method: Composition, has_stages: bool) -> tuple[str, ...]:
    """Return the streams that a method's fits depend on, and rounding."""
    resamples = any("data" in part.slots for part in method.parts)
    return (*ALWAYS, *(("resampling",) if resamples and not has_stages else ()), *(("stage",) if has_stages else ()))
