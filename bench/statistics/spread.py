"""Spread: how far the mean figures of one column's methods could lie apart by the luck of seeds and test images.

Seeds and test images cross: each seed's run judges every image. As in the analysis of many readers who judge many
cases (Gallas 2006, doi:10.1016/j.acra.2005.11.030), the variance of a mean over both is

    (variance over seeds) / S  +  (variance over images of the seeds' mean)  -  (what both of these count)

where the last term is the chance part: how a run's luck varies from image to image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.statistics.outcomes import Runs


@dataclass(frozen=True)
class Spread:
    """Variances behind the means of G metrics and M methods over S seeds, of differences between methods only.

    What all methods share (a hard image, a lucky seed) cancels in a difference and is in none of these.

    Attributes
    ----------
    means : float (G, M)
    seeds
        S.
    over_seeds : float (G, M)
        Variance of a single run over seeds, pooled over methods as far as they agree, see `pooled`.
    freedom
        Degrees of freedom behind a method's variance: S - 1 over the part that is its own, infinite if all agree.
    chance : float (G, M)
        The part of it that comes from the run's luck with each image, which `over_images` holds as well.
    over_images : float (G, M, G, M)
        Covariance of the means from the draw of the test images, within classes.
    alike : float (G, G)
        Correlation of the metrics over seeds.
    """

    means: np.ndarray
    seeds: int
    over_seeds: np.ndarray
    freedom: float
    chance: np.ndarray
    over_images: np.ndarray
    alike: np.ndarray

    def of_difference(self) -> np.ndarray:
        """Return the variance of the difference between any two means, float64 (G, M, M)."""
        over_seeds, chance = ((it[:, :, None] + it[:, None, :]) / self.seeds for it in (self.over_seeds, self.chance))
        return crossed(over_seeds, self.images_of_difference(), chance)

    def images_of_difference(self) -> np.ndarray:
        """Return the part of it that comes from the draw of the test images, float64 (G, M, M)."""
        within = np.einsum("gmgn->gmn", self.over_images)
        own = np.einsum("gmm->gm", within)
        variance: np.ndarray = np.maximum(own[:, :, None] + own[:, None, :] - 2 * within, 0.0)
        return variance

    def of_runs(self, metric: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what `Noise` asks for of each two methods, float64 (M, M): variances by training and by images."""
        single, chance = self.over_seeds[metric], self.chance[metric] / self.seeds
        images = self.images_of_difference()[metric] - chance[:, None] - chance
        return single[:, None] + single, np.maximum(images, 0.0)

    def typical(self, metric: int) -> tuple[float, float]:
        """Return what `Noise` asks for of a typical pair of this column's methods."""
        shared = 2 * float(self.chance[metric].mean()) / self.seeds
        methods = self.means.shape[1]
        images = float(self.images_of_difference()[metric].sum()) / (methods * (methods - 1))
        return 2 * float(self.over_seeds[metric].mean()), max(images - shared, 0.0)


def spread(runs: Runs) -> Spread:
    """Return the spread of a column.

    Raises
    ------
    ValueError
        There are fewer than two methods or two seeds.
    """
    if not runs.comparable:
        raise ValueError("a spread needs two methods and two seeds")
    seeds = runs.figures.shape[2]
    deviations = residuals(runs.figures)
    raw, freedom = variances(deviations, seeds - 1), seeds - 1
    own = float(credibility(raw, freedom))
    over_images, chance = _image_parts(runs)
    return Spread(
        means=runs.figures.mean(axis=-1),
        seeds=seeds,
        over_seeds=pooled(raw, freedom),
        freedom=freedom / own if own else np.inf,
        chance=chance,
        over_images=over_images,
        alike=_alike(deviations),
    )


def residuals(values: np.ndarray) -> np.ndarray:
    """Return values (..., M, S) less the means of their method and of their seed."""
    return centred(centred(values, -1), -2)


