"""Distances between two sets of images in a network's features, beside those of real images to real images."""

from __future__ import annotations

import numpy as np

SUBSETS, SUBSET_SIZE = 100, 1000  # of torchmetrics' kernel inception distance


def frechet_distance(features_a: np.ndarray, features_b: np.ndarray) -> float:
    """Return the squared Fréchet distance of two Gaussians with the sets' means and covariances (n - 1).

    |mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2)); Heusel et al. 2017, arXiv:1706.08500. It is FID where the
    features are those of TensorFlow's Inception; values of different networks cannot be compared. With fewer images
    than features it is biased upward, the more the fewer.

    Parameters
    ----------
    features_a, features_b : float (N, D), (M, D)

    Raises
    ------
    ValueError
        A set has fewer than two images.
    """
    (mean_a, root_a), (mean_b, root_b) = _moments(features_a), _moments(features_b)
    # With S_a = A'A and S_b = B'B the square roots of the eigenvalues of S_a S_b are the singular values of A B': no
    # square root of a singular D x D matrix, whose imaginary and rounded parts others have to cut off.
    coupling = float(np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum())
    spread = float((root_a**2).sum() + (root_b**2).sum())
    return float(((mean_a - mean_b) ** 2).sum()) + spread - 2 * coupling


def kernel_distance(
    features_a: np.ndarray,
    features_b: np.ndarray,
    rng: np.random.Generator,
    subset_size: int = SUBSET_SIZE,
    subsets: int = SUBSETS,
) -> float:
    """Return the unbiased squared maximum mean discrepancy with the kernel (x.y / D + 1)^3; it may be negative.

    Binkowski et al. 2018, arXiv:1801.01401. Sets of more than `subset_size` images are replaced by the mean over
    `subsets` random subsets of that size.

    Parameters
    ----------
    features_a, features_b : float (N, D), (M, D)

    Raises
    ------
    ValueError
        A set, or the subset size, is smaller than two.
    """
    a, b = (_checked(features) for features in (features_a, features_b))
    if subset_size < 2:
        raise ValueError("subsets need at least two images")
    if max(len(a), len(b)) <= subset_size:
        return _discrepancy(a, b)

    def subset(features: np.ndarray) -> np.ndarray:
        chosen: np.ndarray = features[rng.permutation(len(features))[:subset_size]]
        return chosen

    return float(np.mean([_discrepancy(subset(a), subset(b)) for _ in range(subsets)]))


def against_real(
    generated: np.ndarray, real: np.ndarray, rng: np.random.Generator, reference: np.ndarray | None = None
) -> dict[str, float]:
    """Compare generated images with real ones, and real ones with others at the same number n of images.

    Both comparisons are with the same n real images, drawn by `rng`: of those kept for this, `reference`, the others
    then being all of `real`; without any, of one half of `real`, the other half being the others. n is the size of the
    smallest set. So the second value is what perfect images would get, bias included.

    Parameters
    ----------
    generated, real, reference : float (N, D), (M, D), (L, D)

    Returns
    -------
    dict
        `fid`, `kid` of generated images, `fid_real`, `kid_real` of other real images, and `n`.

    Raises
    ------
    ValueError
        A set has fewer than two images, or `real` fewer than four where it is halved.
    """
    if reference is None:
        order = rng.permutation(len(real))
        n = min(len(generated), len(real) // 2)
        compared, others = real[order[:n]], real[order[n : 2 * n]]
    else:
        n = min(len(generated), len(real), len(reference))
        compared, others = (images[rng.permutation(len(images))[:n]] for images in (reference, real))
    drawn = generated[rng.permutation(len(generated))[:n]]
    figures = {"n": float(n)}
    for suffix, features in (("", drawn), ("_real", others)):
        figures[f"fid{suffix}"] = frechet_distance(features, compared)
        figures[f"kid{suffix}"] = kernel_distance(features, compared, rng)
    return figures


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (D,) and a matrix R (at most D rows) with R'R the covariance."""
    x = _checked(features)
    mean = x.mean(axis=0)
    root: np.ndarray = np.linalg.qr((x - mean) / np.sqrt(len(x) - 1), mode="r")  # type: ignore[assignment]
    return mean, root


def _discrepancy(a: np.ndarray, b: np.ndarray) -> float:
    within = [_kernel(x, x) for x in (a, b)]
    means = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in within]
    return float(sum(means) - 2 * _kernel(a, b).mean())


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    values: np.ndarray = (a @ b.T / a.shape[1] + 1) ** 3
    return values


def _checked(features: np.ndarray) -> np.ndarray:
    if len(features) < 2:
        raise ValueError(f"a distance needs two images on either side, not {len(features)}")
    return np.asarray(features, dtype=np.float64)
