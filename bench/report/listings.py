"""Evidence: what stands behind the numbers of a dataset, as plain tables of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bench.papers.sahoo2020 import tables as paper
from bench.analysis.experiments import ControlFigures, OracleGap
from bench.analysis.layout import METRICS, method_key
from bench.report.pictures.variance import Source
from bench.statistics.best import Comparison, Family
from bench.statistics.confusion import confusion_matrices
from bench.statistics.noise import image_variance
from bench.statistics.outcomes import OVERALL, Outcomes
from bench.statistics.priors import at_prior, curve, prior_path, reversed_prior, training_prior

HEADLINE, PLAIN = "f1_minority", "Vanilla"


@dataclass(frozen=True)
class Listing:
    """A table of text: `rows` have one text for each heading, the first of which names the row."""

    name: str
    title: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def words(self) -> frozenset[int]:
        """Columns that hold words alone, no numbers."""
        columns = enumerate(zip(*self.rows, strict=True))
        return frozenset(k for k, texts in columns if all(text[:1].isalpha() for text in texts))


@dataclass(frozen=True)
class Case:
    """One dataset's evidence: complete decisions by minority count, their comparison, and the experiments' figures.

    `selected` are the epochs that were selected at the smallest count, and of how many, by method.
    """

    task: str
    shown: str
    minority: str
    counts: Mapping[int, tuple[int, ...]]
    selected: Mapping[str, tuple[tuple[int, ...], int]]
    outcomes: Mapping[int, Outcomes]
    family: Family
    gaps: tuple[OracleGap, ...]
    controls: tuple[ControlFigures, ...]
    sources: tuple[Source, ...]


def listings(case: Case) -> Iterator[Listing]:
    """Give the tables of one dataset; one that has no rows is left out."""
    for make in (_over_all_counts, _floors, _published_gaps, _selected, _priors, _oracle, _controls, _noise):
        found = make(case)
        if found.rows:
            yield found


def _over_all_counts(case: Case) -> Listing:
    rows = []
    for metric in METRICS:
        if found := case.family.of(OVERALL, metric):
            best, means = found.methods[found.best], found.figures.mean(axis=1)
            for m in np.argsort(-means):
                gap = f"{found.differences[found.best, m]:.4f} ± {found.half_widths[found.best, m]:.4f}"
                name = found.methods[m]
                verdict = "best" if name == best else "worse" if found.worse[m] else "not distinguishable"
                rows.append((name, METRICS[metric], f"{means[m]:.4f}", "" if name == best else gap, verdict))
    return Listing(
        f"{case.task}-all-counts",
        f"{case.shown}: mean over all minority counts",
        "Of methods whose runs are complete at every count. Below the best by how much, with the interval that holds "
        "for all comparisons of the dataset together. One erratic count blurs the mean over all.",
        ("Method", "Figure", "Mean", "Below the best", "Verdict"),
        tuple(rows),
    )


def _floors(case: Case) -> Listing:
    rows = []
    for count in (*map(str, sorted(case.outcomes)), OVERALL):
        for metric in METRICS:
            if found := case.family.of(count, metric):
                noise, seeds = found.noise, found.figures.shape[1]
                deviations = (f"{np.sqrt(noise.training / 2):.4f}", f"{np.sqrt(noise.images / 2):.4f}")
                floor = noise.smallest_difference(seeds)
                rows.append((count, METRICS[metric], *deviations, f"{floor:.4f}" if floor < 1 else "none"))
    return Listing(
        f"{case.task}-floor",
        f"{case.shown}: what so few seeds can see",
        "Standard deviations of the difference between two typical methods, by the square root of 2: of single runs "
        "over seeds, and of means from the draw of the test images, without what both share. And the true difference "
        "between them that would be marked in four of five such experiments.",
        (f"Images of {case.minority}", "Figure", "Over seeds", "Over test images", "Smallest difference"),
        tuple(rows),
    )


def _published_gaps(case: Case) -> Listing:
    """Say how many seeds each gap to Vanilla takes, as the paper prints it and as we find it."""
    rows = []
    printed = {spot: value for it in paper.layouts() if it.metric == HEADLINE for spot, value in it.published.items()}
    for count in sorted(case.outcomes):
        found = case.family.of(str(count), HEADLINE)
        if found is None or PLAIN not in found.methods:
            continue
        plain = printed.get((method_key(PLAIN), (case.task, count)))
        for name in found.methods:
            theirs = printed.get((method_key(name), (case.task, count)))
            if name == PLAIN or theirs is None or plain is None:
                continue
            pair = found.methods.index(name), found.methods.index(PLAIN)
            ours = float(found.differences[pair])
            gaps = ((f"{gap:+.4f}", _seeds(found, pair, gap)) for gap in (theirs - plain, ours))
            rows.append((name, str(count), *(text for pair in gaps for text in pair)))
    return Listing(
        f"{case.task}-gaps",
        f"{case.shown}: seeds that a gap to {PLAIN} needs, F1 of {case.minority}",
        "How many seeds would mark a true gap of that size in four of five experiments, on our test set and by what "
        f"the method and {PLAIN} scatter here. Numbers below our own are not printed: with fewer seeds, a "
        "difference would have to be clearer than ours had to be.",
        ("Method", f"Images of {case.minority}", "The paper's gap", "Seeds", "Our gap", "Seeds"),
        tuple(rows),
    )


def _seeds(found: Comparison, pair: tuple[int, int], gap: float) -> str:
    """Say how many seeds; the critical value is that of the seeds that we have, too low a one for fewer."""
    seeds = found.figures.shape[1]
    needed = found.noise_of(*pair).seeds_needed(abs(gap)) if gap else None
    if needed is None:
        return "none: too few test images"
    return str(needed) if needed > seeds else f"{seeds} or fewer"


def _selected(case: Case) -> Listing:
    rows = []
    for method, (epochs, last) in case.selected.items():
        late = sum(epoch == last for epoch in epochs)
        rows.append((method, ", ".join(map(str, epochs)), f"{late} of {len(epochs)}"))
    epochs_run = max((last for _, last in case.selected.values()), default=0)
    return Listing(
        f"{case.task}-epochs",
        f"{case.shown}: which epoch was selected, {min(case.outcomes, default=0)} training images",
        f"By the ACSA on the validation set, one epoch a seed, of {epochs_run} that every method trains. A method "
        "whose last epoch is selected again and again might gain by more: see the controls of equal computation.",
        ("Method", "Selected epochs", "The last one"),
        tuple(rows),
    )


def _priors(case: Case) -> Listing:
    count = min(case.outcomes, default=None)
    outcomes = case.outcomes[count].complete() if count is not None else None
    rows = []
    if count is not None and outcomes is not None and outcomes.methods and outcomes.n_classes == 2:
        shares = np.asarray(case.counts[count])
        confusion = confusion_matrices(outcomes.labels, outcomes.decisions, 2)
        metric = outcomes.metrics[0]
        uniform = np.full(2, 0.5)
        for m, name in enumerate(outcomes.methods):
            at = [
                float(metric.value(at_prior(confusion[m], prior)).mean())
                for prior in (training_prior(shares), uniform, reversed_prior(shares))
            ]
            worst, prior = curve(confusion[m], prior_path(shares), metric.value).worst()
            place = f"{worst:.4f} at {prior[outcomes.minority]:.0%} {case.minority}"
            rows.append((name, *(f"{value:.4f}" for value in at), place))
    return Listing(
        f"{case.task}-priors",
        f"{case.shown}: F1 of {case.minority} if the test set had other shares, {count} training images",
        "Mean over seeds, exact for the decisions as they are; the ACSA does not depend on the shares.",
        ("Method", "As in training", "Equal", "Reversed", "Worst between them"),
        tuple(rows),
    )


def _oracle(case: Case) -> Listing:
    rows = [
        (gap.method, str(gap.place[1]), f"{gap.honest.mean():.4f}", f"{gap.oracle.mean():.4f}", f"{gap.gap:+.4f}")
        for gap in case.gaps
    ]
    return Listing(
        f"{case.task}-oracle",
        f"{case.shown}: what picking the epoch on the test set would have claimed, ACSA",
        "The same trainings, selected on validation images and, as nobody should, on the test images.",
        ("Method", f"Images of {case.minority}", "Honest", "Oracle", "Gap"),
        tuple(rows),
    )


def _controls(case: Case) -> Listing:
    rows = []
    for it in case.controls:
        means = (f"{of[metric].mean():.4f}" for metric in (HEADLINE, "acsa") for of in (it.rival, it.figures))
        rows.append((it.method, f"{it.control}, {it.epochs} epochs", *means))
    return Listing(
        f"{case.task}-controls",
        f"{case.shown}: the same computation spent on a cheap method, {min(case.outcomes, default=0)} training images",
        "Counted operations of training steps, a stage's divided among the fits that use it. Not counted are passes "
        "that translate images for the classifier, and those of ALT's teacher. The control has more selection checks.",
        ("Method", "Control", "F1", "F1 of control", "ACSA", "ACSA of control"),
        tuple(rows),
    )


def _noise(case: Case) -> Listing:
    rows = [
        (it.name, f"{it.sd:.4f}", f"{it.low:.4f} to {it.high:.4f}", str(it.runs), ", ".join(it.methods))
        for it in sorted(case.sources, key=lambda it: -it.sd)
    ]
    outcomes = case.outcomes[min(case.outcomes)].complete() if rows else None
    if outcomes and outcomes.methods:
        rows.append(
            ("test images", f"{np.sqrt(image_variance(outcomes)[-1]):.4f}", "from the stored decisions", "", "all")
        )
    return Listing(
        f"{case.task}-noise",
        f"{case.shown}: standard deviation of the ACSA by source of chance",
        "One source varies, all others are held (`imbench noise`); 95 % interval. A source varies for the methods that "
        "it is part of, so that not all can be compared. Test images: of one run.",
        ("Source", "Standard deviation", "Interval", "Runs", "Methods"),
        tuple(rows),
    )
