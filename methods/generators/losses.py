"""What generators and discriminators minimise: functions of logits, each a mean over the batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Pair = Callable[[Tensor, Tensor], Tensor]  # of the logits of real images and of fakes, (N, 1) each
SMALLEST = 1e-12  # under a root or a logarithm, whose slope at zero is infinite


def log_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Return -log sigma(real) - log(1 - sigma(fake)) (Goodfellow et al. 2014)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def log_generator(real: Tensor, fake: Tensor) -> Tensor:
    """Return -log sigma(fake), the form that does not saturate."""
    return F.softplus(-fake).mean()


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Return max(0, 1 - real) + max(0, 1 + fake) (Miyato & Koyama 2018)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def hinge_generator(real: Tensor, fake: Tensor) -> Tensor:
    """Return -fake."""
    return -fake.mean()


def relativistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Return -log sigma(real - fake), pair by pair as in Rangwani et al.'s code, not against the other side's mean."""
    return F.softplus(fake - real).mean()


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """Return -log sigma(fake - real), pair by pair."""
    return F.softplus(real - fake).mean()


GAN_LOSSES: dict[str, tuple[Pair, Pair]] = {
    "log": (log_discriminator, log_generator),
    "hinge": (hinge_discriminator, hinge_generator),
    "relativistic": (relativistic_discriminator, relativistic_generator),
}


def called(logits: Tensor, real: bool) -> Tensor:
    """Return the cross-entropy of calling images real, or fake."""
    return F.softplus(-logits if real else logits).mean()


def gradient_penalty(judge: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    """Return the mean of (|gradient of the judge at a point| - 1)^2 (Gulrajani et al. 2017).

    Parameters
    ----------
    judge
        From images (N, 3, H, W) to logits (N, 1); its parameters receive gradients through the penalty.
    points
        Where the gradient is taken.
    """
    points = points.detach().requires_grad_()
    (slopes,) = torch.autograd.grad(judge(points).sum(), points, create_graph=True)
    norms = slopes.flatten(1).square().sum(dim=1).add(SMALLEST).sqrt()
    return (norms - 1).square().mean()


def class_balance(probabilities: Tensor, weights: Tensor) -> Tensor:
    """Return sum_k w_k p_k log p_k, p the batch's mean of a classifier's probabilities (N, K) of fakes.

    With the weights 1/N_k, scaled to sum to K, it is least where the batch makes up for what few fakes were taken for
    (Rangwani et al. 2021, eq. 7, with the weights of their code).
    """
    mean = probabilities.mean(dim=0)
    return (weights * mean * mean.clamp_min(SMALLEST).log()).sum()
