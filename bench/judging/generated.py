"""Figures of images made from noise, class by class: what judges take them for, how far from real ones they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.judging.distances import against_real
from bench.judging.figures import Seen
from bench.judging.judge import BATCH, Embedding, Judge
from bench.judging.manifolds import NEIGHBOURS, manifold_figures
from bench.training.sizes import at_size

FEWEST = 50  # real images of a class from which on a distance of its own is told


def generation_figures(
    real: Mapping[int, Tensor],
    generated: Mapping[int, Tensor],
    judges: Sequence[Judge],
    embedding: Embedding,
    rng: np.random.Generator,
    unasked: Tensor | None = None,
    listens: bool = True,
) -> dict[str, float]:
    """Return how good generated images of K classes are, as finite numbers by flat names.

    - `accuracy_to_k/seeds`, `accuracy/seeds`: share of the images asked of class k that judge s takes for k; of all
    - `real_accuracy_of_k/seeds`, `real_accuracy/seeds`: the same of real images
    - `kl/seeds`: KL divergence, in nats, of the labels that judge s gives to images of no class in particular from the
      uniform ones; `kl_real/seeds`: the same of real images, as many of each class
    - `fid`, `kid`, `fid_real`, `kid_real`, `n`: of all classes together, see `bench.judging.distances.against_real`
    - `precision`, `recall`, `density`, `coverage` and their `_real`: likewise, see `bench.judging.manifolds`
    - `kid_to_k`, `fid_to_k`, `n_to_k` and their `_real`: of class k, where it has 50 real images
    - `kid_classes`, `kid_classes_real`: mean over those classes

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
    unasked : float (M, 3, H, W)
        Images as the generator makes them where no class is asked for; where there are none, `generated` of all classes
        together stand for them.
    listens
        False: the generator makes what it likes, so that there are no figures by class.

    Raises
    ------
    ValueError
        There are too few images, or some are not finite.
    """
    seen = Seen()
    figures: dict[str, float] = {}
    for seed, judge in enumerate(judges):
        sides = [("real_accuracy", "real_accuracy_of_", real)]
        sides += [("accuracy", "accuracy_to_", generated)] if listens else []
        for pooled, each, images in sides:
            taken = {k: _labels(judge, seen.features(judge.embedding, images[k])) for k in images}
            right = {k: labels == k for k, labels in taken.items()}
            figures |= {f"{each}{k}/seed{seed}": float(hits.mean()) for k, hits in right.items()}
            figures[f"{pooled}/seed{seed}"] = float(np.concatenate(list(right.values())).mean())
        shown = [*generated.values()] if unasked is None else [unasked]
        for name, several in (("kl", shown), ("kl_real", [*real.values()])):
            labels = [_labels(judge, seen.features(judge.embedding, images)) for images in several]
            figures[f"{name}/seed{seed}"] = from_uniform(np.concatenate(labels), len(generated))
    references = {k: seen.features(embedding, real[k]) for k in real}
    features = {k: seen.features(embedding, generated[k]) for k in generated} if listens or unasked is None else {}
    everything = np.concatenate([*features.values()]) if unasked is None else seen.features(embedding, unasked)
    all_real = np.concatenate([references[k] for k in generated])
    figures |= against_real(everything, all_real, rng)
    if min(len(everything), len(all_real) // 2) > NEIGHBOURS:
        figures |= manifold_figures(everything, all_real, rng)
    for k, made in features.items() if listens else ():
        if len(references[k]) >= FEWEST:
            figures |= {f"{name}_to_{k}": value for name, value in against_real(made, references[k], rng).items()}
    for end in ("", "_real"):
        if by_class := [figures[name] for k in features if (name := f"kid{end}_to_{k}") in figures]:
            figures[f"kid_classes{end}"] = float(np.mean(by_class))
    return figures


def regulariser_figures(classifier: Any, side: int, unasked: Tensor, n_classes: int) -> dict[str, float]:
    """Return `kl_regulariser`: as `kl`, but by the classifier that the generator was trained against.

    So the published code measured it. The generator was taught to please this very classifier, so that the figure says
    little of the images; beside the judges' it shows how much too good it is.

    Parameters
    ----------
    classifier
        From images (N, 3, side, side) in [-1, 1] to logits (N, K), in evaluation mode.
    """
    with torch.no_grad():
        labels = [classifier(at_size(batch, side)).argmax(dim=1).cpu().numpy() for batch in unasked.split(BATCH)]
    return {"kl_regulariser": from_uniform(np.concatenate(labels), n_classes)}


def from_uniform(labels: np.ndarray, n_classes: int) -> float:
    """Return the KL divergence, in nats, of labels (N,) from the uniform ones."""
    shares = np.bincount(labels, minlength=n_classes) / len(labels)
    present = shares[shares > 0]
    return float((present * np.log(present * n_classes)).sum())


def _labels(judge: Judge, features: np.ndarray) -> np.ndarray:
    labels: np.ndarray = judge.probabilities(features).argmax(axis=1)
    return labels
