"""What a command line says of a decision, read and applied to a model's facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from bench.errors import UserError
from bench.model.saved import Facts, expression_of
from bench.model.threshold import (
    ROUNDING,
    Effect,
    Paid,
    class_named,
    effects,
    for_costs,
    for_prior,
    for_recall,
    often,
    paid,
    prior_of,
)
from bench.record import Predictions
from bench.training.composition import build
from bench.training.scores import acsa, confusion_matrix, recalls

HIGHEST_COST = 1e12
HARDLY = 0.05  # of a class found, as good as none


def moved(facts: Facts, *, recall: str = "", prior: str = "", cost: str = "") -> tuple[Facts, list[Effect]]:
    """Return the facts with another decision, and what it does to the recall of each class on the test images.

    Raises
    ------
    UserError
        A class does not exist, a number cannot be, or the model holds no predictions to choose by.
    """
    if facts.validation is None or facts.test is None:
        raise UserError("this model holds no predictions of validation and test images to choose by")
    scores, labels = scores_of(facts, facts.validation), facts.validation.labels
    if recall:
        (name, share), *others = _pairs(recall, facts.classes)
        if others:
            raise UserError("a recall is wanted of one class; of several, say what mistakes cost")
        factors = for_recall(class_named(name, facts.classes), share, scores, labels)
    elif prior:
        factors = for_prior(_prior(prior, facts), scores, labels)
    else:
        factors = for_costs(_costs(cost, facts.classes), scores, labels)
    said = f"recall {recall}" if recall else f"prior {prior}" if prior else f"cost {cost}"
    changed = facts.model_copy(update={"factors": tuple(factors.tolist()), "factors_for": said})
    figures = figures_of(facts.classes, decided(changed))
    of_test = scores_of(facts, facts.test), facts.test.labels
    return changed.model_copy(update={"figures": figures}), effects(facts.classes, in_force(facts), factors, *of_test)


def reached(facts: Facts, recall: str) -> str:
    """Return what a recall came to on the validation images that it was chosen on, "" where none was wanted.

    `facts` are those that `moved` returned.
    """
    if not recall or facts.validation is None:
        return ""
    (name, _), labels = _pairs(recall, facts.classes)[0], facts.validation.labels
    label = class_named(name, facts.classes)
    taken = (scores_of(facts, facts.validation) * in_force(facts)).argmax(axis=1)[labels == label]
    return f"; chosen on validation images, of which {int((taken == label).sum())} of {len(taken)} {name} are found"


def wrong_at(told: Facts, facts: Facts, prior: str, rows: Sequence[Effect]) -> list[str]:
    """Return lines on the errors at these shares, before and after, and on each class that the decision gives up.

    Where a class is rare, to give it up may be the fewest errors. `facts` and `rows` are those that `moved` returned
    of `told` for this prior.
    """
    wrong, shares = 1 - np.eye(len(facts.classes)), _prior(prior, facts)
    found = _compared(told, facts, lambda labels: wrong * often(shares, labels)[:, None])
    lines = [_line("error rate at these shares", words, it, digits=4) for words, it in found]
    chosen_on = found[0][1]
    if more := chosen_on.after > chosen_on.before + ROUNDING:
        lines.append(
            "more errors than before on the validation images: --prior assumes that the probabilities are calibrated"
        )
    why = "" if more else "it makes no more errors so at these shares; "
    worth = f"{why}with --cost or --recall one says what a miss is worth"
    return lines + [f"{it.name} is found in {it.after:.0%} of its images: {worth}" for it in rows if it.after < HARDLY]


def in_force(facts: Facts) -> np.ndarray:
    """Return the factors (K,) by which a model decides."""
    return np.asarray(facts.factors or np.ones(len(facts.classes)))


def decided(facts: Facts) -> np.ndarray:
    """Return the test images by true and decided class, int64 (K, K)."""
    assert facts.test is not None
    taken = (scores_of(facts, facts.test) * in_force(facts)).argmax(axis=1)
    return confusion_matrix(facts.test.labels, taken, len(facts.classes))


def figures_of(classes: Sequence[str], confusion: np.ndarray) -> dict[str, float]:
    """Return the figures that a model's facts hold."""
    named = zip(classes, recalls(confusion).tolist(), strict=True)
    return {"balanced accuracy": acsa(confusion)} | {f"recall of {name}": value for name, value in named}


