"""Deletion and insertion: does the decision fall, or rise, as the pixels that a map calls important go or come?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bench.explain.evaluation import BATCH, probabilities

STEPS = 64
KERNEL, SIGMA = 11, 5.0


@dataclass(frozen=True, eq=False)
class DeletionCurve:
    """The explained class's probability while pixels change, most salient first.

    Parameters
    ----------
    share : float64 (T + 1,)
        Share of the pixels that have changed, from 0 to 1.
    probability : float64 (T + 1,)
    """

    share: np.ndarray
    probability: np.ndarray

    @property
    def auc(self) -> float:
        """Area under the curve, 0..1, by the trapezoidal rule."""
        return float(np.trapezoid(self.probability, self.share))


def deletion(model: nn.Module, image: Tensor, saliency: Tensor, label: int, steps: int = STEPS) -> DeletionCurve:
    """Grey the pixels out, most salient first; a good map's area is small.

    Of Petsiuk, Das and Saenko 2018 (arXiv 1806.07421), §4.2. Equally salient pixels change in reading order.

    Parameters
    ----------
    image : float (3, H, W) in [-1, 1], on the model's device
        Deleted pixels become 0, mid-grey.
    saliency : float (H, W)
        Only its order matters.
    label
        Class whose probability is followed.
    steps
        T, in how many equal portions the pixels change.
    """
    return _followed(model, image, torch.zeros_like(image), saliency, label, steps)


def insertion(model: nn.Module, image: Tensor, saliency: Tensor, label: int, steps: int = STEPS) -> DeletionCurve:
    """Bring the pixels of a blurred image back, most salient first; a good map's area is large.

    Parameters are those of `deletion`. The start is blurred by a Gaussian of 11x11 pixels, sigma 5.
    """
    return _followed(model, blurred(image), image, saliency, label, steps)


def blurred(image: Tensor) -> Tensor:
    """Return an image (3, H, W) as insertion starts with it; its border is mirrored, not darkened."""
    from torchvision.transforms.functional import gaussian_blur  # here, for it takes long to import

    soft: Tensor = gaussian_blur(image, [KERNEL, KERNEL], [SIGMA, SIGMA])
    return soft


def _followed(model: nn.Module, start: Tensor, end: Tensor, saliency: Tensor, label: int, steps: int) -> DeletionCurve:
    order = saliency.flatten().argsort(descending=True, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=order.device)
    cuts = torch.linspace(0, len(order), steps + 1, dtype=torch.float64).round().long()
    scores = []
    for some in cuts.split(BATCH):
        changed = rank.view(saliency.shape).to(start.device) < some[:, None, None, None].to(start.device)
        scores.append(probabilities(model, torch.where(changed, end, start))[:, label])
    return DeletionCurve((cuts / len(order)).numpy(), torch.cat(scores).double().cpu().numpy())
