"""The noise experiment: one fit repeated while a single source of chance varies, all others held.

What varies are the streams of a fit (`bench.streams`): which minority images are drawn, initialisation, order,
augmentation, dropout; resampling and the translator for methods that have one. The test images' share needs no
training: the stored probabilities tell it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.plan.config import Config
from bench.plan.grid import composed, rarest_workshop
from bench.plan.job import Job
from bench.streams import Streams
from bench.training.composition import Composition

ALWAYS = ("subset", "initialisation", "order", "augmentation", "dropout")


@dataclass(frozen=True)
class Repeat:
    """One fit of the experiment: the source that varies, its number, and the jobs with the fit as the last."""

    source: str
    number: int
    method: str
    jobs: tuple[Job, ...]


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
            if method.supports(place.task.counts, place.protocol):
                continue
            for source in sources(method, bool(method.requires(place.task.counts, place.protocol))):
                for number in range(times):
                    streams = Streams(**{source: number})
                    jobs = place.fit(method, streams)
                    found.append(Repeat(source, number, method.name, tuple(jobs)))
    return found


def sources(method: Composition, has_stages: bool) -> tuple[str, ...]:
    """Return the streams that a method's fits depend on."""
    resamples = any("data" in part.slots for part in method.parts)
    return (*ALWAYS, *(("resampling",) if resamples and not has_stages else ()), *(("stage",) if has_stages else ()))
