"""What a run says before it begins: what its images are taken for, and how long their features take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.cli.options import say, say_text

if TYPE_CHECKING:
    from bench.dataset import Dataset
    from bench.plan.config import Config
    from bench.running.planning import Plan


def introduce(settings: Config, keep: bool) -> list[Dataset]:
    """Say of the user's own datasets what is an image, a class and a part; write down splits that are drawn now.

    Returns the datasets, which hold their splits.
    """
    from bench.data.census import census
    from bench.data.splits import keep_split
    from bench.plan.grid import dataset_named
    from bench.running.progress import counting

    datasets = [dataset_named(name, settings) for name in dict.fromkeys(settings.run.datasets)]
    for dataset in datasets:
        name = dataset.name
        with counting(f"{name}: drawing the split") as dataset.progress:
            new = keep_split(dataset) if keep else None
            memo = settings.paths.cache / f"{name}-digests.json" if keep else None
            found = census(dataset, memo) if dataset.of_users else None
        if found:
            say_text(str(found))
        if new:
            say(f"{name}: the split was drawn and is kept in {new}")
    return datasets


def say_features(datasets: Sequence[Dataset], settings: Config, plan: Plan) -> None:
    """Say how long features of a frozen body take that are made before the first fit."""
    from bench.networks.network import network_of

    if not any(network_of(settings.profile.protocol(dataset.name).backbone).views for dataset in datasets):
        return
    from bench.plan.estimate import spoken
    from bench.running.preparing import seconds_ahead, views_ahead

    each = [(views_ahead([it], settings, plan), settings.profile.protocol(it.name)) for it in datasets]
    if views := sum(count for count, _ in each):
        took = spoken(sum(seconds_ahead(count, protocol) for count, protocol in each if count))
        say(f"before the first fit, features of {views} views of images are made once: about {took}")
