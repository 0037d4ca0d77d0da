"""BAGAN-GP's adversarial training: a conditional GAN with gradient penalty (Huang & Jafari 2021, arXiv:2011.00189)."""

from __future__ import annotations

import torch
from torch import Tensor

from bench.methods.generators.losses import called, gradient_penalty
from bench.methods.generators.networks import drawn_discriminator, drawn_generator
from bench.methods.generators.recipe import Dice, Recipe
from bench.methods.generators.reconstruction import TrainedAutoencoder
from bench.methods.generators.settings import BaganGPSettings
from bench.streams import Streams
from bench.training.device import Device


class Penalised(Recipe):
    """G(z, y) = Dec(z * Emb(y)); the discriminator also learns to refuse a real image with a wrong class."""

    def __init__(
        self, settings: BaganGPSettings, autoencoder: TrainedAutoencoder, streams: Streams, device: Device
    ) -> None:
        shape, rng = autoencoder.shape, streams.torch("stage", use="initialisation")
        common = (shape.blueprint, shape.size, shape.width, shape.n_classes)
        generator = drawn_generator(*common, "product", rng)
        trunk = autoencoder.trunk if settings.autoencoder_start and settings.version == "v3" else None
        discriminator = drawn_discriminator(*common, rng, asked="product", trunk=trunk)
        if settings.autoencoder_start:
            autoencoder.start(generator)
        self.settings, self.latent = settings, shape.blueprint.latent
        self.uniform = torch.full((shape.n_classes,), 1 / shape.n_classes)
        super().__init__(settings, {"generator": generator, "discriminator": discriminator}, device)

    def step(self, images: Tensor, labels: Tensor, number: int, dice: Dice) -> Tensor:
        self.free("discriminator")
        for _ in range(self.settings.discriminator_steps):
            judged = self.descend(self.discriminator_loss(images, labels, dice), "discriminator")
        self.free("generator")
        made, classes = self._fakes(labels, dice)
        loss = called(self.networks["discriminator"](made, classes), real=True)
        return torch.stack([self.descend(loss, "generator"), judged])

    def discriminator_loss(self, images: Tensor, labels: Tensor, dice: Dice) -> Tensor:
        """Return eq. 12 (v1) or 14 with the penalty, whose points are judged with the real images' classes."""
        judge = self.networks["discriminator"]
        with torch.no_grad():  # batch norms use, and take in, the batch's statistics here too
            fakes, classes = self._fakes(labels, dice)
        wrong = dice.labels(len(labels), self.uniform)  # may be the right one, as published
        loss = called(judge(images, labels), real=True) + called(judge(fakes, classes), real=False)
        loss = loss + called(judge(images, wrong), real=False)
        draw = dice.uniform if self.settings.interpolation == "uniform" else dice.normal
        points = images + draw(len(images), 1, 1, 1) * (fakes - images)
        return loss + self.settings.lambda_gradient * gradient_penalty(lambda it: judge(it, labels), points)

    def _fakes(self, labels: Tensor, dice: Dice) -> tuple[Tensor, Tensor]:
        classes = labels if self.settings.version == "v1" else dice.labels(len(labels), self.uniform)
        made: Tensor = self.networks["generator"](dice.normal(len(labels), self.latent), classes)
        return made, classes
