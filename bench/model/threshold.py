"""Another decision for the same model: chosen on validation probabilities, its effect shown on the test images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import normalize

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax
from scipy.stats import binomtest

from bench.errors import UserError, unknown

ROUNDING = 1e-9  # of sums and products that are whole numbers, or equal, on paper
SLOPES = (0.05, 20.0)  # of a calibration's exponent
HELD = 1e-3  # by which a calibration is held where nothing speaks for it, beside a mean cross-entropy
FURTHEST = 50.0  # logarithm of a factor: beyond, a class is always or never taken
FINITE = 700.0  # logarithm of a factor that 64 bits still hold


@dataclass(frozen=True)
class Effect:
    """Recall of one class before and after, each with its 95 % interval (Wilson), and how many images it has."""

    name: str
    before: float
    after: float
    low: float
    high: float
    images: int


@dataclass(frozen=True)
class Paid:
    """Mean cost of an image before and after, with the 95 % interval of the change (normal, paired by image)."""

    before: float
    after: float
    low: float
    high: float
    images: int


def paid(costs: np.ndarray, was: np.ndarray, now: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> Paid:
    """Return what decisions cost, by costs (K, K) of taking one class for another, with the factors (K,) of each."""
    before, after = (costs[labels, (scores * it).argmax(axis=1)] for it in (was, now))
    change = after - before
    margin = 1.96 * float(change.std(ddof=1)) / np.sqrt(len(change)) if len(change) > 1 else np.inf
    middle = float(change.mean())
    return Paid(float(before.mean()), float(after.mean()), middle - margin, middle + margin, len(labels))


def class_named(name: str, classes: tuple[str, ...]) -> int:
    """Return a class's label; accents may be coded in another way than in its name.

    Raises
    ------
    UserError
        There is no such class.
    """
    if name in classes:
        return classes.index(name)
    if len(alike := [k for k, it in enumerate(classes) if normalize("NFC", it) == normalize("NFC", name)]) == 1:
        return alike[0]
    raise UserError(unknown("class", name, classes))


def prior_of(shares: Mapping[int, float], labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the share of each class (K,) where some are given; the others divide the rest as they do among labels.

    Raises
    ------
    UserError
        The shares are not between 0 and 1, or leave nothing for the others.
    """
    now = np.bincount(labels, minlength=classes) / len(labels)
    rest = 1 - sum(shares.values())
    others = [k for k in range(classes) if k not in shares]
    if any(not 0 < share < 1 for share in shares.values()) or (others and rest <= ROUNDING):
        raise UserError("shares lie between 0 and 1 and leave something for the other classes")
    if not others and abs(rest) > ROUNDING:
        raise UserError(f"the shares of all {classes} classes are 1 together, not {1 - rest:g}")
    return np.array([shares.get(k, rest * now[k] / max(now[others].sum(), 1e-12)) for k in range(classes)])


