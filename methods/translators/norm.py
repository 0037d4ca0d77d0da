"""Instance normalisation with its activation, fast where images are stored channels last on a CPU.

The library's own copies such images to another layout and back. Here each image goes through the batch-norm kernel,
which knows the layout: statistics over one image's pixels are what instance norm is (Ulyanov et al. 2016,
arXiv:1607.08022).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-5
RELU, LINEAR = 0.0, 1.0  # negative slopes


def instance_norm(x: Tensor, slope: float) -> Tensor:
    """Return activation((x - mean) / sqrt(var + 1e-5)) of images (N, C, H, W), mean and var over the pixels of each.

    `slope` is the activation's for negative values: 0 for ReLU, 0.2 for leaky ReLU, 1 for none.
    """
    if x.device.type == "cpu":
        return _ImageByImage.apply(x, slope)  # type: ignore[no-any-return]
    y = F.instance_norm(x, eps=EPSILON)
    return y if slope == LINEAR else F.leaky_relu(y, slope)


class _ImageByImage(torch.autograd.Function):
    """Batch norm of one image after the other, in place activation, statistics in float32."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: float) -> Tensor:
        channels = x.shape[1]
        ones, zeros = torch.ones(channels), torch.zeros(channels)
        y, statistics = torch.empty_like(x), []
        for image, out in zip(x.split(1), y.split(1), strict=True):
            mean, scale = torch.empty(channels), torch.empty(channels)
            torch.ops.aten.native_batch_norm.out(
                image, ones, zeros, None, None, True, 0.0, EPSILON, out=out, save_mean=mean, save_invstd=scale
            )
            statistics += [mean, scale]
        if slope != LINEAR:
            F.leaky_relu_(y, slope)
        ctx.slope = slope
        ctx.save_for_backward(x, y, *statistics)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        x, y, *statistics = ctx.saved_tensors
        gradient = gradients[0]
        if ctx.slope != LINEAR:
            gradient = torch.ops.aten.leaky_relu_backward(gradient, y, ctx.slope, True)
        ones = torch.ones(x.shape[1])
        parts = [
            torch.ops.aten.native_batch_norm_backward(
                g, image, ones, None, None, mean, scale, True, EPSILON, [True, False, False]
            )[0]
            for g, image, mean, scale in zip(
                gradient.split(1), x.split(1), statistics[::2], statistics[1::2], strict=True
            )
        ]
        return (torch.cat(parts) if len(parts) > 1 else parts[0]), None
