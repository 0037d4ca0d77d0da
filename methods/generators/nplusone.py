"""BAGAN's adversarial training: a discriminator of n + 1 classes, the last of them "fake" (Mariani et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from bench.images import ImageSet
from bench.methods.generators.latents import Gaussians
from bench.methods.generators.networks import drawn_discriminator, drawn_generator
from bench.methods.generators.recipe import Dice, Recipe
from bench.methods.generators.reconstruction import TrainedAutoencoder
from bench.methods.generators.settings import BaganSettings
from bench.streams import Streams
from bench.training.device import Device


class NPlusOne(Recipe):
    """Generator from decoder, discriminator from encoder; the generator wants its images taken for the class meant."""

    def __init__(
        self,
        settings: BaganSettings,
        autoencoder: TrainedAutoencoder,
        train: ImageSet,
        streams: Streams,
        device: Device,
    ) -> None:
        shape, rng = autoencoder.shape, streams.torch("stage", use="initialisation")
        common = (shape.blueprint, shape.size, shape.width, shape.n_classes)
        generator = drawn_generator(*common, "nothing", rng)
        trunk = autoencoder.trunk if settings.autoencoder_start else None
        discriminator = drawn_discriminator(*common, rng, outputs=shape.n_classes + 1, trunk=trunk)
        if settings.autoencoder_start:
            autoencoder.start(generator)
        self.gaussians: Gaussians = autoencoder.gaussians(train)
        self.fake = shape.n_classes
        self.shares = fake_shares(torch.from_numpy(train.counts), settings.fake_labels)
        super().__init__(settings, {"generator": generator, "discriminator": discriminator}, device)

    def step(self, images: Tensor, labels: Tensor, number: int, dice: Dice) -> Tensor:
        judge = self.networks["discriminator"]
        self.free("discriminator")
        shown, classes = self.shown(images, labels, dice)
        judged = self.descend(F.cross_entropy(judge(shown, classes), classes), "discriminator")
        self.free("generator")
        made, wanted = self._fakes(len(shown), dice)
        loss = self.descend(F.cross_entropy(judge(made, wanted), wanted), "generator")
        return torch.stack([loss, judged])

    def shown(self, images: Tensor, labels: Tensor, dice: Dice) -> tuple[Tensor, Tensor]:
        """Return what the discriminator sees: N real images, N / n fakes (rounded up), with the classes to name."""
        with torch.no_grad():
            fakes, wanted = self._fakes(-(-len(images) // self.fake), dice)
        return torch.cat([images, fakes]), torch.cat([labels, torch.full_like(wanted, self.fake)])

    def _fakes(self, count: int, dice: Dice) -> tuple[Tensor, Tensor]:
        wanted = dice.labels(count, self.shares)
        latents = self.gaussians(wanted.cpu(), dice.cpu).to(self.device.torch)
        return self.networks["generator"](latents, wanted), wanted

    def artifact(self) -> dict[str, Tensor]:
        return super().artifact() | self.gaussians.state()


def fake_shares(counts: Tensor, how: str) -> Tensor:
    """Return the shares of classes among fakes, (K,): all alike, or max(0, 2 / K - share of the class), scaled."""
    alike = torch.full((len(counts),), 1 / len(counts))
    if how == "uniform":
        return alike
    wanted = (2 * alike - counts / counts.sum()).clamp_min(0)
    return wanted / wanted.sum()
