"""Figures of generated images: which class judges see in them, how far from real ones they are, which are copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from scipy.stats import rankdata
from torch import Tensor

from bench.judging.distances import against_real
from bench.judging.judge import Embedding, Judge
from bench.judging.similarity import diversity, nearest

PAIRS = 1000  # of images, for diversity


def translation_figures(
    real: Mapping[int, Tensor],
    translated: Mapping[int, Tensor],
    judges: Sequence[Judge],
    embedding: Embedding,
    rng: np.random.Generator,
    controls: Mapping[str, Mapping[int, Tensor]] = MappingProxyType({}),
    seen: Seen | None = None,
    reference: Mapping[int, Tensor] = MappingProxyType({}),
) -> dict[str, float]:
    """Return how well images were translated into each class k, as finite numbers by flat names.

    - `accuracy_to_k/seeds`: share of the images translated into k that judge s takes for k
    - `accuracy/seeds`: the same over all translated images; near one half it may hide 1 and 0 by direction
    - `real_accuracy_of_k/seeds`, `real_accuracy/seeds`: share of real images that judge s recognises
    - `fid_to_k`, `kid_to_k`: Fréchet and kernel distance of images translated into k from n real images of k, those of
      `reference` where there are some
    - `fid_real_to_k`, `kid_real_to_k`: that of n other real images of k, what perfect translations would get
    - `n_to_k`: this n, see `bench.judging.distances.against_real`
    - `auc_to_k/seeds`: chance that judge s finds an image translated into k more like k than one that is yet to be
      translated; it knows no threshold, so judges agree on it where they do not on shares
    - `accuracy_NAME_k/seeds`, `accuracy_NAME/seeds`: share of a control's images that judge s takes for k

    Parameters
    ----------
    real : float (N_k, 3, H, W) by class
        Real images in [-1, 1] that neither the judges nor the translator learned from, at least four of a class.
    translated : float (M_k, 3, H, W) by target class
        Images of other classes, translated into k; at least two.
    judges
        One for each seed, in the order of seeds.
    embedding
        Whose features distances are measured in: `judge.pretrained`, the same for every translator.
    rng
        Draws the real images of either side.
    controls
        By name, images of class k that a translator should leave as they are: `same` (given to the network that makes
        k), `back` (translated and back).
    seen
        Features that are known already, to be shared with `translation_answers`.
    reference
        Other real images, by class, that distances are measured from; no judge is asked about them.

    Raises
    ------
    ValueError
        There are too few images, or some are not finite.
    """
    figures: dict[str, float] = {}
    seen = seen or Seen()
    named = {"accuracy": ("accuracy_to_", translated), "real_accuracy": ("real_accuracy_of_", real)}
    named |= {f"accuracy_{name}": (f"accuracy_{name}_", images) for name, images in controls.items()}
    for seed, judge in enumerate(judges):
        for pooled, (each, images) in named.items():
            right = {k: _right(judge, seen.features(judge.embedding, images[k]), k) for k in sorted(images)}
            figures |= {f"{each}{k}/seed{seed}": float(hits.mean()) for k, hits in right.items()}
            figures[f"{pooled}/seed{seed}"] = float(np.concatenate(list(right.values())).mean())
        for k in sorted(translated):
            after, before = (
                judge.probabilities(seen.features(judge.embedding, images))[:, k]
                for images in (translated[k], *(real[other] for other in real if other != k))
            )
            figures[f"auc_to_{k}/seed{seed}"] = _wins(after, before)
    for k in sorted(translated):
        sets = [seen.features(embedding, images[k]) for images in (translated, real, reference) if k in images]
        figures |= {f"{name}_to_{k}": value for name, value in against_real(*sets[:2], rng, *sets[2:]).items()}  # type: ignore[call-arg, arg-type]
    return figures


def memorisation_figures(
    generated: Tensor, training: Tensor, real: Tensor, rng: np.random.Generator
) -> dict[str, float]:
    """Return whether generated images of a class copy its training images, or one another, by structural similarity.

    - `nearest`, `nearest_real`: mean similarity of a generated (a real, unseen) image to the training image most
      like it; copies show as `nearest` far above `nearest_real`
    - `nearest_top`, `nearest_top_real`: 95th percentile of the same, where a few copies show
    - `diversity`, `diversity_real`: mean similarity of up to 1000 pairs; a collapsed generator's is far above

    Parameters
    ----------
    generated, training, real : float (., 3, H, W)
        Images of one class in [-1, 1], at least two generated and two real ones, reduced to 64 pixels; what the
        generator was trained on; and real ones it never saw.

    Raises
    ------
    ValueError
        There are too few images.
    """
    figures: dict[str, float] = {}
    for suffix, images in (("", generated), ("_real", real)):
        values = nearest(images, training).cpu().numpy()
        figures[f"nearest{suffix}"] = float(values.mean())
        figures[f"nearest_top{suffix}"] = float(np.quantile(values, 0.95))
        figures[f"diversity{suffix}"] = diversity(images, PAIRS, rng)
    return figures


def translation_answers(translated: Mapping[int, Tensor], judges: Sequence[Judge], seen: Seen) -> dict[str, np.ndarray]:
    """Return what judges say image by image: `to_k` is P(k) of those translated to k, float32 (judges, images)."""
    return {
        f"to_{k}": np.stack([judge.probabilities(seen.features(judge.embedding, images))[:, k] for judge in judges])
        for k, images in sorted(translated.items())
    }


class Seen:
    """Features by embedding and images: all that judge by a published body look at every image once."""

    def __init__(self) -> None:
        self._features: dict[tuple[int | str, int], np.ndarray] = {}

    def features(self, embedding: Embedding, images: Tensor) -> np.ndarray:
        body: int | str = embedding.body.architecture.name if embedding.published else id(embedding)
        key = (body, id(images))
        if key not in self._features:
            self._features[key] = embedding(images)
        return self._features[key]


def _right(judge: Judge, features: np.ndarray, label: int) -> np.ndarray:
    hits: np.ndarray = judge.probabilities(features).argmax(axis=1) == label
    return hits


def _wins(after: np.ndarray, before: np.ndarray) -> float:
    """Return the chance that one of `after` is above one of `before`; a tie counts half."""
    ranks = rankdata(np.concatenate([after, before]))[: len(after)]
    return float((ranks.sum() - len(after) * (len(after) + 1) / 2) / (len(after) * len(before)))
