"""mixup: train on blends of two images, labelled in the same proportion."""

from __future__ import annotations

import torch

from bench.method import Method
from bench.registry import register


@register("mixup", reference="Zhang et al. 2018, arXiv:1710.09412")
class Mixup(Method):
    """Train on lambda x_i + (1 - lambda) x_j with label lambda y_i + (1 - lambda) y_j, lambda ~ Beta(alpha, alpha).

    One lambda for each batch, whose images are blended with those of the same batch in another order. A batch of one
    image is left as it is.
    """

    rebalances = False
    differs_when_balanced = "trains on blends of two images"

    def __init__(self, alpha: float = 1.0) -> None:
        if alpha <= 0:
            raise ValueError(f"alpha = {alpha} must be above 0")
        self.alpha = float(alpha)

    def batch(
        self, images: torch.Tensor, labels: torch.Tensor, rng: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        partner, share = drawn(len(labels), self.alpha, rng)
        label_share = share.expand(len(labels)).to(labels.device)
        return blend(images, labels, partner, share, label_share, len(self.counts.original))


def drawn(size: int, alpha: float, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a partner for each image of a batch, int64 (N,), and the share lambda of its own that it keeps, ()."""
    partner = torch.randperm(size, generator=rng, device=rng.device)
    # What torch.distributions.Beta calls, which takes no generator.
    share = torch._sample_dirichlet(torch.full((2,), alpha, device=rng.device), generator=rng)[0]
    return partner, share


def blend(
    images: torch.Tensor,
    labels: torch.Tensor,
    partner: torch.Tensor,
    share: torch.Tensor,
    label_share: torch.Tensor,
    n_classes: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return images, soft targets and equal weights: `share` of an image, () and `label_share` of its label, (N,)."""
    own = torch.nn.functional.one_hot(labels, n_classes).to(images.dtype)
    targets = label_share[:, None] * own + (1 - label_share[:, None]) * own[partner]
    return share * images + (1 - share) * images[partner], targets, torch.ones(len(labels), device=labels.device)