def often(prior: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how often an image of each class (K,) counts, on average once, at the shares of a prior (K,)."""
    times = prior / np.maximum(np.bincount(labels, minlength=len(prior)), 1e-9)
    weighed: np.ndarray = times / times[labels].mean()
    return weighed


def for_prior(prior: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return factors (K,) for images among which the classes have the shares of a prior (K,).

    Scores are posteriors under no known prior: a method may have rebalanced what it was trained on. So the factors, and
    an exponent of all scores, are those of highest likelihood on the validation images, each weighted as often as
    its class will come: bias-corrected temperature scaling, Alexandari et al. 2020, arXiv 1901.06852, whose decision
    is the one of the largest posterior under these shares, as far as scores so scaled are posteriors.
    """
    return _calibrated(scores, labels, often(prior, labels))


def _calibrated(scores: np.ndarray, labels: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return factors (K,) of highest likelihood where an image of class k counts times[k] times.

    That of the class with the most images is one.
    """
    rows, logs = np.arange(len(labels)), np.log(np.maximum(scores.astype(np.float64), 1e-12))
    weights = times[labels] / times[labels].sum()
    start = np.array([1.0, *np.log(times)])

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        told = log_softmax(at[0] * logs + at[1:], axis=1)
        away = np.exp(told)
        away[rows, labels] -= 1
        away *= weights[:, None]
        slope = np.array([(away * logs).sum(), *away.sum(axis=0)])
        held = at - start
        return float(-(weights * told[rows, labels]).sum() + HELD * (held**2).sum()), slope + 2 * HELD * held

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[SLOPES, *[(None, None)] * scores.shape[1]]).x
    moves = found[1:] / found[0]
    factors: np.ndarray = np.exp(np.clip(moves - moves[np.bincount(labels).argmax()], -FURTHEST, FURTHEST))
    return factors


def for_recall(label: int, wanted: float, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return factors (K,) under which a class's recall on the validation images is at least what is wanted.

    The smallest factor of that class that does, so that the others lose as little as can be.

    Raises
    ------
    UserError
        The recall is not above 0 and at most 1, there is no image of the class, or its probability is 0 for too many.
    """
    mine = scores[labels == label].astype(np.float64)  # in 32 bits a factor would be rounded onto the very boundary
    if not 0 < wanted <= 1 or not len(mine):
        raise UserError("a recall lies above 0 and is at most 1, of a class that has validation images")
    others = np.delete(mine, label, axis=1).max(axis=1)
    # The factor from which on each image is found; above 0 also for those that no other class is thought of for.
    needed = np.sort(np.maximum(others, 1e-12) / np.maximum(mine[:, label], 1e-60))
    images = max(int(np.ceil(wanted * len(mine) - ROUNDING)), 1)
    factor = needed[images - 1] * (1 + 1e-9)
    factors = np.ones(scores.shape[1])
    factors[label] = factor
    if ((mine * factors).argmax(axis=1) == label).sum() < images:
        never = int((mine[:, label] == 0).sum())
        raise UserError(f"no threshold finds so many: {never} of {len(mine)} validation images have a probability of 0")
    return factors


def for_costs(costs: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return factors (K,) with the lowest cost on the validation images; of more than two classes, found one by one.

    Of factors that cost the same, the one nearest to 1 is taken.

    Parameters
    ----------
    costs : float (K, K)
        Of taking an image of class i (row) for class j (column); 0 on the diagonal.
    """
    factors = np.ones(scores.shape[1])
    for _ in range(3 if len(factors) > 2 else 1):
        for k in range(len(factors) - (len(factors) == 2)):
            needed, rivals = _needed(k, factors, scores)
            order = needed.argsort()
            change = (costs[labels, k] - costs[labels, rivals])[order]
            tried = np.append(_between(needed), 0.0 if np.abs(needed).min() > ROUNDING else [])
            paid_more = np.append(0.0, change.cumsum())[needed[order].searchsorted(tried)]
            rounded = np.finfo(float).eps * np.abs(change).sum()
            best = tried[paid_more <= paid_more.min() + rounded]
            factors[k] = np.exp(best[np.abs(best).argmin()])
    return factors


def trials(label: int, factors: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return factors (T,) of one class, ascending, one for each decision about these images that any factor makes."""
    found: np.ndarray = np.exp(_between(_needed(label, factors, scores)[0]))
    return found


def _needed(label: int, factors: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the logarithm of the factor (N,) from which on each image is taken for a class, and what it is else (N,).

    It is infinite where no factor takes the image for that class, or any does.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # the logarithm of a probability of 0
        logs = np.log(scores.astype(np.float64))
        others = logs + np.log(factors)
        others[:, label] = -np.inf
        return others.max(axis=1) - logs[:, label], others.argmax(axis=1)


def _between(needed: np.ndarray) -> np.ndarray:
    """Return logarithms of factors, ascending: between all that images need (N,), and beyond both ends."""
    ends = np.unique(needed[np.isfinite(needed)])
    if not len(ends):
        return np.zeros(1)
    middles = ((ends[1:] + ends[:-1]) / 2)[np.diff(ends) > ROUNDING]
    return np.concatenate([[ends[0] - 1], middles, [ends[-1] + 1]]).clip(-FINITE, FINITE)


def effects(
    classes: tuple[str, ...], was: np.ndarray, now: np.ndarray, scores: np.ndarray, labels: np.ndarray
) -> list[Effect]:
    """Return what a change of factors (K,) does to the recall of each class on images with scores (N, K)."""
    before, after = ((scores * factors).argmax(axis=1) for factors in (was, now))
    found = []
    for k, name in enumerate(classes):
        mine = labels == k
        if not mine.any():
            continue
        hits = int((after[mine] == k).sum())
        interval = binomtest(hits, int(mine.sum())).proportion_ci(method="wilson")
        recall, then = float((before[mine] == k).mean()), hits / int(mine.sum())
        found.append(Effect(name, recall, then, float(interval.low), float(interval.high), int(mine.sum())))
    return found
