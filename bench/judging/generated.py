"""Figures of images made from noise, class by class: what judges take them for, how far from real ones they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from bench.judging.distances import against_real
from bench.judging.figures import Seen
from bench.judging.judge import Embedding, Judge

FEWEST = 50  # real images of a class from which on a distance of its own is told


def generation_figures(
    real: Mapping[int, Tensor],
    generated: Mapping[int, Tensor],
    judges: Sequence[Judge],
    embedding: Embedding,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Return how good generated images of K classes are, as finite numbers by flat names.

    - `accuracy_to_k/seeds`, `accuracy/seeds`: share of the images asked of class k that judge s takes for k; of all
    - `real_accuracy_of_k/seeds`, `real_accuracy/seeds`: the same of real images
    - `kl/seeds`: KL divergence, in nats, of the labels that judge s gives to all generated images from the uniform ones
    - `fid`, `kid`, `fid_real`, `kid_real`, `n`: of all classes together, see `bench.judging.distances.against_real`
    - `kid_to_k`, `fid_to_k`, `n_to_k` and their `_real`: of class k, where it has 50 real images

    Parameters
    ----------
    real, generated : float (N_k, 3, H, W) by class
        Images in [-1, 1]; real ones that neither judges nor generator learned from, as many generated of each class.
    judges
        One for each seed, in the order of seeds.
    embedding
        Whose features distances are measured in.
    rng
        Draws the real images of either side.

    Raises
    ------
    ValueError
        There are too few images, or some are not finite.
    """
    seen = Seen()
    figures: dict[str, float] = {}
    for seed, judge in enumerate(judges):
        for pooled, each, images in (
            ("accuracy", "accuracy_to_", generated),
            ("real_accuracy", "real_accuracy_of_", real),
        ):
            taken = {k: judge.probabilities(seen.features(judge.embedding, images[k])).argmax(axis=1) for k in images}
            right = {k: labels == k for k, labels in taken.items()}
            figures |= {f"{each}{k}/seed{seed}": float(hits.mean()) for k, hits in right.items()}
            figures[f"{pooled}/seed{seed}"] = float(np.concatenate(list(right.values())).mean())
            if images is generated:
                figures[f"kl/seed{seed}"] = _from_uniform(np.concatenate(list(taken.values())), len(generated))
    features = {k: (seen.features(embedding, generated[k]), seen.features(embedding, real[k])) for k in generated}
    everything = [np.concatenate(side) for side in zip(*features.values(), strict=True)]
    figures |= against_real(everything[0], everything[1], rng)
    for k, (made, reference) in features.items():
        if len(reference) >= FEWEST:
            figures |= {f"{name}_to_{k}": value for name, value in against_real(made, reference, rng).items()}
    return figures


def _from_uniform(labels: np.ndarray, classes: int) -> float:
    shares = np.bincount(labels, minlength=classes) / len(labels)
    present = shares[shares > 0]
    return float((present * np.log(present * classes)).sum())
