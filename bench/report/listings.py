"""Listings: what stands behind the numbers of a dataset, as plain tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from bench.report.by_class import class_confusion, class_counts, class_figures, class_shares
from bench.report.figure import number
from bench.report.listings_compared import floors, over_all_places, published_gaps
from bench.report.report import Cells, Listing
from bench.report.second import second_opinions
from bench.report.subject import Subject
from bench.statistics.confusion import Measure, confusion_matrices
from bench.statistics.noise import image_variance
from bench.statistics.outcomes import Outcomes
from bench.statistics.priors import at_prior, curve, prior_path, reversed_prior, training_prior


def listings(subject: Subject) -> Iterator[Listing]:
    """Give the tables of one dataset; one that has no rows is left out."""
    makers: tuple[Callable[[Subject], Listing], ...] = (
        *(class_counts, class_figures, class_confusion, class_shares),
        *(over_all_places, floors, published_gaps, _selected, _priors),
        *(_oracle, _controls, _noise, second_opinions),
    )
    for make in makers:
        if (found := make(subject)).rows:
            yield found


def prior_measure(outcomes: Outcomes) -> Measure | None:
    """Return the figure that depends on the classes' shares: F1 of the minority of two classes, else the macro F1."""
    return next((it for it in outcomes.metrics if it.name in ("f1_minority", "macro_f1")), None)


def _selected(subject: Subject) -> Listing:
    there = subject.frame[subject.frame["place"] == subject.rarest].dropna(subset=["selected_epoch", "epochs"])
    rows: list[Cells] = []
    protocols = [subject.records[id].identity["protocol"] for id in subject.ids(subject.rarest)]
    none_is_selected = all(it["selection"] == "last" for it in protocols)
    for method, cells in () if none_is_selected else there.groupby("method", sort=False):
        epochs, last = sorted(map(int, cells["selected_epoch"])), int(cells["epochs"].max())
        late = sum(epoch == last for epoch in epochs)
        rows.append((str(method), ", ".join(map(str, epochs)), f"{late} of {len(epochs)}"))
    run = int(there["epochs"].max()) if rows else 0
    return Listing(
        f"{subject.task}-epochs",
        f"{subject.shown}: which epoch was selected, {subject.text(subject.rarest)} training images",
        f"By the ACSA on the validation set, one epoch a seed, of {run} that every method trains. A method "
        "whose last epoch is selected again and again might gain by more: see the controls of equal computation.",
        ("Method", "Selected epochs", "The last one"),
        tuple(rows),
    )


def _priors(subject: Subject) -> Listing:
    outcomes = subject.outcomes[subject.rarest].complete()
    measure, rows = prior_measure(outcomes), list[Cells]()
    if measure is not None and outcomes.methods and np.bincount(outcomes.labels, minlength=outcomes.n_classes).all():
        shares, k = np.asarray(subject.cell.counts), outcomes.n_classes
        confusion = confusion_matrices(outcomes.labels, outcomes.decisions, k)
        for m, name in enumerate(outcomes.methods):
            ids = subject.ids(subject.rarest, name)
            at = [
                number(float(measure.value(at_prior(confusion[m], prior)).mean()), ids)
                for prior in (training_prior(shares), np.full(k, 1 / k), reversed_prior(shares))
            ]
            worst, prior = curve(confusion[m], prior_path(shares), measure.value).worst()
            share = prior[outcomes.minority]
            place = number(worst, ids, f"{worst:.4f} at {share:.{0 if share > 0.01 else 1}%} {subject.minority}")
            rows.append((name, *at, place))
    figure = f"F1 of {subject.minority}" if subject.of_two else "macro F1"
    return Listing(
        f"{subject.task}-priors",
        f"{subject.shown}: {figure} if the test set had other shares, {subject.text(subject.rarest)} training images",
        "Mean over seeds, exact for the decisions as they are; the ACSA does not depend on the shares."
        + ("" if subject.of_two else " Between these, all shares move together; named is that of the rarest class."),
        ("Method", "As in training", "Equal", "Reversed", "Worst between them"),
        tuple(rows),
    )


def _oracle(subject: Subject) -> Listing:
    rows = [
        (
            it.spot.method,
            subject.text(it.spot.place),
            number(float(it.honest.mean()), it.records),
            number(float(it.oracle.mean()), it.records),
            number(it.gap, it.records, f"{it.gap:+.4f}"),
        )
        for it in subject.gaps
    ]
    return Listing(
        f"{subject.task}-oracle",
        f"{subject.shown}: what picking the epoch on the test set would have claimed, ACSA",
        "The same trainings on one processor, selected on validation images and, as nobody should, on test images.",
        ("Method", subject.stub, "Honest", "Oracle", "Gap"),
        tuple(rows),
    )


def _controls(subject: Subject) -> Listing:
    first = "F1" if subject.of_two else "Macro F1"
    names = (subject.headline if subject.of_two else "macro_f1", "acsa")
    rows: list[Cells] = [
        (
            it.spot.method,
            f"{it.control}, {it.epochs} epochs",
            *(number(float(of[name].mean()), it.records) for name in names for of in (it.rival, it.figures)),
        )
        for it in subject.controls
    ]
    return Listing(
        f"{subject.task}-controls",
        f"{subject.shown}: the same computation spent on a cheaper method, "
        f"{subject.text(subject.rarest)} training images",
        "Counted operations of training steps, a stage's divided among the fits that use it. Not counted are passes "
        "that translate images for the classifier in its steps, and those of a teacher. The control has more selection "
        "checks; one that rests on a stage trains on its own for more epochs. Both were made on one processor.",
        ("Method", "Control", first, f"{first} of control", "ACSA", "ACSA of control"),
        tuple(rows),
    )


def _noise(subject: Subject) -> Listing:
    rows: list[Cells] = [
        (
            it.name,
            number(it.sd, it.records),
            f"{it.low:.4f} to {it.high:.4f}",
            str(it.runs),
            ", ".join(it.methods),
        )
        for it in sorted(subject.chances, key=lambda it: -it.sd)
    ]
    outcomes = subject.outcomes[subject.rarest].complete()
    if rows and outcomes.methods:
        acsa = [it.name for it in outcomes.metrics].index("acsa")
        sd = number(float(np.sqrt(image_variance(outcomes)[acsa])), subject.ids(subject.rarest))
        rows.append(("test images", sd, "from the stored decisions", "", "all"))
    return Listing(
        f"{subject.task}-noise",
        f"{subject.shown}: standard deviation of the ACSA by source of chance",
        "One source varies, all others are held (`imbench noise`), on one processor; 95 % interval. A source varies "
        "for the methods that it is part of, so that not all can be compared. Rounding: the same fit on other numbers "
        "of threads. Test images: of one run.",
        ("Source", "Standard deviation", "Interval", "Runs", "Methods"),
        tuple(rows),
    )
