"""Manifolds: how much of one set of images lies where another does, by balls around each image's nearest fellows."""

from __future__ import annotations

import numpy as np

NEAREST = 3  # fellows that a ball reaches to, for precision and recall (Kynkäänniemi et al. 2019)
NEIGHBOURS = 5  # for density and coverage (Naeem et al. 2020)


def manifold_figures(generated: np.ndarray, real: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """Return what share of generated images is among real ones and the other way round, and the same of real images.

    - `precision`: share of generated images inside some ball around a real one, which reaches to its 3rd nearest real
    - `recall`: share of real images inside some ball around a generated one, likewise; low where images lack variety
    - `density`: real balls (to the 5th nearest) that a generated image lies in, as a share of 5; may exceed 1
    - `coverage`: share of real balls (to the 5th nearest) that hold a generated image; low where modes are missing

    Each with `_real` after it for other real images in place of generated ones. All sets have the same n images, the
    number of generated ones or half of the real ones, whichever is smaller. Kynkäänniemi et al. 2019, arXiv:1904.06991;
    Naeem et al. 2020, arXiv:2002.09797.

    Parameters
    ----------
    generated, real : float (N, D), (M, D)

    Raises
    ------
    ValueError
        Either side has too few images for five neighbours.
    """
    n = min(len(generated), len(real) // 2)
    if n <= NEIGHBOURS:
        raise ValueError(f"balls around images need {NEIGHBOURS + 1} images on either side, not {n}")
    order = rng.permutation(len(real))
    reference, others = real[order[:n]], real[order[n : 2 * n]]
    drawn = generated[rng.permutation(len(generated))[:n]]
    within = _distances(reference, reference)
    small, large = _radii(within, NEAREST), _radii(within, NEIGHBOURS)
    figures: dict[str, float] = {}
    for suffix, features in (("", drawn), ("_real", others)):
        between = _distances(reference, features)  # real images down, generated ones across
        fellows = _radii(_distances(features, features), NEAREST)
        inside = between <= large[:, None]
        figures[f"precision{suffix}"] = float((between <= small[:, None]).any(axis=0).mean())
        figures[f"recall{suffix}"] = float((between <= fellows[None, :]).any(axis=1).mean())
        figures[f"density{suffix}"] = float(inside.sum() / (NEIGHBOURS * n))
        figures[f"coverage{suffix}"] = float(inside.any(axis=1).mean())
    return figures


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return squared Euclidean distances, float64 (N, M)."""
    x, y = (np.asarray(features, dtype=np.float64) for features in (a, b))
    squares: np.ndarray = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None, :] - 2 * x @ y.T
    return squares.clip(min=0)


def _radii(squares: np.ndarray, k: int) -> np.ndarray:
    """Return the squared distance to the k-th nearest other, float64 (N,), from those within one set."""
    apart = squares.copy()
    np.fill_diagonal(apart, np.inf)
    radii: np.ndarray = np.partition(apart, k - 1, axis=1)[:, k - 1]
    return radii
