"""Compared: what the comparisons of a dataset rest on and can see, as listings."""

from __future__ import annotations

import numpy as np

from bench.analysis.baseline import plain
from bench.analysis.layout import TITLES
from bench.analysis.metrics import MAIN
from bench.analysis.spots import Key, Place, method_key
from bench.papers import shelf
from bench.report.figure import number
from bench.report.report import Cells, Listing
from bench.report.subject import Subject
from bench.statistics.best import Comparison
from bench.statistics.outcomes import OVERALL


def over_all_places(subject: Subject) -> Listing:
    """Return the means over all places of the methods that are complete at every one."""
    rows: list[Cells] = []
    for metric in MAIN:
        if found := subject.family.of(OVERALL, metric):
            best, means = found.methods[found.best], found.figures.mean(axis=1)
            ids = {name: sum((subject.ids(place, name) for place in subject.outcomes), ()) for name in found.methods}
            for m in np.argsort(-means):
                name = found.methods[m]
                gap, width = found.differences[found.best, m], found.half_widths[found.best, m]
                told = number(float(gap), ids[best] + ids[name], f"{gap:.4f} ± {width:.4f}", against=name)
                verdict = "best" if name == best else "worse" if found.worse[m] else "not distinguishable"
                mean = number(float(means[m]), ids[name])
                rows.append((name, TITLES[metric], mean, "" if name == best else told, verdict))
    what = "minority counts" if subject.of_two else "places"
    return Listing(
        f"{subject.task}-all-counts",
        f"{subject.shown}: mean over all {what}",
        "Of methods whose runs are complete at every count. Below the best by how much, with the interval that holds "
        "for all comparisons of the dataset together. One erratic count blurs the mean over all.",
        ("Method", "Figure", "Mean", "Below the best", "Verdict"),
        tuple(rows),
    )


def floors(subject: Subject) -> Listing:
    """Return what differences the runs of each place could show."""
    rows: list[Cells] = []
    for place in (*subject.outcomes, OVERALL):
        ids = subject.ids(place) if place in subject.outcomes else ()
        for metric in MAIN:
            if found := subject.family.of(place, metric):
                noise, seeds = found.noise, found.figures.shape[1]
                floor = noise.smallest_difference(seeds)
                parts = (number(float(np.sqrt(part / 2)), ids) for part in (noise.training, noise.images))
                shown = number(floor, ids) if floor < 1 else "none"
                rows.append((subject.text(place), TITLES[metric], *parts, shown))
    return Listing(
        f"{subject.task}-floor",
        f"{subject.shown}: what so few seeds can see",
        "Standard deviations of the difference between two typical methods, by the square root of 2: of single runs "
        "over seeds, and of means from the draw of the test images, without what both share. And the true difference "
        "between them that would be marked in four of five such experiments.",
        (subject.stub, "Figure", "Over seeds", "Over test images", "Smallest difference"),
        tuple(rows),
    )


def published_gaps(subject: Subject) -> Listing:
    """Say how many seeds each gap to the baseline takes, as a paper prints it and as we find it."""
    rows: list[Cells] = []
    base, metric = plain(), subject.headline
    printed: dict[tuple[Key, Place], float] = {}
    for layout in shelf.layouts_as(subject.frame):
        printed |= layout.published if layout.metric == metric else {}
    for place in subject.outcomes:
        found = subject.family.of(place, metric)
        theirs_plain = printed.get((method_key(base), (subject.task, place)))
        if found is None or base not in found.methods or theirs_plain is None:
            continue
        for name in found.methods:
            theirs = printed.get((method_key(name), (subject.task, place)))
            if name == base or theirs is None:
                continue
            pair, ids = (found.methods.index(name), found.methods.index(base)), subject.ids(place, name, base)
            cells = [
                entry
                for gap in (theirs - theirs_plain, float(found.differences[pair]))
                for entry in (number(gap, ids, f"{gap:+.4f}"), _seeds(found, pair, gap))
            ]
            rows.append((name, subject.text(place), *cells))
    rare = subject.minority if subject.part.settled else "the paper's rare class"
    return Listing(
        f"{subject.task}-gaps",
        f"{subject.shown}: seeds that a gap to {base} needs, F1 of {rare}",
        "How many seeds would mark a true gap of that size in four of five experiments, on our test set and by what "
        f"the method and {base} scatter here. Numbers below our own are not printed: with fewer seeds, a "
        "difference would have to be clearer than ours had to be.",
        ("Method", f"Images of {rare}", "The paper's gap", "Seeds", "Our gap", "Seeds"),
        tuple(rows),
    )


def _seeds(found: Comparison, pair: tuple[int, int], gap: float) -> str:
    """Say how many seeds; the critical value is that of the seeds that we have, too low a one for fewer."""
    seeds = found.figures.shape[1]
    needed = found.noise_of(*pair).seeds_needed(abs(gap)) if gap else None
    if needed is None:
        return "none: too few test images"
    return str(needed) if needed > seeds else f"{seeds} or fewer"
