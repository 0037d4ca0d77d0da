"""Grad-CAM: where the classifier found what speaks for its decision, at the resolution of one of its layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.explain.evaluation import BATCH, evaluating
from bench.networks.layers.classifier import Classifier


def grad_cam(model: Classifier, images: Tensor, classes: Tensor | None = None, batch_size: int = BATCH) -> Tensor:
    """Return heat maps, float32 (N, H, W) in 0..1, for the pre-softmax logit of one class each.

    ReLU(sum_k alpha_k A^k) with alpha_k = mean_ij dy_c / dA^k_ij (Selvaraju et al. 2017, doi:10.1109/ICCV.2017.74),
    enlarged bilinearly and stretched to 0..1 image by image. A map without any positive evidence is 0 everywhere.

    A is the layer that the network names, after its activation. Of the paper's CNN it is what enters the 5th
    convolution: the 4th's output after norm and leaky ReLU (512 maps of 31x31 in the paper's protocol). The 5th has a
    single map, so that alpha would be one number. The 4th's output before its norm would give nothing at all: instance
    norm ignores a map's mean, so the mean of its gradient is 0 for every k.

    Parameters
    ----------
    images : float (N, 3, H, W) in [-1, 1], on the model's device
    classes : int64 (N,)
        Class to explain; default: the predicted one.
    """
    chosen = [None] * len(images.split(batch_size)) if classes is None else classes.split(batch_size)
    with evaluating(model), torch.enable_grad():
        batches = zip(images.split(batch_size), chosen, strict=True)
        maps = torch.cat([_evidence(model, batch, labels) for batch, labels in batches])
    large = F.interpolate(maps[:, None], size=images.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
    return _stretched(large)


def _evidence(model: Classifier, images: Tensor, classes: Tensor | None) -> Tensor:
    normed, logits = _run(model, images)
    classes = logits.argmax(dim=1) if classes is None else classes
    # No image's logit depends on another image, so the sum's gradient is each image's own.
    (gradient,) = torch.autograd.grad(logits.gather(1, classes[:, None]).sum(), normed)
    # The leaky ReLU is a function, where no hook can be; its slope takes the gradient to its far side.
    slope = torch.where(normed > 0, 1.0, model.explained()[1])
    activations, gradient = normed.detach() * slope, gradient / slope
    alpha = gradient.mean(dim=(2, 3), keepdim=True)
    return (alpha * activations).sum(dim=1).relu().float()


def _run(model: Classifier, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the explained layer's maps, (n, C, h, w), and the logits (n, K) as a function of them."""
    leaves: list[Tensor] = []

    def cut(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        # The graph begins here: it needs no memory for the layers before, and no weight that asks for a gradient.
        leaves.append(output.detach().requires_grad_())
        return leaves[-1]

    hook = model.explained()[0].register_forward_hook(cut)
    try:
        logits = model(images)
    finally:
        hook.remove()
    return leaves[-1], logits  # of the last call, where the same activation stands in several places


def _stretched(maps: Tensor) -> Tensor:
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return torch.where(high > low, (maps - low) / (high - low), torch.zeros_like(maps))
