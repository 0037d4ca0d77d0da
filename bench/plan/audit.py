"""The oracle audit: every fit once more, with its epoch picked on the test set, to see what that would have claimed.

Its records are of a kind of their own and never enter a table.
"""

from __future__ import annotations

from bench.plan.config import Config
from bench.plan.grid import add_jobs, composed, workshops
from bench.plan.job import Job


def audits(config: Config) -> list[Job]:
    """Return an audit of every fit that the Config asks for, after the stages it needs.

    Raises
    ------
    ConfigError
        A dataset, method or minority count does not exist.
    """
    jobs: dict[str, Job] = {}
    for name in dict.fromkeys(config.run.datasets):
        for place in workshops(name, config):
            for method in composed(name, config):
                if method.supports(place.task.counts, place.protocol):
                    continue
                for seed in range(config.run.seeds):
                    add_jobs(jobs, place.fit(method, config.profile.streams(seed), kind="audit"), method)
    return list(jobs.values())
