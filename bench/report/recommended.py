"""Recommended: which method to take, in sentences for a reader who has never seen the suite, and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bench.analysis.advice import Advice, Contender
from bench.analysis.baseline import plain
from bench.analysis.conditions import listed
from bench.analysis.metrics import METRICS, rarest
from bench.analysis.recommending import NOT_RUN, Advised
from bench.expression import Expression
from bench.report.figure import Figure, Words, number
from bench.report.report import Answer, Cells, Fact, Listing
from bench.statistics.settling import TRIED
from bench.training.composition import build

TERA = 1e12
MOVED = 0.25  # of a gain in ACSA: where that of the ROC-AUC is smaller, most of it is a moved threshold
LEGEND = (
    "The believed true mean, with ends that hold it with probability 0.9; regret: what taking the method is expected "
    "to lose; best, near: probability of being the best, and of lying within {delta:g} of it; n: runs, those "
    "on further draws of images and stages among them; cost: "
    "operations of a training, its share of translators and generators included, as a multiple of {base}'s."
)


def short(metric: str) -> str:
    """Return what a figure is called beside a number."""
    return METRICS[metric].title.split(",")[0].removesuffix(" of the minority class")


def answer(advised: Advised, shown: str, seen: str = "") -> Answer:
    """Return the recommendation for every place of a dataset; the last says what all are conditional on.

    `seen` is what to say, first of all, where the network has seen these photographs.
    """
    facts = []
    for it in advised.advice:
        last = it is advised.advice[-1]
        lacking = advised.lacking.get(it.place.place, ())
        lines = [*([f"Lacking: {'; '.join(lacking)}."] if lacking else []), *(advised.conditions if last else ())]
        if seen and it is advised.advice[0]:
            lines.insert(0, seen)
        facts.append(Fact(tuple(sentences(it, advised, shown)), (" ".join(lines),) if lines else ()))
    tables = tuple(listing(it, advised, shown) for it in advised.advice)
    return Answer(shown, tuple(facts), f"{advised.task}_recommended", tables)


def sentences(it: Advice, advised: Advised, shown: str = "") -> Iterator[str | Figure]:
    """Give the words and numbers of three sentences: what to take, what not to, and what that is worth."""
    where = f"{shown}, {_place(it)}" if shown else f"At {it.place.place}"
    where += _of_those_run(it, advised)
    worse = [each for each in it.methods if each.loses > it.delta]
    parts = [_outcome(it, advised, where), _avoided(it, advised, worse), _worth(it, advised)]
    if it.settle:
        parts = [parts[0], _settled(it, advised), *parts[1 if worse else 2 :]]
    said = [words for part in parts if (words := tuple(part))]
    for k, words in enumerate(said):
        yield " " if k else ""
        yield from words


def _outcome(it: Advice, advised: Advised, where: str) -> Iterator[str | Figure]:
    choice, regret = it.choice.method, number(it.choice.regret, advised.records, f"{it.choice.regret:.3f}")
    others = [each.method for each in it.among if each.method != choice]
    if it.found.outcome == "take":
        yield f"{where}: take {choice}: expected regret "
        yield regret
        yield f" {short(it.metric)}{_free(choice)}."
        base = next((each for each in it.among if each.method == plain() != choice), None)
        if base is not None:
            yield f" {base.method} would do as well by that measure, at "
            yield number(base.regret, advised.records, f"{base.regret:.3f}")
            yield "."
    elif it.found.outcome == "equivalent":
        yield f"{where}: {listed([choice, *others])} are equivalent: all lie within {it.delta:g} {short(it.metric)} "
        differ = len({float(f"{each.cost:.2g}") for each in it.among}) > 1
        cheap = ", the cheapest" if differ else "" if _free(choice) else "; they cost the same"
        yield f"of the best with probability 0.9 at least. Take {choice}{cheap}{_free(choice)}."
    else:
        yield f"{where}: it is not known which method to take. {choice} has the least expected regret, "
        yield regret
        yield f" {short(it.metric)}, where {it.delta:g} would be small enough"
        yield f"; {listed(others)} {'are' if len(others) > 1 else 'is'} still in contention." if others else "."


def _of_those_run(it: Advice, advised: Advised) -> str:
    """Say how many of the rows compete, where some that could have were not run."""
    absent = sum(line.endswith(NOT_RUN) for line in advised.lacking.get(it.place.place, ()))
    return f", of the {len(it.methods)} rows of {len(it.methods) + absent} that were run" if absent else ""


def _free(method: str) -> str:
    base = plain()
    own, theirs = (build(Expression.parse(name)).training_part for name in (method, base))
    free = method != base and own == theirs
    return f", with no training of its own: it reads {base}'s" if free else ""


def _avoided(it: Advice, advised: Advised, worse: Sequence[Contender]) -> Iterator[str | Figure]:
    if not worse:
        if len(it.among) < len(it.methods):
            yield f"Of no other can it be said for sure that it loses more than {it.delta:g}."
        return
    least = min(each.loses for each in worse)
    yield f"Do not take {listed([each.method for each in worse], 'or')}: 95 % sure that "
    yield f"{'each' if len(worse) > 1 else 'it'} loses at least "
    yield number(least, advised.records, f"{np.floor(1000 * least) / 1000:.3f}" if least >= 0.001 else f"{least:.1g}")
    yield "."


def _settled(it: Advice, advised: Advised) -> Iterator[str | Figure]:
    assert it.settle is not None
    if it.settle.doubt == "seeds":
        number_of = f"More than {TRIED[-1]}" if it.settle.seeds is None else it.settle.seeds
        among = listed([each.method for each in it.among])
        yield f"{number_of} seeds of each of {among} would settle it, if the means stay as they are."
        return
    lacking = {
        "images": f"for want of test images ({sum(advised.images)} there are)",
        "shared": "for luck that all seeds share, such as that of the drawn training images",
    }
    why = lacking.get(it.settle.doubt, "for want of test images, and for luck that all seeds share")
    yield "More seeds would not settle it: with any number of them the expected regret is still "
    left = min(it.settle.regret, it.choice.regret)  # of fewer draws, it may come out a little above
    yield number(left, advised.records, f"{left:.3f}")
    yield f", {why}."
    if it.settle.doubt != "images":
        yield " Runs on further draws of the training images (`subsets` in bench.toml), and with further translators "
        yield "or generators (`translators`) where a row has one, would show such luck better, and narrow it."


def _worth(it: Advice, advised: Advised) -> Iterator[str | Figure]:
    """Say what the choice gains over the baseline, or what the baseline has, in every figure that is shown."""
    base = next((each for each in it.methods if each.method == plain()), None)
    if base is None or base is it.choice:
        yield f"{it.choice.method} is believed to have "
        yield from _figures({name: belief.mean for name, belief in it.choice.beliefs.items()}, advised, "{:.3f}")
    else:
        gains = {name: mine.mean - base.beliefs[name].mean for name, mine in it.choice.beliefs.items()}
        yield f"Over {base.method} that gains "
        yield from _figures(gains, advised, "{:+.3f}", change=True)
        acsa, auc = (gains.get(name, 0.0) for name in ("acsa", "roc_auc"))
        yield ": most of it is a moved threshold" if acsa > it.delta and auc < MOVED * acsa else ""
    yield f" ({always(it)}: "
    yield from _figures(it.scale, advised, "{:.3f}")
    sign = -1 if METRICS[it.metric].lower_is_better else 1
    mine, scale = it.choice.beliefs[it.metric], sign * it.scale[it.metric]
    worst = min(sign * mine.low, sign * mine.high)
    doubt = "no" if sign * mine.mean <= scale else "not surely" if worst <= scale else ""
    yield f"; it is {doubt} better than that)." if doubt else ")."


def _figures(values: Mapping[str, float], advised: Advised, how: str, change: bool = False) -> Iterator[str | Figure]:
    for k, (name, value) in enumerate(values.items()):
        yield ", " if k else ""
        yield number(value, advised.records, how.format(round(value, 3) + 0.0))  # zero has no sign
        yield f" {short(name)}{' (less is better)' if change and METRICS[name].lower_is_better else ''}"


def always(it: Advice) -> str:
    """Return what a decision that always names the rarest class is called."""
    return f"always {_rarest(it)}"


def _rarest(it: Advice) -> str:
    return it.place.classes[rarest(it.place.counts)]


def _place(it: Advice) -> str:
    """Return the place in print: of two classes with the name of the rare one, such as `450:25 (25 zebra)`."""
    two = len(it.place.counts) == 2
    return f"{it.place.place} ({min(it.place.counts)} {_rarest(it)})" if two else it.place.place


def rows(it: Advice) -> list[dict[str, object]]:
    """Return one row a method, the best first, and one for a decision that always names the rarest class.

    Costs are multiples of the baseline's, where it was run.
    """
    found: list[dict[str, object]] = []
    unit = next((each.cost for each in it.methods if each.method == plain()), np.inf)
    for each in it.methods:
        row: dict[str, object] = {"method": each.method}
        for name, belief in each.beliefs.items():
            low, high = (f"{end:.2f}".removeprefix("0") for end in (belief.low, belief.high))
            ends = f" ({low}-{high})" if name == it.metric else ""
            row[short(name)] = f"{belief.mean:.3f}{ends}"
        row |= {"regret": f"{each.regret:.3f}", "best": f"{each.best:.2f}", "near": f"{each.near:.2f}", "n": each.runs}
        found.append(row | {"cost": _cost(each.cost, unit)})
    scale = {short(name): f"{value:.3f}" for name, value in it.scale.items()}
    return [*found, {"method": always(it), **scale, "regret": "", "best": "", "near": "", "n": "", "cost": ""}]


def legend(it: Advice) -> str:
    """Say what the columns of the rows are."""
    return LEGEND.format(delta=it.delta, base=plain())


def _cost(cost: float, unit: float) -> str:
    if not np.isfinite(cost):
        return "?"
    return f"{cost / TERA:.2g} T" if not np.isfinite(unit) else f"{cost / unit:.1f}x" if unit else ""


def listing(it: Advice, advised: Advised, shown: str) -> Listing:
    """Return the table of a place."""
    table = rows(it)
    cells: list[Cells] = []
    for row, each in zip(table, (*it.methods, None), strict=True):
        values = [str(value) for value in row.values()]
        if each is not None:
            first = number(each.beliefs[it.metric].mean, advised.records, values[1])
            cells.append((values[0], first, *values[2:]))
        else:
            cells.append(tuple(values))
    return Listing(
        f"{advised.task}-{it.place.place}-recommended",
        f"{shown}, {it.place.place}: what is believed of every method",
        f"{legend(it)} The model and its checks: docs/decisions-under-noise.md.",
        tuple(table[0]),
        tuple(cells),
    )


def plain_text(words: Words) -> str:
    """Return a sentence without what its numbers know."""
    return "".join(map(str, words))
