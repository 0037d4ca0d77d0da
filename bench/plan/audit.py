"""The oracle audit: every fit once more, with its epoch picked on the test set, to see what that would have claimed.

Its records are of a kind of their own and never enter a table.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.plan.config import Config
from bench.plan.grid import composed, not_applicable, workshops
from bench.plan.job import Job, add_jobs
from bench.plan.twins import Pair
from bench.training.composition import Composition


def audits(config: Config) -> list[Job]:
    """Return an audit of every fit that the Config asks for, after the stages it needs.

    Raises
    ------
    ConfigError
        A dataset, method or minority count does not exist.
    """
    jobs: dict[str, Job] = {}
    for method, _, made in _audited(config):
        add_jobs(jobs, made, method)
    return list(jobs.values())


def audit_pairs(config: Config) -> list[Pair]:
    """Return every fit with its audit."""
    return [(fit, made[-1]) for _, fit, made in _audited(config)]


def _audited(config: Config) -> Iterator[tuple[Composition, Job, list[Job]]]:
    """Give method, fit, and the jobs of its audit, which is the last."""
    for name in dict.fromkeys(config.run.datasets):
        for place in workshops(name, config):
            for method in composed(name, config):
                if not not_applicable(place, config, method):
                    for seed in range(config.run.seeds):
                        streams = config.profile.streams(seed)
                        yield method, place.fit(method, streams)[-1], place.fit(method, streams, kind="audit")