def paid_by(told: Facts, facts: Facts, cost: str) -> list[str]:
    """Return a line for validation and one for test images: what the decision costs, and what it did before.

    `facts` are those that `moved` returned of `told` for this cost.
    """
    costs = _costs(cost, facts.classes)
    return [_line("mean cost", words, it, digits=3) for words, it in _compared(told, facts, lambda _: costs)]


def _compared(told: Facts, facts: Facts, costs: Callable[[np.ndarray], np.ndarray]) -> list[tuple[str, Paid]]:
    """Return for validation and test images, in words, what decisions cost, by costs (K, K) for a part's labels."""
    found = []
    for words, part in (("validation images, by which it was chosen", facts.validation), ("test images", facts.test)):
        assert part is not None
        scores, labels = scores_of(facts, part), part.labels
        found.append((words, paid(costs(labels), in_force(told), in_force(facts), scores, labels)))
    return found


def _line(what: str, words: str, it: Paid, digits: int) -> str:
    before, after, change, low, high = (
        f"{value:{sign}.{digits}f}"
        for value, sign in ((it.before, ""), (it.after, ""), (it.after - it.before, "+"), (it.low, "+"), (it.high, "+"))
    )
    return f"{what} {before}, then {after}, on {it.images} {words}: {change} ({low} to {high})"


def scores_of(facts: Facts, part: Predictions) -> np.ndarray:
    """Return the scores (N, K) by which a model's method decides about a part's images, before the factors."""
    counts = np.asarray(facts.counts)
    method = build(expression_of(facts))
    if facts.validation is not None:
        method = method.tuned(facts.validation.probabilities.array(), facts.validation.labels, counts)
    scores: np.ndarray = method.hook("adjust")(part.probabilities.array(), counts)
    return scores


def _pairs(text: str, classes: Sequence[str]) -> list[tuple[str, float]]:
    """Return names with their numbers, "NAME=NUMBER, NAME=NUMBER"; a class may be called what stands between them."""
    found = []
    for item in _items(text, classes):
        name, equals, value = item.rpartition("=")
        try:
            found.append((name.strip(), float(value)))
        except ValueError:
            equals = ""
        if not equals or not name:
            raise UserError(f"{item.strip()!r} is not of the form NAME=NUMBER")
    return found


def _items(text: str, classes: Sequence[str]) -> list[str]:
    """Return what commas part, but those in the names of classes."""
    names = "|".join(re.escape(name) for name in sorted(classes, key=len, reverse=True))
    pieces = re.split(rf"((?:{names})\s*[:=])|,", text)
    items = [""]
    for piece, parted in zip(pieces[::2], [*pieces[1::2], None], strict=True):
        items[-1] += piece
        if parted is not None:
            items[-1] += parted
        else:
            items.append("")
    return items[:-1]


def _refuse_twice(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{name!r} is named twice")


def _prior(text: str, facts: Facts) -> np.ndarray:
    assert facts.validation is not None
    named = [(class_named(name, facts.classes), share) for name, share in _pairs(text, facts.classes)]
    _refuse_twice([facts.classes[label] for label, _ in named])
    return prior_of(dict(named), facts.validation.labels, len(facts.classes))


def _costs(text: str, classes: tuple[str, ...]) -> np.ndarray:
    costs = 1.0 - np.eye(len(classes))
    named = {f"{true}:{taken}": (i, j) for i, true in enumerate(classes) for j, taken in enumerate(classes)}
    pairs = _pairs(text, classes)
    _refuse_twice([names for names, _ in pairs])
    for names, value in pairs:
        true, colon, taken = (it.strip() for it in names.partition(":"))
        if not colon or not 0 <= value <= HIGHEST_COST:
            raise UserError(
                f"{names}={value:g} is not of the form TRUE:TAKEN=COST with a cost from 0 to {HIGHEST_COST:g}"
            )
        place = named.get(names) or (class_named(true, classes), class_named(taken, classes))
        if place[0] == place[1]:
            raise UserError(f"{names}={value:g}: what is right costs nothing")
        costs[place] = value
    return costs