def variances(deviations: np.ndarray, freedom: int) -> np.ndarray:
    """Return the variance over seeds of each method, (..., M), from residuals (..., M, S); unbiased where all agree."""
    methods = deviations.shape[-2]
    found: np.ndarray = (deviations**2).sum(axis=-1) / freedom * methods / (methods - 1)
    return found


def pooled(raw: np.ndarray, freedom: int) -> np.ndarray:
    """Move the variances of M methods, (G, ..., M) with that many degrees of freedom each, towards their mean.

    A method that collapses for some seeds then neither passes for a steady one nor hides what the steady ones show.
    With one variance for all, methods of equal means of which a few scatter three times as far as the others would be
    called different in a quarter of all stores (`benchmarks/false_alarms.py` has such stores).
    """
    mean = raw.mean(axis=-1, keepdims=True)
    moved: np.ndarray = mean + credibility(raw, freedom)[..., None] * (raw - mean)
    return moved


def credibility(raw: np.ndarray, freedom: int) -> np.ndarray:
    """Return how much of its own each variance keeps when pooled, 0 to 1 and one for all metrics: (G, ..., M) to (...).

    The best linear weight (Bühlmann 1967, doi:10.1017/S0515036100008989): 0 if the variances differ no more than
    samples of one variance would, and the more the farther they differ beyond that.
    """
    mean = raw.mean(axis=-1)
    ratio = np.divide((raw**2).mean(axis=-1), mean**2, out=np.ones_like(mean), where=mean > 0)
    true = np.maximum(ratio.mean(axis=0) / (1 + 2 / freedom) - 1, 0.0)  # squared coefficient of variation
    own: np.ndarray = true / (true + 2 / freedom * (1 + true))
    return own


def crossed(over_seeds: np.ndarray, over_images: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return the variance of a mean over seeds and images from that over either, and the chance part that both hold.

    The chance part is no larger than either in truth. Where an estimate says otherwise, as of two methods that decide
    all but alike, the larger of the two is left: what is taken off twice would leave nothing.
    """
    variance: np.ndarray = np.maximum(over_seeds + over_images - chance, np.maximum(over_seeds, over_images))
    return variance


def training_part(over_seeds: np.ndarray, chance: np.ndarray, seeds: int) -> np.ndarray:
    """Return the variance of a mean over seeds that would be left if the test images were without number."""
    variance: np.ndarray = np.maximum(over_seeds - chance, 0.0) / seeds
    return variance


def _image_parts(runs: Runs) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance of the means over test images, (G, M, G, M), and the chance part of a run, (G, M)."""
    influences = centred(runs.influences, 1)
    metrics, methods, seeds, _ = influences.shape
    covariance, chance = np.zeros((metrics, methods, metrics, methods)), np.zeros((metrics, methods))
    for k in np.unique(runs.labels):
        mine = centred(influences[..., runs.labels == k], -1)
        images = mine.shape[-1]
        if images < 2:
            continue  # of a single image nothing varies that could be seen
        means = mine.mean(axis=2)
        covariance += np.einsum("gmi,hni->gmhn", means, means) * images / (images - 1)
        rest = mine - means[:, :, None]
        chance += (rest**2).sum(axis=(-2, -1)) * images / ((images - 1) * (seeds - 1))
    return covariance, chance * methods / (methods - 1)


def _alike(deviations: np.ndarray) -> np.ndarray:
    """Return how the metrics (G, M, S) move together over seeds, a correlation matrix (G, G)."""
    flat = deviations.reshape(len(deviations), -1)
    scale = np.sqrt((flat**2).sum(axis=1))
    unit = np.divide(flat, scale[:, None], out=np.zeros_like(flat), where=scale[:, None] > 0)
    correlation: np.ndarray = unit @ unit.T
    np.fill_diagonal(correlation, 1.0)
    return correlation


def centred(values: np.ndarray, axis: int) -> np.ndarray:
    """Return values less their mean along the axis."""
    deviations: np.ndarray = values - values.mean(axis=axis, keepdims=True)
    return deviations
