"""The one training loop: the steps of an epoch, and which epoch counts in the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench.errors import TrainingDiverged

Batch = TypeVar("Batch")


def run_epoch(
    epoch: int, model: nn.Module, batches: Iterable[Batch], step: Callable[[Batch], tuple[Tensor, int]]
) -> float:
    """Take a step on every batch in training mode; return the mean loss of an image.

    Layers of batch normalisation whose weights are held keep their statistics, too.

    Parameters
    ----------
    epoch
        Its number, counted from 1, for the error's text.
    step
        Updates the weights on one batch; returns the mean loss of its images and how many they are.

    Raises
    ------
    TrainingDiverged
        The loss or a weight became NaN or infinite.
    """
    model.train()
    for layer in model.modules():
        if isinstance(layer, _BatchNorm) and layer.affine and not layer.weight.requires_grad:
            layer.eval()
    total, images = torch.zeros(()), 0
    for batch in batches:
        loss, size = step(batch)
        total = total.to(loss.device) + loss.detach() * size
        images += size
    # The last step's harm does not show in any loss yet, but in the weights.
    whole = all(bool(weights.isfinite().all()) for weights in model.parameters())
    mean = float(total) / images if whole else float("nan")
    if not math.isfinite(mean):
        raise TrainingDiverged(epoch, mean)
    return mean


class Best:
    """The weights of the best epoch so far: by balanced accuracy on the images that select, ties by cross-entropy."""

    def __init__(self) -> None:
        self.epoch = 0  # none yet
        self.weights: dict[str, Tensor] = {}
        self._rank = (-math.inf, -math.inf)

    def offer(self, epoch: int, model: nn.Module, score: float, cross_entropy: float, always: bool = False) -> None:
        """Remember a copy of the weights if the epoch is the best so far, or `always`."""
        rank = (round(score, 12), -cross_entropy)  # equal recalls in another order may differ in the last bit
        if not self.epoch or always or rank > self._rank:
            self._rank, self.epoch = rank, epoch
            self.weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
