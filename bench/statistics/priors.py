"""Priors: what a figure would be if the test set had other shares of the classes, exactly, from the same decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

STEPS = 41


@dataclass(frozen=True)
class Curve:
    """A figure (..., T) of runs (...) under T priors (T, K)."""

    priors: np.ndarray
    values: np.ndarray

    def worst(self) -> tuple[float, np.ndarray]:
        """Return the lowest figure, mean over all runs, and its prior (K,)."""
        means = self.values.reshape(-1, len(self.priors)).mean(axis=0)
        return float(means.min()), self.priors[int(means.argmin())]


def training_prior(counts: np.ndarray) -> np.ndarray:
    """Return the classes' shares (K,) of training counts (K,)."""
    counts = np.asarray(counts, dtype=np.float64)
    shares: np.ndarray = counts / counts.sum()
    return shares


def reversed_prior(counts: np.ndarray) -> np.ndarray:
    """Return the shares (K,) with the rarest class as common as the commonest was, and so on inwards."""
    order = np.argsort(counts, kind="stable")
    shares = np.empty(len(order))
    shares[order] = training_prior(counts)[order[::-1]]
    return shares


def prior_path(counts: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Return priors (steps, K) from the training imbalance over uniform shares, in the middle, to the reverse.

    On the way the logarithms of ratios of shares change evenly. Two classes pass every prior between the ends.

    Raises
    ------
    ValueError
        The steps are too few or even, which would leave out the middle, or a class has no image.
    """
    if steps < 3 or steps % 2 == 0:
        raise ValueError(f"{steps} steps have no middle between two ends")
    start, end = training_prior(counts), reversed_prior(counts)
    if not start.all():
        raise ValueError("a class without training images has no share to reverse")
    t = np.linspace(1, -1, steps)[:, None]
    weights = np.where(t >= 0, start ** np.abs(t), end ** np.abs(t))
    path: np.ndarray = weights / weights.sum(axis=1, keepdims=True)
    return path


def at_prior(confusion: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return confusion matrices (..., K, K) with true class k's images reweighted to a share prior[k], summing to 1.

    A decision does not depend on how many other images of its class there are, so each row keeps its rates: the result
    is exact for a test set of that prior, but for the luck of which images are in it. The recalls, and with them the
    ACSA, stay what they are; precision, F1 and accuracy do not.

    Raises
    ------
    ValueError
        A class that the prior gives a share has no image.
    """
    images = confusion.sum(axis=-1)
    if (images[..., np.asarray(prior) > 0] == 0).any():
        raise ValueError("a class without test images cannot be given a share")
    weights = np.divide(prior, images, out=np.zeros(images.shape), where=images > 0)
    weighted: np.ndarray = confusion * weights[..., None]
    return weighted


def curve(confusion: np.ndarray, priors: np.ndarray, value: Callable[[np.ndarray], np.ndarray]) -> Curve:
    """Return a figure of confusion matrices (..., K, K) under each prior (T, K); `value` is a `Measure`'s."""
    return Curve(priors, np.stack([value(at_prior(confusion, prior)) for prior in priors], axis=-1))
