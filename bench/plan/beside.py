"""Experiments beside the grid: controls, audits, repeats, and twins that hold each against a fit of one processor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.plan.audit import audit_pairs, audits
from bench.plan.config import Config
from bench.plan.controls import controls
from bench.plan.job import Job
from bench.plan.repeats import repeat_pairs, repeats
from bench.plan.twins import Pair, twins
from bench.record import Record


@dataclass(frozen=True)
class Beside:
    """Which experiments are asked for: none of their fits enters a table.

    `noise` are methods whose fits are repeated, `times` for each source of chance, while that source alone varies.
    """

    controls: bool = False
    audit: bool = False
    noise: tuple[str, ...] = ()
    times: int = 5

    def jobs(self, config: Config, found: Callable[[str], Record | None], processor: str) -> list[Job]:
        """Return every job of the experiments.

        Parameters
        ----------
        found
            The stored record of an id; what an experiment compares is done again where one half is of another
            processor.
        processor
            Of this machine.

        Raises
        ------
        ConfigError
            A dataset, method or imbalance does not exist; the text names it.
        """
        jobs: list[Job] = []
        pairs: list[Pair] = []
        if self.controls:
            longer = controls(config)
            jobs += [job for control in longer for job in (*control.stages, control.job)]
            pairs += [(control.of, control.job) for control in longer]
        if self.audit:
            jobs += audits(config)
            pairs += audit_pairs(config)
        if self.noise:
            noisy = config.model_copy(update={"run": config.run.model_copy(update={"methods": self.noise})})
            repeated = repeats(noisy, self.times)
            jobs += [job for repeat in repeated for job in repeat.jobs]
            pairs += repeat_pairs(repeated)
        return [*jobs, *twins(pairs, found, processor)]
