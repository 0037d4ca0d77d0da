"""Places: the tasks that a run makes of a dataset, one for each imbalance that is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import inf

from bench.dataset import Dataset, Imbalance, Task, exponential, natural, one, rare, step, vector
from bench.errors import ConfigError
from bench.plan.config import Config, Profile

NATURAL = "natural"  # the place where no image is left out
_COUNT = r"\d{1,12}"
_ONE = re.compile(rf"one ({_COUNT}) (\d+(?:\.\d+)?)")
_TAIL = re.compile(r"(exp|step)[ (]\s*(\d+(?:\.\d+)?(?:e\+\d{1,2})?)\s*\)?")


def read_imbalance(value: object) -> Imbalance:
    """Return what bench.toml or a command line spells.

    That is `25` or `rare 25`, `exp 100` or `exp(100)`, `step 10`, `natural`, `450:25`, or `one 6 2.5`, which reduces
    class 6 to 2.5 % of the largest other.

    Raises
    ------
    ConfigError
        It is none of these.
    """
    if isinstance(value, Imbalance):
        return value
    if isinstance(value, list | tuple) and value and all(type(n) is int for n in value):
        return vector(value)
    text = str(value).strip()
    if re.fullmatch(_COUNT, count := text.removeprefix("rare ")):
        return rare(int(count))
    if text == NATURAL:
        return natural()
    if re.fullmatch(f"{_COUNT}(:{_COUNT})+", text):
        return vector(tuple(map(int, text.split(":"))))
    if (single := _ONE.fullmatch(text)) and 0 < float(single[2]) <= 100:
        return one(int(single[1]), float(single[2]))
    if (tail := _TAIL.fullmatch(text)) and 1 <= float(tail[2]) < inf:
        return (exponential if tail[1] == "exp" else step)(float(tail[2]))
    raise ConfigError(
        f"imbalance {text[:99]!r} is none of: a count of the rarest class, exp RATIO, step RATIO, natural, "
        "one NUMBER_OF_A_CLASS PERCENT, counts as 450:25"
    )


def places(dataset: Dataset, config: Config) -> list[Task]:
    """Return a dataset's tasks: those that the run asks for, else the profile's, else the dataset's own.

    Raises
    ------
    ConfigError
        An imbalance cannot be cut from the training part; the text names the counts that there are.
    """
    whole = whole_of(dataset)
    found: dict[tuple[int, ...], Task] = {}
    for imbalance in wanted(dataset, config):
        counts = _cut(imbalance, whole, config.profile)
        found.setdefault(counts, replace(whole, counts=counts, place=imbalance.label(counts)))
    return _told_apart(list(found.values()))


def cuttable(dataset: Dataset, config: Config) -> tuple[dict[Imbalance, tuple[int, ...]], list[str]]:
    """Return the imbalances asked for with the counts that each makes, and a line for each that cannot be cut."""
    whole, found, lines = whole_of(dataset), {}, []
    for imbalance in wanted(dataset, config):
        try:
            found[imbalance] = _cut(imbalance, whole, config.profile)
        except ConfigError as error:
            lines.append(f"{error}; this place is left out")
    return found, lines


def option(dataset: Dataset, counts: tuple[int, ...], label: str, profile: Profile) -> tuple[str, str]:
    """Return the option of `imbench run`, and its value, that makes these training images of each class, (K,).

    It is the count of the rare one of two classes, or the label, or the counts: the first that makes just these.
    """
    whole = whole_of(dataset)
    ways = [("--minority", str(min(counts)))] if len(counts) == 2 else []
    made = (way for way in (*ways, ("--at", label)) if _makes(way[1], counts, whole, profile))
    return next(made, ("--at", ":".join(map(str, counts))))


def _makes(spelled: str, counts: tuple[int, ...], whole: Task, profile: Profile) -> bool:
    try:
        return _cut(read_imbalance(spelled), whole, profile) == counts
    except ConfigError:
        return False


def whole_of(dataset: Dataset) -> Task:
    """Return the task of all training images."""
    split = dataset.split()
    return Task(dataset.name, dataset.edition, split.digest, split.classes, split.counts("train"), "whole")


def rarest(tasks: Sequence[Task]) -> Task:
    """Return the task with the smallest class, where luck is largest; of equal ones the most imbalanced."""
    return min(tasks, key=lambda task: (min(task.counts), -max(task.counts)))


def wanted(dataset: Dataset, config: Config) -> Sequence[Imbalance]:
    """Return the imbalances that a Config asks for; of those nobody named, only the first so many of the profile."""
    run, profile = config.run, config.profile
    if run.minority or run.at:
        return [*map(rare, run.minority), *map(read_imbalance, run.at)]
    own = config.datasets.get(dataset.name)
    declared = tuple(map(read_imbalance, own.wanted)) if own else ()
    declared = declared or dataset.imbalances
    if profile.minority_counts and all(imbalance.kind == "rare" for imbalance in declared):
        declared = tuple(map(rare, profile.minority_counts))
    return declared[: profile.most_places]


def _cut(imbalance: Imbalance, whole: Task, profile: Profile) -> tuple[int, ...]:
    """Return the counts under the profile's limits: no class above `majority_count`, none of a tail below a floor."""
    there, limit = whole.counts, profile.majority_count
    try:
        if imbalance.kind in ("natural", "vector"):
            counts = there = imbalance.counts(there)  # what is spelled is floored no higher
            if limit and max(counts) > limit:  # the shape is kept
                counts = tuple(max(1, round(n * limit / max(counts))) for n in counts)
        else:
            counts = imbalance.counts(tuple(min(n, limit or n) for n in there))
    except ValueError as error:
        held = ", ".join(
            f"{min(n, limit or n)} images of {name!r}" for n, name in zip(there, whole.classes, strict=True)
        )
        raise ConfigError(f"{whole.dataset}: {error}; the training part has {held}") from None
    if imbalance.kind == "rare":
        return counts
    return tuple(max(n, min(profile.smallest_count, have)) for n, have in zip(counts, there, strict=True))


def _told_apart(tasks: list[Task]) -> list[Task]:
    """Return tasks whose labels differ: of equal ones the second has its smallest and largest count added."""
    seen: dict[str, int] = {}
    out = []
    for task in tasks:
        again = seen.get(task.place, 0)
        seen[task.place] = again + 1
        label = f"{task.place} ({max(task.counts)} to {min(task.counts)}{', ' + str(again + 1) if again > 1 else ''})"
        out.append(replace(task, place=label) if again else task)
    return out
