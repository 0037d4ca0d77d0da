"""One generator, one discriminator and one encoder, built from a blueprint's list of layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.methods.generators.blueprints import Blueprint, Layer
from bench.methods.generators.layers import (
    ConditionalNorm,
    SameConvolution,
    SeededDropout,
    initialised,
    spectrally_normed,
)

Told = Literal["nothing", "product", "norm"]  # how a generator is told the class
Asked = Literal["nothing", "projection", "product"]  # how a discriminator is
EMBEDDED = 512  # numbers of a class that BAGAN-GP's discriminator reads; as many in its layer before the last


class ImageGenerator(nn.Module):
    """From noise (N, latent) and classes (N,) to images in [-1, 1].

    Parameters
    ----------
    told
        `product`: the noise is multiplied by an embedding of the class; `norm`: batch norms are those of the class.
    """

    def __init__(self, blueprint: Blueprint, size: int, width: float, n_classes: int, told: Told) -> None:
        super().__init__()
        plan = blueprint.generator(size, width)
        dense, maps = ([it for it in plan if (it.kind == "dense") == wanted] for wanted in (True, False))
        self.first_slope, self.slope, self.told = blueprint.first_slope, blueprint.slope, told
        self.side, self.enlarged = blueprint.start(size), tuple(layer.enlarged for layer in maps)
        self.embedding = nn.Embedding(n_classes, blueprint.latent) if told == "product" else None
        self.dense = nn.ModuleList(nn.Linear(it.inputs, it.outputs, bias=blueprint.bias) for it in dense)
        self.maps = nn.ModuleList(_convolution(layer, blueprint.bias) for layer in maps)
        self.norms = nn.ModuleList(_norm(blueprint, it.outputs, n_classes, told) for it in maps[:-1])

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Return images (N, 3, S, S), float32."""
        x = noise * self.embedding(labels) if self.embedding is not None else noise
        for layer in self.dense[:-1]:
            x = F.leaky_relu(layer(x), self.slope)
        x = F.leaky_relu(self.dense[-1](x), self.first_slope)
        x = x.unflatten(1, (-1, self.side, self.side)).contiguous(memory_format=torch.channels_last)
        for layer, norm, enlarged in zip(self.maps, self.norms, self.enlarged, strict=False):
            x = layer(_doubled(x) if enlarged else x)
            x = norm(x, labels) if self.told == "norm" else norm(x)
            x = F.leaky_relu(x, self.slope)
        return torch.tanh(self.maps[-1](_doubled(x) if self.enlarged[-1] else x))


class Trunk(nn.Module):
    """The convolutions that discriminator and encoder share, each with a leaky ReLU and dropout, then features."""

    def __init__(self, blueprint: Blueprint, size: int, width: float) -> None:
        super().__init__()
        self.slope, self.pooled = blueprint.judge_slope, blueprint.pooled
        self.layers = nn.ModuleList(_convolution(layer, True) for layer in blueprint.trunk(size, width))
        self.dropout = SeededDropout(blueprint.dropout)

    def forward(self, images: Tensor) -> Tensor:
        """Return features (N, D)."""
        x = images
        for layer in self.layers:
            x = self.dropout(F.leaky_relu(layer(x), self.slope))
        return x.sum(dim=(2, 3)) if self.pooled else x.contiguous().flatten(1)


class Encoder(nn.Module):
    """From images to as many numbers as the generator has of noise."""

    def __init__(self, blueprint: Blueprint, size: int, width: float) -> None:
        super().__init__()
        self.trunk, self.slope = Trunk(blueprint, size, width), blueprint.code_slope
        self.last = nn.Linear(blueprint.features(size, width), blueprint.latent)

    def forward(self, images: Tensor) -> Tensor:
        """Return latents (N, latent)."""
        return F.leaky_relu(self.last(self.trunk(images)), self.slope)


class ImageDiscriminator(nn.Module):
    """From images, and classes where it is asked about them, to logits (N, outputs).

    Parameters
    ----------
    asked
        `projection`: the inner product of features and class is added (Miyato & Koyama 2018); `product`: features are
        multiplied by an embedding of the class, under one more layer (BAGAN-GP).
    """

    def __init__(
        self, blueprint: Blueprint, size: int, width: float, n_classes: int, outputs: int, asked: Asked
    ) -> None:
        super().__init__()
        self.trunk, self.asked = Trunk(blueprint, size, width), asked
        features = blueprint.features(size, width)
        self.last = nn.Linear(EMBEDDED if asked == "product" else features, outputs)
        if asked == "projection":
            self.embedding = nn.Embedding(n_classes, features)
        elif asked == "product":
            self.embedding = nn.Embedding(n_classes, EMBEDDED)
            self.widened = nn.Linear(EMBEDDED, features)
            self.joined = nn.Linear(features, EMBEDDED)
            self.slope = blueprint.judge_slope

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return logits."""
        features = self.trunk(images)
        if self.asked == "product":
            features = self.joined(features * F.leaky_relu(self.widened(self.embedding(labels)), self.slope))
        logits: Tensor = self.last(features)
        if self.asked == "projection":
            logits = logits + (self.embedding(labels) * features).sum(dim=1, keepdim=True)
        return logits


def drawn_generator(
    blueprint: Blueprint, size: int, width: float, n_classes: int, told: Told, rng: torch.Generator
) -> ImageGenerator:
    """Return a generator with the weights that its blueprint starts from."""
    network = ImageGenerator(blueprint, size, width, n_classes, told)
    initialised(network, blueprint.dense_start, blueprint.generator_start, rng)
    return network


def drawn_encoder(blueprint: Blueprint, size: int, width: float, rng: torch.Generator) -> Encoder:
    """Return an encoder with the weights that its blueprint starts from."""
    network = Encoder(blueprint, size, width)
    initialised(network, blueprint.dense_start, blueprint.judge_start, rng)
    return network


def drawn_discriminator(
    blueprint: Blueprint,
    size: int,
    width: float,
    n_classes: int,
    rng: torch.Generator,
    outputs: int = 1,
    asked: Asked = "nothing",
    trunk: Mapping[str, Tensor] | None = None,
) -> ImageDiscriminator:
    """Return a discriminator with the weights that its blueprint starts from, spectrally normed where it is.

    Its convolutions start from `trunk` where there is one, an encoder's.
    """
    network = ImageDiscriminator(blueprint, size, width, n_classes, outputs, asked)
    initialised(network, blueprint.dense_start, blueprint.judge_start, rng)
    if trunk is not None:
        network.trunk.load_state_dict(dict(trunk))
    if blueprint.spectral:
        spectrally_normed(network, rng)
    return network


def _convolution(layer: Layer, bias: bool) -> nn.Module:
    if layer.kind == "transposed":
        return nn.ConvTranspose2d(layer.inputs, layer.outputs, layer.kernel, layer.stride, padding=1, bias=bias)
    return SameConvolution(layer.inputs, layer.outputs, layer.kernel, layer.stride, bias=bias)


def _norm(blueprint: Blueprint, filters: int, n_classes: int, told: Told) -> nn.Module:
    if blueprint.batch_norm is None:
        if told == "norm":
            raise ValueError("this blueprint has no norm that could tell the class")
        return nn.Identity()
    epsilon, momentum = blueprint.batch_norm
    if told == "norm":
        return ConditionalNorm(filters, n_classes, epsilon, momentum)
    return nn.BatchNorm2d(filters, eps=epsilon, momentum=momentum)


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
