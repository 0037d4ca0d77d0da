"""Where a generator's noise comes from: N(0, I), the Gaussians of an encoder's latents, or noise kept by class."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from bench.methods.generators.recipe import below

Latents = Callable[[Tensor, torch.Generator], Tensor]  # classes (N,) on the CPU and a stream -> noise (N, L) there
BATCH = 100  # latents at once


def standard(size: int) -> Latents:
    """Return noise from N(0, I), whatever the class."""

    def drawn(labels: Tensor, rng: torch.Generator) -> Tensor:
        return torch.randn(len(labels), size, generator=rng)

    return drawn


class Gaussians:
    """One multivariate normal distribution per class, with full covariance.

    Fewer images than dimensions leave a covariance singular, one image leaves none at all: its square root is taken by
    eigen-decomposition, negative eigenvalues being rounding errors. A class of one image has that image's latent alone.

    Parameters
    ----------
    means : float32 (K, L)
    roots : float32 (K, L, L)
        R with R R^T the covariance.
    """

    def __init__(self, means: Tensor, roots: Tensor) -> None:
        self.means, self.roots = means, roots

    @classmethod
    def fitted(cls, latents: Tensor, labels: Tensor, n_classes: int) -> Gaussians:
        """Return the distributions of latents (N, L) of classes (N,); every class has at least one."""
        groups = [latents[labels == k].double().cpu() for k in range(n_classes)]
        means = torch.stack([group.mean(dim=0) for group in groups])
        roots = torch.stack([_root(group - mean) for group, mean in zip(groups, means, strict=True)])
        return cls(means.float(), roots.float())

    def __call__(self, labels: Tensor, rng: torch.Generator) -> Tensor:
        """Return a latent of each class in `labels`."""
        noise = torch.randn(len(labels), self.means.shape[1], generator=rng)
        drawn = torch.empty_like(noise)
        for k in labels.unique().tolist():
            chosen = labels == k
            drawn[chosen] = self.means[k] + noise[chosen] @ self.roots[k].T
        return drawn

    def state(self) -> dict[str, Tensor]:
        """Return both parameters."""
        return {"gaussians.means": self.means, "gaussians.roots": self.roots}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Gaussians:
        """Return the distributions of a state."""
        kept = below(tensors, "gaussians")
        return cls(kept["means"], kept["roots"])


def _root(deviations: Tensor) -> Tensor:
    """Return R with R R^T the covariance of centred rows (n, L), which divides by n - 1."""
    covariance = deviations.T @ deviations / max(len(deviations) - 1, 1)
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = vectors * values.clamp_min(0).sqrt()
    return root


class Kept:
    """Noise by class: what an unconditional generator made of it, a classifier took for that class.

    One call draws none twice before all of the class were drawn. A class that the classifier never saw has the one
    latent it thought likeliest.

    Parameters
    ----------
    noise : float32 (M, L)
    sizes : int64 (K,)
        How many of them, in order, belong to each class.
    looked
        How many were looked at to find them.
    """

    def __init__(self, noise: Tensor, sizes: Tensor, looked: int = 0) -> None:
        self.noise, self.sizes, self.looked = noise, sizes, looked

    def __call__(self, labels: Tensor, rng: torch.Generator) -> Tensor:
        """Return a latent of each class in `labels`."""
        first = self.sizes.cumsum(0) - self.sizes
        order = torch.randperm(len(self.noise), generator=rng)
        drawn = torch.empty(len(labels), self.noise.shape[1])
        for k in labels.unique().tolist():
            own = order[(order >= first[k]) & (order < first[k] + self.sizes[k])]
            (chosen,) = torch.nonzero(labels == k, as_tuple=True)
            drawn[chosen] = self.noise[own.repeat(-(-len(chosen) // len(own)))[: len(chosen)]]
        return drawn

    @classmethod
    def searched(
        cls,
        generator: nn.Module,
        classifier: Callable[[Tensor], Tensor],
        size: int,
        n_classes: int,
        each: int,
        most: int,
        rng: torch.Generator,
        device: torch.device,
    ) -> Kept:
        """Draw noise until `each` latents of every class are found, or `most` were looked at."""
        found: list[list[Tensor]] = [[] for _ in range(n_classes)]
        likeliest, best = torch.zeros(n_classes, size), torch.full((n_classes,), -1.0)
        looked = 0
        while looked < most and min(map(len, found)) < each:
            noise = torch.randn(BATCH, size, generator=rng)
            with torch.no_grad():
                images = generator(noise.to(device), torch.zeros(BATCH, dtype=torch.int64, device=device))
                probabilities = classifier(images).softmax(dim=1).cpu()
            for row, k in zip(noise, probabilities.argmax(dim=1).tolist(), strict=True):
                if len(found[k]) < each:
                    found[k].append(row)
            top, where = probabilities.max(dim=0)
            better = top > best
            best[better], likeliest[better] = top[better], noise[where[better]]
            looked += BATCH
        rows = [kept or [likeliest[k]] for k, kept in enumerate(found)]
        sizes = torch.tensor([len(kept) for kept in rows])
        return cls(torch.stack([row for kept in rows for row in kept]), sizes, looked)

    def state(self) -> dict[str, Tensor]:
        """Return both parameters."""
        return {"kept.noise": self.noise, "kept.sizes": self.sizes}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Kept:
        """Return the noise of a state."""
        held = below(tensors, "kept")
        return cls(held["noise"], held["sizes"])
