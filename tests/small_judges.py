"""Builders of judges that learn in a moment: quick settings, striped images, a tiny network."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from builders import CPU, tiny
from torch import Tensor, nn

from bench import registry
from bench.images import ImageSet
from bench.judging.finetune import Tuned, finetune
from bench.judging.judge import Embedding, Judge
from bench.judging.settings import Settings
from bench.networks.pretrained import Pretrained, pretrained_named
from bench.streams import Streams

registry.load()
QUICK = {"network": "small", "epochs": 4, "batch_size": 8, "learning_rate": 0.05}


def settings(**fields: Any) -> Settings:
    return Settings(**(QUICK | fields))


def striped(counts: tuple[int, ...], side: int = 20, seed: int = 0) -> ImageSet:
    """Return noisy stripes: label 0 lies, label 1 stands; `counts[k]` of class k."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    wave = torch.sin(torch.arange(side) * 1.5).expand(side, side)
    clean = torch.stack([wave if label else wave.T for label in labels])[:, None]
    noisy = clean + 0.5 * torch.randn(len(labels), 3, side, side, generator=rng)
    return ImageSet.of(((noisy + 2) * 64).clamp(0, 255).to(torch.uint8), labels, len(counts))


def floats(images: ImageSet) -> Tensor:
    """Return all images of a set as floats in [-1, 1]."""
    return images.batch(torch.arange(len(images)))[0].float() * (2 / 255) - 1


def tuned(seed: int = 0, **fields: Any) -> Tuned:
    with CPU.session(tiny()):
        return finetune(striped((12, 12)), striped((6, 6), seed=1), settings(**fields), Streams.of(seed), CPU)


class TinyNormed(nn.Module):
    """One convolution with batch normalisation, and an auxiliary branch."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        features = self.norm(self.convolution(x)).relu().mean(dim=(2, 3))
        return (features, features[:, :2]) if self.training else (features,)


class Normed(Pretrained):
    """A network around it, as if its weights were published."""

    input_size, widths = 8, (4, 2)
    mean, std = (0.4, 0.4, 0.4), (0.2, 0.2, 0.2)

    def body_layers(self) -> nn.Module:
        return TinyNormed()

    def body_weights(self, rng: torch.Generator | None = None) -> dict[str, Tensor]:
        return tiny_state()


def tiny_state() -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(0)
    convolution, norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
    state = {f"convolution.{k}": torch.randn(v.shape, generator=rng) for k, v in convolution.state_dict().items()}
    return state | {f"norm.{k}": v for k, v in norm.state_dict().items()}


class Brightness(Embedding):
    """Two features, mean and deviation of an image's pixels; `looked` counts the images that were looked at."""

    looked = 0

    def __call__(self, images: Tensor) -> np.ndarray:
        Brightness.looked += len(images)
        flat = images.flatten(1)
        return torch.stack([flat.mean(dim=1), flat.std(dim=1)], dim=1).numpy()


def bright(n: int, level: float, seed: int = 0) -> Tensor:
    return level + 0.1 * torch.randn(n, 3, 16, 16, generator=torch.Generator().manual_seed(seed))


def brightness(published: bool = True) -> Brightness:
    return Brightness(pretrained_named("small").body(), CPU, published)


def brightness_judge(embedding: Embedding) -> Judge:
    """Take bright images for class 1, dark ones for class 0."""
    return Judge(embedding, torch.tensor([[-1.0, 0.0], [1.0, 0.0]]), torch.zeros(2))
