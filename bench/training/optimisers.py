"""Optimisers and the course of the learning rate, as the protocol names them."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn

from bench.protocol import Protocol


def optimiser(protocol: Protocol, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Return the protocol's optimiser of some parameters."""
    rate, decay, betas = protocol.learning_rate, protocol.weight_decay, (protocol.beta1, protocol.beta2)
    if protocol.optimiser == "sgd":
        return torch.optim.SGD(parameters, rate, protocol.momentum, weight_decay=decay, fused=True)
    kind = torch.optim.AdamW if protocol.optimiser == "adamw" else torch.optim.Adam
    return kind(parameters, rate, betas, weight_decay=decay, fused=True)


def rate(protocol: Protocol, progress: float) -> float:
    """Return the learning rate after a share of training, 0 <= progress < 1.

    Linear warm-up from zero first; then constant, half a cosine to zero (Loshchilov & Hutter 2017, arXiv:1608.03983),
    or lowered in steps.
    """
    top, warm = protocol.learning_rate, protocol.warmup
    if progress < warm:
        return top * progress / warm
    if protocol.schedule == "cosine":
        return top * 0.5 * (1 + math.cos(math.pi * (progress - warm) / (1 - warm)))
    if protocol.schedule == "steps":
        return float(top * protocol.step_factor ** sum(progress >= at for at in protocol.steps))
    return top
