"""Subsets: some rows are trained on other draws of the rare images too, so that the luck of the draw can be seen."""

from __future__ import annotations

from collections.abc import Iterable

from bench.errors import ConfigError
from bench.plan.compose import compose
from bench.plan.config import Config
from bench.plan.job import Job, add_jobs
from bench.plan.needs import Workshop
from bench.streams import Streams
from bench.training.composition import Composition


def subset_rows(shop: Workshop, config: Config, methods: Iterable[Composition]) -> list[Composition]:
    """Return those of the methods that are `run.subset_methods`.

    One that does not apply is none, and there is none in a profile whose seeds draw a subset each.
    """
    if config.profile.seed_draws_subset:
        return []
    chosen = {compose(row, config.composition.allow, shop.arguments).name for row in config.run.subset_methods}
    return [it for it in methods if it.name in chosen and not it.supports(shop.task.counts, shop.protocol)]


def on_other_subsets(shop: Workshop, config: Config, rows: Iterable[Composition]) -> list[Job]:
    """Return the fits of such rows on every subset but the first, one seed after the other; no cell shows them.

    Raises
    ------
    ConfigError
        A row rests on a stage, which has seen the first subset.
    """
    jobs: dict[str, Job] = {}
    for seed in range(config.run.seeds):
        for method in rows:
            for subset in range(1, config.run.subsets):
                *stages, job = shop.fit(method, Streams.of(seed).model_copy(update={"subset": subset}))
                if stages:
                    raise ConfigError(f"run.subset_methods: {method.name} rests on a stage that saw the first subset")
                add_jobs(jobs, [job], method)
    return list(jobs.values())
