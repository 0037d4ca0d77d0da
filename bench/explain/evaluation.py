"""Running a classifier as it was tested: in evaluation mode, in batches, without gradients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

BATCH = 50


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Hold a model in evaluation mode, so that dropout draws nothing, and give it back in the mode it had."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def probabilities(model: nn.Module, images: Tensor, batch_size: int = BATCH) -> Tensor:
    """Return class probabilities, float32 (N, K), the softmax of the logits of images (N, 3, H, W) in [-1, 1]."""
    with evaluating(model), torch.inference_mode():
        return torch.cat([model(batch).float().softmax(dim=1) for batch in images.split(batch_size)])
